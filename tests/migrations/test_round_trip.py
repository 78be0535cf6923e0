"""Each migration goes up, down and up to the same schema, and keeps the data of a loaded database."""

from local.demo import load
from pam.migrations.catalogue import Catalogue
from pam.migrations.runner import Runner
from tests.conftest import CHECKOUT
from tests.migrations.database import catalogue, count_rows, digests

MIGRATIONS = CHECKOUT / "migrations"


def columns_in_both(upper: Catalogue, lower: Catalogue) -> dict[str, set[str]]:
    """The columns that two schemas have with the same definition, by table; the ledger is no part of them."""
    found: dict[str, set[str]] = {}
    for name, definition in upper.items():
        kind, _, rest = name.partition(" ")
        if kind == "column" and lower.get(name) == definition:
            table, _, column = rest.partition(".")
            found.setdefault(table, set()).add(column)
    del found["schema_versions"]
    return found


def test_every_pair_of_versions_gives_the_same_schema_and_keeps_the_data(empty_database: str) -> None:
    """Up from zero, then with the demo travellers from the last version down to nothing, each step down, up, down.

    At each version the schema is the one that it was on the way up. The rows of tables and the values of columns that
    both versions have are the same after each step. What the lower one has no table or column for is gone by nature,
    and what another type of a column makes of a value isn't compared.
    """
    runner = Runner(empty_database, MIGRATIONS)
    last = len(runner.status())
    schemas = []
    for version in range(last + 1):
        runner.up(to=version)
        schemas.append(catalogue(empty_database))
    load(empty_database)
    filled = {table for table, count in count_rows(empty_database).items() if count}
    assert filled >= {"users", "expenses", "savings", "vehicles", "exchanges", "posts", "products", "budgets"}
    assert count_rows(empty_database)["expenses"] > 500
    for version in range(last, 0, -1):
        lower, upper = schemas[version - 1 : version + 1]
        columns = columns_in_both(upper, lower) if version > 1 else {}
        data = digests(empty_database, columns)
        for step, schema in (("down", lower), ("up", upper), ("down", lower)):
            if step == "up":
                runner.up(to=version)
            else:
                runner.down(to=version - 1, lose_data=True)
            # Before the first migration there is the role, of which no migration down may dispose, or not yet.
            known = {name for name in schema if version > 1 or not name.startswith("role ")}
            found = {name: text for name, text in catalogue(empty_database).items() if name in known or version > 1}
            assert found == {name: schema[name] for name in known}, (version, step)
            assert digests(empty_database, columns) == data, (version, step)
    assert count_rows(empty_database) == {}


def test_way_from_zero_gives_the_same_schema_twice(empty_database: str) -> None:
    """Up, down to nothing, and up again."""
    runner = Runner(empty_database, MIGRATIONS)
    runner.up()
    everything = catalogue(empty_database)
    runner.down(to=0, lose_data=True)
    assert count_rows(empty_database) == {}
    runner.up()
    assert catalogue(empty_database) == everything
