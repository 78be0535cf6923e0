"""The patterns of docs/migrations.md, while old and new code use the table: there and back without a lost write."""

import uuid
from pathlib import Path

import psycopg
import pytest
from psycopg.types.json import Jsonb

from local.migration_rules import check
from tests.migrations.database import catalogue
from tests.migrations.patterns.live import PATTERNS, USER_ID, Connection, live_database

FOLDERS = sorted(path.parent for path in PATTERNS.glob("*/0001_start.up.sql"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_pattern_keeps_the_rules_for_migrations(folder: Path) -> None:
    """All steps but the table that it starts with."""
    assert check(folder, after=1) == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_pattern_goes_up_down_and_up_to_the_same_schema(server: str, folder: Path) -> None:
    """Each step, as any migration."""
    with live_database(server, folder.name) as live:
        last = len(live.runner.status())
        schemas = []
        for version in range(1, last + 1):
            live.runner.up(to=version)
            schemas.append(catalogue(live.admin))
        for version in range(last - 1, 0, -1):
            live.runner.down(to=version, lose_data=True)
            assert catalogue(live.admin) == schemas[version - 1], version
        live.runner.up()
        assert catalogue(live.admin) == schemas[-1]


def test_column_is_added_and_filled_on_a_live_table(server: str) -> None:
    """The seed's example: `tool_calls_json`, with the old release, then both, then the new one."""

    def old(connection: Connection, text: str) -> None:
        connection.execute("insert into turns (user_id, question, ended) values (%s, %s, 'done')", (USER_ID, text))
        connection.execute("update turns set ended = 'error' where question = %s", (text,))

    def new(connection: Connection, text: str) -> None:
        connection.execute(
            "insert into turns (user_id, question, ended, tool_calls_json) values (%s, %s, 'done', %s)",
            (USER_ID, text, Jsonb([text])),
        )
        # Until the backfill is done, a reader takes an unknown value for none.
        row = connection.execute("select coalesce(tool_calls_json, '[]') from turns where question = %s", (text,))
        assert row.fetchone() == ([text],)

    with live_database(server, "add_column") as live:
        with live.in_use(old) as from_old:
            live.runner.up(to=2)
        with live.in_use(old, new) as from_both:  # the deployment of the new code
            pass
        with live.in_use(new) as from_new:
            live.runner.up(to=5)
        # Back: the check first, then the old code. The column stays, with what it has.
        with live.in_use(new) as more_from_new:
            live.runner.down(to=3)
        with live.in_use(old) as more_from_old:
            pass
        # There again: the backfill visits what old code has written meanwhile.
        with live.in_use(new) as last_from_new:
            live.runner.down(to=2)
            live.runner.up(to=5)
        written = {*from_old, *from_both, *from_new, *more_from_new, *more_from_old, *last_from_new}
        stored = live.rows("select question, tool_calls_json from turns")
        assert dict(stored).keys() == written
        assert len(stored) == len(written)
        assert all(calls == ([text] if text.startswith("new") else []) for text, calls in stored)


def test_column_is_renamed_while_both_names_are_in_use(server: str) -> None:
    """Expand, write both, contract; and back after the contraction."""

    def old(connection: Connection, text: str) -> None:
        connection.execute("insert into checklists (user_id, label) values (%s, %s)", (USER_ID, text))
        found = connection.execute("select id from checklists where label = %s", (text,)).fetchone()
        assert found is not None
        connection.execute("update checklists set label = %s where id = %s", (f"{text}!", found[0]))

    def new(connection: Connection, text: str) -> None:
        connection.execute("insert into checklists (user_id, title) values (%s, %s)", (USER_ID, text))
        found = connection.execute("select id from checklists where title = %s", (text,)).fetchone()
        assert found is not None
        connection.execute("update checklists set title = %s where id = %s", (f"{text}!", found[0]))

    with live_database(server, "rename_column") as live:
        with live.in_use(old) as from_old:
            live.runner.up(to=2)
        with live.in_use(old, new) as from_both:
            live.runner.up(to=3)
        with live.in_use(new) as from_new:
            live.runner.up(to=4)
        with live.in_use(new) as more_from_new:
            live.runner.down(to=3)
        with live.in_use(old, new) as more_from_both:
            pass
        written = {f"{text}!" for text in (*from_old, *from_both, *from_new, *more_from_new, *more_from_both)}
        stored = live.rows("select label, title from checklists")
        assert {label for label, _ in stored} == written
        assert all(label == title for label, title in stored)
        with live.in_use(new) as last_from_new:
            live.runner.up(to=5)
        titles = {title for (title,) in live.rows("select title from checklists")}
        assert titles == written | {f"{text}!" for text in last_from_new}


def test_type_is_changed_by_a_second_column(server: str) -> None:
    """Old code reads and writes integers, new code fractions; a way back loses none of these."""

    def old(connection: Connection, text: str) -> None:
        number = 1000 + uuid.UUID(text.split()[1]).int % 1_000_000
        connection.execute("insert into readings (user_id, odometer_km) values (%s, %s)", (USER_ID, number))
        assert connection.execute("select 1 from readings where odometer_km = %s", (number,)).fetchone()

    def new(connection: Connection, text: str) -> None:
        number = 1000 + uuid.UUID(text.split()[1]).int % 1_000_000
        connection.execute(
            "insert into readings (user_id, odometer_exact_km) values (%s, %s + 0.125)", (USER_ID, number)
        )
        assert connection.execute("select 1 from readings where odometer_exact_km = %s + 0.125", (number,)).fetchone()

    with live_database(server, "change_type") as live:
        with live.in_use(old) as from_old:
            live.runner.up(to=2)
        with live.in_use(old, new) as from_both:
            live.runner.up(to=3)
        with live.in_use(new) as from_new:
            live.runner.up(to=4)
            live.runner.down(to=3)
        with live.in_use(old) as more_from_old:
            pass
        texts = [*from_old, *from_both, *from_new, *more_from_old]
        stored = live.rows("select odometer_km, odometer_exact_km from readings")
        assert len(stored) == len(texts)
        assert all(exact in (whole, whole + exact % 1) and round(exact) == whole for whole, exact in stored)
        fractions = [exact for _, exact in stored if exact % 1]
        assert len(fractions) == sum(text.startswith("new") for text in texts)


def test_table_is_split_while_both_shapes_are_in_use(server: str) -> None:
    """Inserts and updates of either code are in both tables, before and after the way back."""

    def old(connection: Connection, text: str) -> None:
        connection.execute("insert into rigs (user_id, name, insurer) values (%s, %s, 'first')", (USER_ID, text))
        connection.execute("update rigs set insurer = %s, policy_number = '7' where name = %s", (text, text))

    def new(connection: Connection, text: str) -> None:
        with connection.transaction():
            connection.execute("insert into rigs (user_id, name) values (%s, %s)", (USER_ID, text))
            [rig] = connection.execute("select id from rigs where name = %s", (text,)).fetchall()
            connection.execute(
                "insert into insurances (rig_id, user_id, insurer, policy_number) values (%s, %s, 'first', '7')",
                (rig[0], USER_ID),
            )
        connection.execute("update insurances set insurer = %s where rig_id = %s", (text, rig[0]))

    with live_database(server, "split_table") as live:
        with live.in_use(old) as from_old:
            live.runner.up(to=2)
        with live.in_use(old, new) as from_both:
            live.runner.up(to=3)
        with live.in_use(new) as from_new:
            live.runner.up(to=4)
            live.runner.down(to=3)
        with live.in_use(old) as more_from_old:
            pass
        written = {(text, text, "7") for text in (*from_old, *from_both, *from_new, *more_from_old)}
        assert set(live.rows("select name, insurer, policy_number from rigs")) == written
        assert (
            set(live.rows("select r.name, i.insurer, i.policy_number from insurances i join rigs r on r.id = i.rig_id"))
            == written
        )


def test_index_is_built_beside_writers(server: str) -> None:
    """There and back, without a failed write; the index is complete."""

    def code(connection: Connection, text: str) -> None:
        connection.execute("insert into stops (user_id, place) values (%s, %s)", (USER_ID, text))

    with live_database(server, "concurrent_index") as live:
        with live.in_use(code) as before:
            live.runner.up()
            live.runner.down(to=1)
            live.runner.up()
        assert "invalid" not in catalogue(live.admin)["index stops_by_place"]
        assert {place for (place,) in live.rows("select place from stops")} == set(before)


def test_data_are_changed_and_changed_back(server: str) -> None:
    """The way back restores what the way there changed, and nothing that was written meanwhile."""

    def code(connection: Connection, text: str) -> None:
        connection.execute("insert into costs (user_id, category) values (%s, %s)", (USER_ID, text))

    with live_database(server, "change_data") as live, live.app() as app:
        for category in ("food", "fuel", "groceries") * 4:
            app.execute("insert into costs (user_id, category) values (%s, %s)", (USER_ID, category))
        before = live.rows("select id, category from costs order by id")
        with live.in_use(code) as written:
            live.runner.up()
        assert {category for (category,) in live.rows("select category from costs where id <= 12")} == {
            "fuel",
            "groceries",
        }
        changed, *_ = (number for number, category in before if category == "food")
        app.execute("update costs set category = 'dining' where id = %s", (changed,))
        with live.in_use(code) as more:
            live.runner.down(to=2)
        after = [(number, "dining" if number == changed else category) for number, category in before]
        assert live.rows("select id, category from costs where id <= 12 order by id") == after
        stored = {category for (category,) in live.rows("select category from costs where id > 12")}
        assert stored == {*written, *more}


def test_policy_is_added_while_the_table_is_in_use(server: str) -> None:
    """From then on a query without a condition shows the user's own rows only; and back."""

    def code(connection: Connection, text: str) -> None:
        connection.execute("insert into reminders (user_id, note) values (%s, %s)", (USER_ID, text))
        assert connection.execute(
            "select 1 from reminders where user_id = %s and note = %s", (USER_ID, text)
        ).fetchone()

    with live_database(server, "add_policy") as live:
        with live.in_use(code) as written:
            live.runner.up()
            with live.app(uuid.uuid4()) as other:
                assert other.execute("select * from reminders").fetchall() == []
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    other.execute("insert into reminders (user_id, note) values (%s, '')", (USER_ID,))
            live.runner.down(to=1)
            live.runner.up()
        assert {note for (note,) in live.rows("select note from reminders")} == set(written)
