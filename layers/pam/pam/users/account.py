"""The deletion of a user, with every row of theirs."""

from uuid import UUID

from pam.platform.postgres import Connection


def delete_user(connection: Connection, user_id: UUID) -> bool:
    """Delete the row of a user, which all of their other rows refer to; return whether there was one."""
    return bool(connection.execute("delete from users where id = %s", (user_id,)).rowcount)
