"""Facts over time: a value of a subject holds until another one replaces it, and both are kept."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from pam.memory.deleted_facts import subject_digest
from pam.memory.facts import FactSource, NewFact, Recorder, current_facts, record_fact
from pam.platform.deadline import Deadline
from pam.platform.postgres import Connection, Database
from pam.users.profile import ensure_user
from tests.conftest import Traveller

SPRING = datetime(2026, 4, 1, 15, 30, tzinfo=UTC)


@contextmanager
def session(database: Database, user_id: uuid.UUID) -> Iterator[Connection]:
    """Open a transaction of a user who exists."""
    with database.session(user_id, Deadline(10)) as connection:
        ensure_user(connection, user_id)
        yield connection


def new_fact(value: str, at: datetime, subject: str = "vehicle", **fields: object) -> NewFact:
    """Return a fact of a summary, said when it began to hold."""
    return NewFact(subject, value, at, Recorder.SUMMARY, **fields)  # type: ignore[arg-type]


def rows(owner: psycopg.Connection, user_id: uuid.UUID) -> list[tuple[str, datetime, datetime | None]]:
    """Return all values with their validity, by their begin."""
    sql = "select value, valid_from, valid_to from facts where user_id = %s order by valid_from, id"
    return owner.execute(sql, (user_id,)).fetchall()


def test_new_value_ends_the_one_before(database: Database, owner: psycopg.Connection, traveller: Traveller) -> None:
    autumn = SPRING + timedelta(days=180)
    with session(database, traveller.id) as connection:
        record_fact(connection, traveller.id, new_fact("Ford F-350", SPRING))
        record_fact(connection, traveller.id, new_fact("Sprinter", autumn, subject="Vehicle"))
        assert [fact.value for fact in current_facts(connection, traveller.id)] == ["Sprinter"]
    assert rows(owner, traveller.id) == [("Ford F-350", SPRING, autumn), ("Sprinter", autumn, None)]


def test_same_value_confirms_the_current_one(
    database: Database, owner: psycopg.Connection, traveller: Traveller
) -> None:
    """With the sources of both."""
    first, second = uuid.uuid4(), uuid.uuid4()
    with session(database, traveller.id) as connection:
        one = record_fact(
            connection,
            traveller.id,
            new_fact("Ford F-350", SPRING, sources=(FactSource(first, SPRING),), confidence=0.5),
        )
        autumn = SPRING + timedelta(days=9)
        later = new_fact("ford f-350 ", autumn, sources=(FactSource(second, autumn),), confidence=0.75)
        assert record_fact(connection, traveller.id, later) == one
        (fact,) = current_facts(connection, traveller.id)
    assert (set(fact.sources), fact.confidence) == ({first, second}, 0.75)
    assert rows(owner, traveller.id) == [("Ford F-350", SPRING, None)]


def test_each_part_of_a_divided_value_has_its_own_sources(
    database: Database, owner: psycopg.Connection, traveller: Traveller
) -> None:
    """And its recorder, confidence and standing: nothing of the value that divides it."""
    said = [("F-350", 1), ("F-350", 3), ("F-350", 9), ("f-350", 7), ("Sprinter", 5)]
    turns = {number: uuid.uuid4() for _, number in said}
    with session(database, traveller.id) as connection:
        for value, number in said:
            at = SPRING + timedelta(days=number)
            fact = new_fact(value, at, sources=(FactSource(turns[number], at),), confidence=0.75, standing=True)
            if value == "Sprinter":
                fact = replace(fact, recorder=Recorder.TRAVELLER, confidence=1.0, standing=False)
            record_fact(connection, traveller.id, fact)
    stored = owner.execute(
        "select value, valid_from, valid_to, confidence, standing, recorded_by,"
        " array(select turn_id from fact_sources where fact_id = facts.id order by stated_at)"
        " from facts where user_id = %s order by valid_from",
        (traveller.id,),
    ).fetchall()
    five, seven = SPRING + timedelta(days=5), SPRING + timedelta(days=7)
    assert stored == [
        ("F-350", SPRING + timedelta(days=1), five, 0.75, True, "summary", [turns[1], turns[3]]),
        ("Sprinter", five, seven, 1.0, False, "traveller", [turns[5]]),
        ("F-350", seven, None, 0.75, True, "summary", [turns[7], turns[9]]),
    ]


def test_all_sources_are_kept_newest_first(database: Database, traveller: Traveller) -> None:
    """However often a value is confirmed, and in whatever order."""
    turns = [uuid.uuid4() for _ in range(45)]
    with session(database, traveller.id) as connection:
        for number in [*range(20, 45), *range(20)]:
            at = SPRING + timedelta(days=number)
            record_fact(connection, traveller.id, new_fact("F-350", at, sources=(FactSource(turns[number], at),)))
        (fact,) = current_facts(connection, traveller.id)
    assert list(fact.sources) == turns[::-1]


def test_late_summary_of_an_older_message_adds_a_past_value(
    database: Database, owner: psycopg.Connection, traveller: Traveller
) -> None:
    """What the traveller had PAM remember meanwhile stays the current value."""
    autumn = SPRING + timedelta(days=180)
    with session(database, traveller.id) as connection:
        record_fact(connection, traveller.id, NewFact("vehicle", "Sprinter", autumn, Recorder.TRAVELLER))
        record_fact(connection, traveller.id, new_fact("Ford F-350", SPRING))
    assert rows(owner, traveller.id) == [("Ford F-350", SPRING, autumn), ("Sprinter", autumn, None)]


@pytest.mark.parametrize(
    ("stated_at", "recorder", "expected"),
    [
        (SPRING - timedelta(days=1), Recorder.SUMMARY, 0),
        (SPRING, Recorder.SUMMARY, 0),
        (SPRING + timedelta(seconds=1), Recorder.SUMMARY, 1),
        (SPRING - timedelta(days=1), Recorder.TRAVELLER, 1),
    ],
    ids=["said before", "said at that moment", "said again", "by the traveller"],
)
def test_deleted_subject_returns_only_when_it_is_said_again(
    database: Database, traveller: Traveller, stated_at: datetime, recorder: Recorder, expected: int
) -> None:
    sql = "insert into deleted_facts (user_id, subject_digest, deleted_at) values (%s, %s, %s)"
    with session(database, traveller.id) as connection:
        connection.execute(sql, (traveller.id, subject_digest(" Home  BASE"), SPRING))
        fact = NewFact("home base", "Tucson", stated_at, recorder)
        assert (record_fact(connection, traveller.id, fact) is None) == (expected == 0)
        assert len(current_facts(connection, traveller.id)) == expected


def test_secrets_are_removed(database: Database, owner: psycopg.Connection, traveller: Traveller) -> None:
    with session(database, traveller.id) as connection:
        record_fact(connection, traveller.id, new_fact("4111 1111 1111 1111", SPRING, subject="fuel card"))
    ((value, _, _),) = rows(owner, traveller.id)
    assert value == "[card number removed]"


def test_concurrent_values_leave_one_current(
    database: Database, owner: psycopg.Connection, traveller: Traveller
) -> None:
    """Eight runs record a subject's first value at once."""
    with session(database, traveller.id):
        pass
    barrier = threading.Barrier(8)

    def record(number: int) -> None:
        with session(database, traveller.id) as connection:
            barrier.wait(10)
            record_fact(connection, traveller.id, new_fact(f"rig {number}", SPRING + timedelta(days=number)))

    threads = [threading.Thread(target=record, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    stored = rows(owner, traveller.id)
    assert [value for value, _, valid_to in stored if valid_to is None] == ["rig 7"]
    assert len(stored) == 8


def test_other_users_facts_are_out_of_reach(database: Database) -> None:
    one, other = uuid.uuid4(), uuid.uuid4()
    with session(database, one) as connection:
        record_fact(connection, one, new_fact("Ford F-350", SPRING))
    with session(database, other) as connection:
        assert current_facts(connection, other) == []
        assert connection.execute("select 1 from facts").fetchall() == []
