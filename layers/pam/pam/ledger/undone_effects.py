"""Writes that a user has undone since their last question in a conversation, which its next prompt mentions."""

from uuid import UUID

from psycopg import Cursor

from pam.platform.postgres import Connection, Row

_SELECT_UNDONE = """
select told ->> 'text' as text from effects
 where user_id = %(user)s
   and undone_at > coalesce((select max(created_at) from messages
                              where user_id = %(user)s and conversation_id = %(conversation)s),
                            (select created_at from conversations
                              where user_id = %(user)s and id = %(conversation)s))
   and told ->> 'text' is not null
 order by undone_at desc limit %(most)s
"""


def send_undone_query(connection: Connection, user_id: UUID, conversation_id: UUID, most: int) -> Cursor[Row]:
    """Send the query of the newest undone writes; a row has the `text` that was reported of the write."""
    return connection.execute(_SELECT_UNDONE, {"user": user_id, "conversation": conversation_id, "most": most})
