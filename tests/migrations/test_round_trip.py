"""Each migration goes up, down and up to the same schema, and keeps the data of a loaded database."""

from local.demo import load
from pam.migrations.files import read_migrations
from pam.migrations.runner import Runner
from tests.conftest import CHECKOUT
from tests.migrations.database import catalogue, rows

MIGRATIONS = CHECKOUT / "migrations"
LAST = len(read_migrations(MIGRATIONS))
PAIRS = range(LAST, 0, -1)


def without(table_rows: dict[str, list[dict]], kept: dict[str, set[str]]) -> dict[str, list[dict]]:
    """The rows of the tables in `kept`, with those columns only, in an order of their own."""
    return {
        table: sorted(({k: v for k, v in row.items() if k in kept[table]} for row in of), key=repr)
        for table, of in table_rows.items()
        if table in kept
    }


def columns_of(names: dict[str, str]) -> dict[str, set[str]]:
    """The columns of each table in a catalogue."""
    found: dict[str, set[str]] = {name.removeprefix("table "): set() for name in names if name.startswith("table ")}
    for name in names:
        if name.startswith("column "):
            table, _, column = name.removeprefix("column ").partition(".")
            found[table].add(column)
    return found


def test_every_pair_of_versions_gives_the_same_schema_and_keeps_the_data(empty_database: str) -> None:
    """From the last version down to an empty database: down, up, down again.

    What the lower version has no table or column for is lost on the way down; all other values are the same after it.
    """
    runner = Runner(empty_database, MIGRATIONS)
    runner.up()
    load(empty_database)
    filled = {table for table, of in rows(empty_database).items() if of}
    assert filled >= {"users", "expenses", "savings", "vehicles", "exchanges", "posts", "products", "budgets"}
    for version in PAIRS:
        upper, upper_rows = catalogue(empty_database), rows(empty_database)
        runner.down(to=version - 1, lose_data=True)
        lower, lower_rows = catalogue(empty_database), rows(empty_database)
        kept = {
            table: columns & columns_of(upper)[table]
            for table, columns in columns_of(lower).items()
            if table in columns_of(upper)
        }
        retyped = {
            table: {c for c in columns if upper[f"column {table}.{c}"] != lower[f"column {table}.{c}"]}
            for table, columns in kept.items()
        }
        exact = {table: columns - retyped[table] for table, columns in kept.items()}
        assert without(lower_rows, exact) == without(upper_rows, exact), version
        runner.up(to=version)
        assert catalogue(empty_database) == upper, version
        assert without(rows(empty_database), exact) == without(upper_rows, exact), version
        runner.down(to=version - 1, lose_data=True)
        assert (catalogue(empty_database), rows(empty_database)) == (lower, lower_rows), version
    assert rows(empty_database) == {}


def test_way_from_zero_gives_the_same_schema_twice(empty_database: str) -> None:
    """Up, down to nothing, and up again."""
    runner = Runner(empty_database, MIGRATIONS)
    runner.status()
    nothing = catalogue(empty_database)
    runner.up()
    everything = catalogue(empty_database)
    runner.down(to=0, lose_data=True)
    assert {k: v for k, v in catalogue(empty_database).items() if v != nothing.get(k)} == {}
    runner.up()
    assert catalogue(empty_database) == everything
