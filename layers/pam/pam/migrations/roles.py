"""The password of the role that the functions connect as: it is in a secret, never in a migration."""

import psycopg
from psycopg import sql

APP_ROLE = "pam_app"


def set_app_password(owner_conninfo: str, password: str) -> None:
    """Set the role's password to that of its secret. Needs the role, which the first migration creates."""
    with psycopg.connect(owner_conninfo) as connection:
        connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(APP_ROLE), sql.Literal(password)))
