"""The undo of a correction restores everything that the correction changed."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from pam.memory.facts import FactSource, NewFact, Recorder, record_fact
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from tests.conftest import Traveller
from tests.functional.memory.memory_requests import correct, delete, listed
from tests.functional.memory.remembered import Remembered


def test_undo_of_a_correction_lets_newer_statements_count_again(
    remembered: Remembered, traveller: Traveller, database: Database
) -> None:
    """Also of two corrections, one after the other; until then neither is replaced by what was stated before it."""
    fact = remembered.knows("vehicle", "Ford F-350", remembered.says("We drive a Ford F-350."))
    sold = remembered.says("We sold it. We drive a Sprinter.")
    undos = [correct(traveller, fact, value) for value in ("Ford F-250", "Ford F-150")]

    def summarise() -> int | None:
        source = FactSource(sold, remembered.now)
        new = NewFact("vehicle", "Sprinter", remembered.now, Recorder.SUMMARY, sources=(source,))
        with database.session(traveller.id, Deadline(10)) as connection:
            return record_fact(connection, traveller.id, new)

    assert summarise() is None
    assert traveller.http.delete(undos[1]).status_code == 200
    assert summarise() is None
    assert traveller.http.delete(undos[0]).status_code == 200
    assert summarise() is not None
    [vehicle] = listed(traveller)
    assert (vehicle["text"], [each["value"] for each in vehicle["earlier"]]) == ("Sprinter", ["Ford F-350"])


def test_undo_of_a_correction_keeps_what_a_deletion_before_it_suppresses(
    remembered: Remembered, traveller: Traveller, database: Database
) -> None:
    """The subject was deleted, stated again, corrected, and the correction undone."""
    old = remembered.now
    delete(traveller, f"facts/{remembered.knows('vehicle', 'Ford F-350')}")
    remembered.now = remembered.now.now(old.tzinfo)
    fact = remembered.knows("vehicle", "Tundra", remembered.says("We drive a Tundra."))
    assert traveller.http.delete(correct(traveller, fact, "Sprinter")).status_code == 200
    with database.session(traveller.id, Deadline(10)) as connection:
        again = NewFact("vehicle", "Ford F-350", old, Recorder.SUMMARY)
        assert record_fact(connection, traveller.id, again) is None
    assert [item["text"] for item in listed(traveller)] == ["Tundra"]


def test_undo_restores_the_sources(remembered: Remembered, traveller: Traveller) -> None:
    """Of all values of the subject."""
    turns = [remembered.says("We drive a van."), remembered.says("We drive a van, still.")]
    for turn in turns:
        remembered.now += timedelta(days=1)
        fact = remembered.knows("vehicle", "van", turn)
    assert traveller.http.delete(correct(traveller, fact, str(uuid.uuid4()))).status_code == 200
    [vehicle] = listed(traveller)
    assert (vehicle["text"], [each["message_id"] for each in vehicle["sources"]]) == (
        "van", [str(turn) for turn in reversed(turns)],
    )  # fmt: skip


@pytest.mark.parametrize("is_fact_deleted", [True, False])
def test_repeated_correction_after_a_deletion_changes_nothing(
    remembered: Remembered, traveller: Traveller, is_fact_deleted: bool
) -> None:
    """It is answered with what is left of its record, or not found."""
    turn = remembered.says("We drive a van.")
    fact = remembered.knows("vehicle", "van", turn)

    def request() -> Any:
        headers = {"idempotency-key": "one"}
        return traveller.http.patch(f"/v1/memories/facts/{fact}", json={"value": "Sprinter"}, headers=headers)

    assert request().status_code == 200
    delete(traveller, f"facts/{fact}" if is_fact_deleted else f"messages/{turn}")
    repeated = request()
    if is_fact_deleted:
        assert (repeated.status_code, repeated.json()["code"]) == (404, "memory_not_found")
    else:
        assert (repeated.status_code, repeated.json()["value"], repeated.json()["undo"]) == (200, "Sprinter", None)
    assert [item["text"] for item in listed(traveller)] == ([] if is_fact_deleted else ["Sprinter"])
