"""Old code on the new schema, and new code on the old schema, for the last two versions.

Code is its SQL: Postgres plans each statement as the app's role, which checks tables, columns, types, functions and
grants, and runs none. What a statement means is not compared: that a column's values are still understood, for example,
is tested by the patterns and by review. Old code is that of tests/migrations/statements.
"""

import re
from collections.abc import Iterable, Iterator

import psycopg
import pytest

from local.code_statements import VERSIONS_BEFORE, recorded, statements
from pam.migrations.drift import Difference, compare
from pam.migrations.files import read_migrations
from pam.migrations.runner import Runner
from tests.conftest import CHECKOUT
from tests.migrations.database import catalogue, new_database

MIGRATIONS = CHECKOUT / "migrations"
LAST = len(read_migrations(MIGRATIONS))
BEFORE = range(LAST - VERSIONS_BEFORE, LAST)

_PLACEHOLDER = re.compile(r"%\(\w+\)s|%s")


@pytest.fixture
def migrated(server: str) -> Iterator[str]:
    """A copy of a database with all migrations."""
    with new_database(server, template=server) as conninfo:
        yield conninfo


def refused(conninfo: str, sql: Iterable[str]) -> dict[str, str]:
    """The statements that Postgres refuses to the app's role, with its message."""
    found = {}
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("set role pam_app")
        for statement in sql:
            try:
                connection.execute(f"explain {_PLACEHOLDER.sub('null', statement).replace('%%', '%')}")
            except psycopg.Error as error:
                found[statement] = f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return found


@pytest.mark.parametrize("version", BEFORE)
def test_old_code_works_on_the_new_schema(migrated: str, version: int) -> None:
    """As it does while a release is deployed, and after it was rolled back: a statement fails here or nowhere."""
    runner = Runner(migrated, MIGRATIONS)
    runner.down(to=version, lose_data=True)
    before = refused(migrated, recorded(version))
    assert len(before) < len(recorded(version)) / 20
    runner.up()
    assert refused(migrated, recorded(version)) == before


def is_explained(message: str, differences: list[Difference]) -> bool:
    """Whether a refusal names a table, column or function that one schema lacks, or a table with other grants."""
    names = [each.name for each in differences]
    if message.startswith("InsufficientPrivilege"):
        table = message.split()[-1]
        return any(re.match(rf"grant on (table|column) {table}\b", name) for name in names)
    lacking = {re.split(r"[ .(]", name.partition(" ")[2].partition("(")[0])[-1] for name in names if is_object(name)}
    return bool(lacking & set(re.findall(r"\w+", message)))


def is_object(name: str) -> bool:
    return name.startswith(("table ", "column ", "function "))


@pytest.mark.parametrize("version", BEFORE)
def test_new_code_fails_on_the_old_schema_only_where_it_uses_what_is_new(migrated: str, version: int) -> None:
    """A deployment migrates first; everything else works even so: Postgres refuses what the old schema lacks."""
    runner = Runner(migrated, MIGRATIONS)
    last, unusable = catalogue(migrated), refused(migrated, statements())
    runner.down(to=version, lose_data=True)
    differences = compare(last, catalogue(migrated))
    failing = {sql: why for sql, why in refused(migrated, statements()).items() if sql not in unusable}
    assert {sql: why for sql, why in failing.items() if not is_explained(why, differences)} == {}
    assert len(failing) < len(set(statements())) / 10


def test_refusal_of_what_did_not_change_is_not_explained() -> None:
    """By another column of the same name, for example."""
    differences = [
        Difference("column trip_legs.user_id", "uuid", None),
        Difference("table trip_legs", "", None),
        Difference("grant on column users.name to pam_app", "update", None),
    ]
    assert is_explained('UndefinedTable: relation "trip_legs" does not exist', differences)
    assert is_explained("InsufficientPrivilege: permission denied for table users", differences)
    assert not is_explained('UndefinedTable: relation "trips" does not exist', differences)
    assert not is_explained("InsufficientPrivilege: permission denied for table trip_legs", differences)


def test_statement_of_a_removed_column_would_be_found(migrated: str) -> None:
    """And one of a revoked grant."""
    before = refused(migrated, recorded(LAST - 1))
    with psycopg.connect(migrated) as owner:
        owner.execute("alter table expenses drop column description; revoke update on budgets from pam_app")
    found = refused(migrated, recorded(LAST - 1))
    assert {message.split(":")[0] for sql, message in found.items() if sql not in before} == {
        "UndefinedColumn",
        "InsufficientPrivilege",
    }
