"""SQL is split into the statements that Postgres's own parser finds."""

import pglast
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.migrations.files import Script
from pam.migrations.statements import split_statements
from tests.conftest import CHECKOUT

_STATEMENTS = [
    "select 1",
    "select ';', E'\\';', 'it''s;', \"a;\"\"b\" from (values (1)) \"a;\"\"b\"",
    "create function f() returns int language sql as $$ select 1; $$",
    "create function f() returns int language sql as $b$ select $$;$$; $b$",
    "create function f() returns int begin atomic select case when true then 1 else 2 end; select 2; end",
    "create rule r as on insert to t do also (insert into u values (1); select 1)",
    "do $$ begin perform 1; end $$",
    "insert into a$b$c values (';')",
    "select $1, U&'\\0041;', B'1', 1e5",
    "commit",
]
_BETWEEN = [" ", "\n", "-- a ; comment\n", "/* ; /* nested ; */ ' ; */", "\r\n\t"]


@pytest.mark.parametrize("path", sorted((CHECKOUT / "migrations").glob("*.sql")), ids=lambda path: path.stem)
def test_statements_of_migrations_are_those_of_postgres(path) -> None:
    """Of the schema as well, which pg_dump writes."""
    sql = path.read_text()
    assert split_statements(sql) == [pglast.split(one)[0] for one in pglast.split(sql)]


@given(st.lists(st.tuples(st.sampled_from(_BETWEEN), st.sampled_from(_STATEMENTS), st.sampled_from(_BETWEEN))))
def test_statements_of_any_script_are_those_of_postgres(parts) -> None:
    """Whatever stands between them."""
    sql = ";".join(f"{before}{statement}{after}" for before, statement, after in parts)
    assert split_statements(sql) == [statement for _, statement, _ in parts]
    assert len(pglast.split(sql)) == len(parts)


@pytest.mark.parametrize("sql", ["", ";;", " -- only a comment", "/* only ; a comment", "/* a */ ; -- b"])
def test_script_without_a_statement_has_none(sql: str) -> None:
    """Comments and empty statements are none."""
    assert split_statements(sql) == []


@pytest.mark.parametrize(
    ("sql", "transactional", "lost"),
    [
        ("select 1", True, None),
        ("-- no-transaction\nselect 1", False, None),
        ("-- Why.\n\n--no-transaction \n-- loses-data: the legs of trips\nselect 1", False, "the legs of trips"),
        ("select 1;\n-- no-transaction\n-- loses-data: x", True, None),
        ("-- about no-transaction\nselect 1", True, None),
    ],
)
def test_directives_are_comments_before_the_first_statement(sql: str, transactional: bool, lost: str | None) -> None:
    """A sentence that mentions one is none."""
    script = Script(sql)
    assert (script.is_transactional, script.lost_data) == (transactional, lost)
