"""The password of the role that the functions connect as: it lives in a secret, never in a migration."""

import psycopg
from psycopg import sql

APP_ROLE = "pam_app"


def set_app_password(owner_conninfo: str, password: str) -> None:
    """Makes the database accept the secret's password. Runs after the migrations, as the owner."""
    with psycopg.connect(owner_conninfo) as connection:
        connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(APP_ROLE), sql.Literal(password)))
