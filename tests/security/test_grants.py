"""The app's role has the grants for writing that the code's SQL uses, and no others."""

import re
import uuid
from collections.abc import Iterator
from typing import NamedTuple

import psycopg
import pytest
import sqlglot
from sqlglot import exp

from local.code_statements import statements
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database

_PLACEHOLDER = re.compile(r"%\(\w+\)s|%s")


class Grant(NamedTuple):
    """A privilege on a table, or on one column of it."""

    privilege: str
    table: str
    column: str | None = None


def grants_of(sql: str) -> Iterator[Grant]:
    """Yield the grants for writing that a statement needs; a lock of rows needs some column that may be updated."""
    tree = sqlglot.parse_one(_PLACEHOLDER.sub("null", sql), read="postgres")
    for insert in tree.find_all(exp.Insert):
        for column in insert.this.expressions:
            yield Grant("INSERT", insert.this.this.name, column.name)
        for assignment in insert.args["conflict"].expressions if insert.args.get("conflict") else ():
            yield Grant("UPDATE", insert.this.this.name, assignment.this.name)
    for update in tree.find_all(exp.Update):
        for assignment in update.expressions:
            yield Grant("UPDATE", update.this.name, assignment.this.name)
    for delete in tree.find_all(exp.Delete):
        yield Grant("DELETE", delete.this.name)
    if list(tree.find_all(exp.Lock)):
        yield Grant("LOCK", next(tree.find_all(exp.Table)).name)


def used_grants() -> set[Grant]:
    """Return what the code's statements need. Where rows are only locked, the key may be updated, to itself."""
    used = {grant for sql in statements() for grant in grants_of(sql)}
    locked = {grant.table for grant in used if grant.privilege == "LOCK"}
    updated = {grant.table for grant in used if grant.privilege == "UPDATE"}
    return {grant for grant in used if grant.privilege != "LOCK"} | {
        Grant("UPDATE", table, "id") for table in locked - updated
    }


def given_grants(owner: psycopg.Connection) -> set[Grant]:
    """Return the grants for more than reading in the database: inserts and updates by column, the rest by table."""
    tables = owner.execute(
        "select privilege_type, table_name from information_schema.table_privileges"
        " where grantee in ('pam_app', 'PUBLIC') and table_schema = 'public'"
        "   and privilege_type not in ('SELECT', 'INSERT', 'UPDATE')"
    ).fetchall()
    columns = owner.execute(
        "select privilege_type, table_name, column_name from information_schema.column_privileges"
        " where grantee in ('pam_app', 'PUBLIC') and table_schema = 'public' and privilege_type in ('INSERT', 'UPDATE')"
    ).fetchall()
    return {Grant(*row) for row in (*tables, *columns)}


def test_grants_are_those_that_the_code_uses(owner: psycopg.Connection) -> None:
    """None is missing and none is left over, for each column that is written. All of a user's rows may be read."""
    used, given = used_grants(), given_grants(owner)
    assert len(used) > 80
    assert (used - given, given - used) == (set(), set())


@pytest.mark.parametrize(
    "statement",
    [
        "delete from effects",
        "delete from lost_turns",
        "delete from turns",
        "update messages set position = 0",
        "update messages set turn_id = gen_random_uuid()",
        "update notes set note = 'x'",
        "update exchanges set content = 'x'",
        "update conversations set profile = 'x'",
        "delete from exchange_words",
        "update turns set cost_microdollars = 0",
        "update effects set done_at = now()",
        "update effects set tool = 'x'",
        "update vehicles set user_id = gen_random_uuid()",
        "update vehicles set created_at = now()",
        "update fuel_log set odometer_km = 0",
        "update maintenance_records set odometer_km = 0",
        "update savings set amount = 1",
        "update users set simulated = false",
        "update users set created_at = now()",
        "update users set name = 'x'",
        "update friendships set requested_at = now()",
        "insert into users (id, simulated) values (%(user)s, true)",
        "insert into direct_messages (sender_id, recipient_id, sent_at) values (%(user)s, %(user)s, '2020-1-1')",
        "update direct_messages set sent_at = '2020-1-1'",
        "update public_profiles set user_id = gen_random_uuid()",
        "truncate expenses",
        "create temporary table expenses (id int)",
        "create table public.more (id int)",
        "create function public.more() returns int language sql return 1",
    ],
)
def test_what_the_code_does_not_do_is_denied(database: Database, statement: str) -> None:
    """Also on the user's own rows."""
    user_id = uuid.uuid4()
    with database.session(user_id, Deadline(5)) as connection:
        connection.execute("insert into users (id) values (%s)", (user_id,))
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.session(user_id, Deadline(5)) as connection:
        connection.execute(statement, {"user": user_id})


def test_id_of_a_user_can_not_be_changed(database: Database) -> None:
    """Other columns of the row may be, by its owner."""
    user_id = uuid.uuid4()
    with database.session(user_id, Deadline(5)) as connection:
        connection.execute("insert into users (id) values (%s)", (user_id,))
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.session(user_id, Deadline(5)) as connection:
        connection.execute("update users set id = gen_random_uuid()")
