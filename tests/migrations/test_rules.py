"""The rules for new migrations: those of the project, and those of squawk."""

from pathlib import Path

import pytest

from local.migration_rules import LAST_UNCHECKED, MIGRATIONS, check
from pam.migrations.files import read_migrations

_TABLE = (
    "create table sails (id bigint primary key, user_id uuid not null);"
    "alter table sails enable row level security; alter table sails force row level security;"
    "create policy own_rows on sails using (user_id = (select current_traveller()));"
)
_DROP = "-- loses-data: sails\ndrop table sails;"


def violations(directory: Path, up: str, down: str) -> list[str]:
    """What the rules say of a third migration."""
    (directory / "0003_sails.up.sql").write_text(up)
    (directory / "0003_sails.down.sql").write_text(down)
    return [f"{each.file}: {each.message}" for each in check(directory, after=2)]


def test_new_migrations_of_this_checkout_keep_the_rules() -> None:
    """Those before were applied when there were none."""
    assert check(MIGRATIONS) == []
    assert len(read_migrations(MIGRATIONS)) >= LAST_UNCHECKED


@pytest.mark.parametrize(
    ("up", "down"),
    [
        (_TABLE, _DROP),
        (
            "alter table boats add column tool_calls jsonb;",
            "-- loses-data: them\nalter table boats drop column tool_calls;",
        ),
        (
            "-- no-transaction\ncreate index concurrently if not exists boats_by_id on boats (id);",
            "-- no-transaction\ndrop index concurrently if exists boats_by_id;",
        ),
        (
            "alter table boats add constraint positive check (id > 0) not valid;",
            "alter table boats drop constraint positive;",
        ),
    ],
)
def test_safe_migration_is_accepted(directory: Path, up: str, down: str) -> None:
    """The patterns of docs/migrations.md are."""
    assert violations(directory, up, down) == []


@pytest.mark.parametrize(
    ("up", "down", "found"),
    [
        ("create table sails (id bigint);", _DROP, ["neither enables nor forces row security for sails", "no policy"]),
        (_TABLE.replace("alter table sails force row level security;", ""), _DROP, ["neither enables nor forces"]),
        (_TABLE.replace("on sails using", "on boats using"), _DROP, ["creates no policy for sails"]),
        (f"create extension postgis; {_TABLE}", _DROP, ["needs the extension postgis"]),
        (_TABLE, "drop table sails;", ["It loses data (table sails)"]),
        (_TABLE, "select 1;", []),
        (_TABLE, "-- loses-data: nothing really\nselect 1;", ["marked as losing data"]),
        (_TABLE, "-- only a comment", ["It has no statement"]),
        (f"begin; {_TABLE} commit;", _DROP, ["begins or ends a transaction"]),
        (f"{_TABLE} create tabel x ();", _DROP, ["can't parse"]),
        ("select 1;", "alter table boats drop column name;", ["column boats.name"]),
        ("select 1;", "delete from boats;", ["rows of boats"]),
        ("select 1;", "alter table boats alter column id type int;", ["values of boats.id that don't fit"]),
        ("-- no-transaction\ncreate index concurrently boats_by_id on boats (id);", "select 1", ["can't run again"]),
        ("create index boats_by_id on boats (id);", "select 1", ["require-concurrent-index-creation"]),
        ("alter table boats alter column id type bigint;", "select 1", ["changing-column-type"]),
        ("alter table boats rename column id to number;", "select 1", ["renaming-column"]),
        ("alter table boats add column a text not null;", "select 1", ["adding-required-field"]),
        (
            "create index concurrently if not exists a on boats (id);",
            "select 1",
            ["`concurrently` works in no transaction"],
        ),
    ],
)
def test_unsafe_migration_is_refused(directory: Path, up: str, down: str, found: list[str]) -> None:
    """Each with a sentence that names the rule's object, or squawk's rule."""
    reported = violations(directory, up, down)
    assert bool(reported) == bool(found)
    for part in found:
        assert any(part in line for line in reported), reported
