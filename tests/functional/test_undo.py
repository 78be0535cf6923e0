"""Undoing a write over HTTP, whichever way it was made."""

from datetime import datetime, timedelta

import psycopg
import pytest

from tests.conftest import Traveller

UNKNOWN_ID = "8f14e45f-ceea-467f-a57b-9b2c1d3e4f50"
"""An id that no effect has; the same in each process that runs tests."""


def test_undone_expense_counts_no_more(traveller: Traveller) -> None:
    """At once; repeated, the undo returns the same."""
    traveller.spends("10")
    undo = traveller.spends("45").json()["undo"]
    assert traveller.summary()["total"] == "55.00"
    first, second = traveller.http.delete(undo["href"]), traveller.http.delete(undo["href"])
    assert first.status_code == second.status_code == 200
    answer = first.json()
    assert answer["text"] == second.json()["text"] == "Your expense of $45.00 for fuel is taken back."
    assert (answer["undone"], answer["source"], answer["simulated"]) == (True, "Your expenses in PAM", False)
    assert datetime.fromisoformat(answer["as_of"]).tzinfo is not None
    assert "budget" not in answer
    assert traveller.summary()["total"] == "10.00"


def test_undo_returns_the_budget_without_the_expense(traveller: Traveller, owner: psycopg.Connection) -> None:
    """Where its category has one."""
    traveller.spends("10")
    owner.execute(
        "insert into budgets (user_id, category, monthly_limit, currency) values (%s, 'fuel', 100, 'USD')",
        (traveller.id,),
    )
    undo = traveller.spends("95").json()["undo"]
    budget = traveller.http.delete(undo["href"]).json()["budget"]
    assert (budget["state"], budget["left"]) == ("good", "90.00")


def test_request_repeated_after_its_undo_is_not_written_again(traveller: Traveller) -> None:
    """A late retry of what was undone leaves it undone."""
    undo = traveller.spends("45", key="abc").json()["undo"]
    traveller.http.delete(undo["href"])
    traveller.spends("45", key="abc")
    assert traveller.summary()["total"] == "0.00"


def test_write_older_than_ten_minutes_cannot_be_undone(traveller: Traveller, owner: psycopg.Connection) -> None:
    """The error has its own code, and the expense still counts."""
    undo = traveller.spends("45").json()["undo"]
    age = timedelta(minutes=10)
    owner.execute("update effects set done_at = done_at - %s where user_id = %s", (age, traveller.id))
    reply = traveller.http.delete(undo["href"])
    assert (reply.status_code, reply.json()["code"]) == (409, "undo_expired")
    assert traveller.summary()["total"] == "45.00"


@pytest.mark.parametrize("name", [UNKNOWN_ID, "1", "'; drop table expenses; --", "%00", "a" * 300])
def test_unknown_effect_is_not_found(traveller: Traveller, name: str) -> None:
    """An unknown id and nonsense have the same answer."""
    reply = traveller.http.delete(f"/v1/effects/{name}")
    assert (reply.status_code, reply.json()["code"]) == (404, "effect_not_found")
