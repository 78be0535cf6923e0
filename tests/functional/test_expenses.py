"""Expenses: written once, refused clearly, undone within ten minutes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest

from local.stack import LocalStack
from tests.conftest import Traveller

NOBODYS = "8f14e45f-ceea-467f-a57b-9b2c1d3e4f50"
"""An id that no expense has; the same in each process that runs tests."""

TODAY = datetime.now(ZoneInfo("America/Denver")).date()


def rows_of(owner: psycopg.Connection, traveller: Traveller) -> int:
    row = owner.execute("select count(*) from expenses where user_id = %s", (traveller.id,)).fetchone()
    assert row is not None
    return row[0]


def test_an_expense_is_kept_as_it_was_said(traveller: Traveller, owner: psycopg.Connection) -> None:
    """The answer shows the expense, no budget where there is none, and the way to undo it for ten minutes."""
    reply = traveller.spends(
        "62.10", "groceries", description="  Weekly shop – 🍎  ", date=str(TODAY - timedelta(days=3))
    )
    assert reply.status_code == 201
    told = reply.json()
    assert told["tier"] == 2 and told["budget"] is None
    expense = told["expense"]
    assert (expense["amount"], expense["currency"], expense["category"]) == ("62.10", "USD", "groceries")
    assert (expense["description"], expense["date"]) == ("Weekly shop – 🍎", str(TODAY - timedelta(days=3)))
    lifetime = datetime.fromisoformat(told["undo"]["expires_at"]) - datetime.fromisoformat(expense["created_at"])
    assert lifetime == timedelta(minutes=10)
    assert told["undo"] | {"expires_at": ""} == {
        "method": "DELETE",
        "href": f"/v1/expenses/{expense['id']}",
        "expires_at": "",
    }
    assert rows_of(owner, traveller) == 1


@pytest.mark.parametrize(
    ("limit", "spent", "state", "left"),
    [
        ("100", "79.99", "good", "20.01"),
        ("100", "80", "near", "20.00"),
        ("100", "100", "near", "0.00"),
        ("100", "100.01", "over", "-0.01"),
    ],
)
def test_the_state_of_its_budget_comes_with_it(
    traveller: Traveller, owner: psycopg.Connection, limit: str, spent: str, state: str, left: str
) -> None:
    """Good below 80 %, near from there on, over only above the limit."""
    traveller.spends("1", "tolls")
    owner.execute(
        "insert into budgets (user_id, category, monthly_limit, currency) values (%s, 'fuel', %s, 'USD')",
        (traveller.id, limit),
    )
    budget = traveller.spends(spent).json()["budget"]
    assert (budget["state"], budget["left"], budget["limit"]) == (state, left, "100.00")


BAD = [
    ('{"amount": -5, "category": "fuel"}', "invalid_amount"),
    ('{"amount": 0, "category": "fuel"}', "invalid_amount"),
    ('{"amount": NaN, "category": "fuel"}', "invalid_amount"),
    ('{"amount": 1e309, "category": "fuel"}', "invalid_amount"),
    ('{"amount": 4.125, "category": "fuel"}', "invalid_amount"),
    ('{"amount": "45; drop table expenses", "category": "fuel"}', "invalid_amount"),
    ('{"amount": true, "category": "fuel"}', "invalid_amount"),
    ('{"amount": [45], "category": "fuel"}', "invalid_amount"),
    ('{"amount": 45, "category": "admin_access"}', "unknown_category"),
    ('{"amount": 45, "category": "fuel\' or \'1\'=\'1"}', "unknown_category"),
    ('{"amount": 45, "category": null}', "unknown_category"),
    ('{"amount": 45, "category": {"a": 1}}', "unknown_category"),
    ('{"amount": 45, "category": "fuel", "date": "%s"}' % (TODAY + timedelta(days=2)), "date_in_future"),
    ('{"amount": 45, "category": "fuel", "date": "2020-01-01"}', "date_too_old"),
    ('{"amount": 45, "category": "fuel", "date": "2026-02-30"}', "invalid_date"),
    ('{"amount": 45, "category": "fuel", "date": "yesterday"}', "invalid_date"),
    ('{"amount": 45, "category": "fuel", "date": 20260101}', "invalid_date"),
    ('{"amount": 45, "category": "fuel", "date": "2026-01-01\' --"}', "invalid_date"),
    ('{"amount": 45, "category": "fuel", "description": "%s"}' % ("x" * 501), "invalid_text"),
    ('{"amount": 45, "category": "fuel", "description": "a\\u0000b"}', "invalid_text"),
    ('{"amount": 45, "category": "fuel", "description": "\\ud800"}', "invalid_text"),
    ('{"amount": 45, "category": "fuel", "description": 7}', "invalid_text"),
    ('{"amount": 45, "category": "fuel", "currency": "XXX"}', "unknown_currency"),
    ('{"amount": 45, "category": "fuel", "currency": ["USD"]}', "unknown_currency"),
    ('{"amount": 45, "category": "fuel", "user_id": "7a3d1c52-9e0b-4f0e-8d65-1f2b7c9a4e10"}', "invalid_request"),
    ('{"amount": 45}', "invalid_request"),
    ('[{"amount": 45, "category": "fuel"}]', "invalid_request"),
    ('{"amount": 1, "amount": 100, "category": "fuel"}', "malformed_json"),
    ('{"amount": 45, "category": "fuel"', "malformed_json"),
    ("[" * 9000, "malformed_json"),
    ("", "malformed_json"),
    ("null", "invalid_request"),
    ('{"amount": 45, "category": "fuel", "description": "%s"}' % ("x" * 1_000_000), "body_too_large"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "code"), BAD, ids=[f"{code}-{place}" for place, (_, code) in enumerate(BAD)])
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    traveller: Traveller, owner: psycopg.Connection, body: str, code: str
) -> None:
    """A 4xx with a stable code and a sentence; no row."""
    reply = traveller.http.post("/v1/expenses", content=body.encode(), headers={"content-type": "application/json"})
    assert 400 <= reply.status_code < 500
    assert reply.json()["code"] == code
    assert reply.json()["message"].endswith(".")
    assert rows_of(owner, traveller) == 0


def test_bytes_that_are_no_text_are_refused(traveller: Traveller, owner: psycopg.Connection) -> None:
    """Invalid UTF-8 is malformed, as text and as bytes."""
    for kind in ("application/json", "application/octet-stream"):
        reply = traveller.http.post("/v1/expenses", content=b'{"amount": "\xff\xfe"}', headers={"content-type": kind})
        assert (reply.status_code, reply.json()["code"]) == (400, "malformed_json")
    assert rows_of(owner, traveller) == 0


def test_sql_in_a_description_is_text(traveller: Traveller, owner: psycopg.Connection) -> None:
    """What looks like SQL is kept to the letter and does nothing."""
    words = "'); drop table expenses; --"
    assert traveller.spends("5", description=words).json()["expense"]["description"] == words
    assert rows_of(owner, traveller) == 1


def test_the_same_key_writes_once_however_often_it_comes(traveller: Traveller, owner: psycopg.Connection) -> None:
    """A repeated request is answered as the first one was."""
    first = traveller.spends("45", key="abc")
    again = [traveller.spends("45", key="abc") for _ in range(3)]
    assert all(reply.status_code == 201 and reply.json() == first.json() for reply in again)
    assert rows_of(owner, traveller) == 1


def test_the_same_key_twelve_times_at_once_writes_once(
    traveller: Traveller, owner: psycopg.Connection, stack: LocalStack
) -> None:
    """Of simultaneous requests one writes; the others get its answer, or are told that it's being worked on."""
    stack.functions["expense_create"].warm(3)
    with ThreadPoolExecutor(12) as threads:
        replies = list(threads.map(lambda _: traveller.spends("45", key="race"), range(12)))
    assert {reply.status_code for reply in replies} <= {201, 409}
    assert len({reply.json()["expense"]["id"] for reply in replies if reply.status_code == 201}) == 1
    assert all(reply.json()["code"] == "request_in_progress" for reply in replies if reply.status_code == 409)
    assert traveller.spends("45", key="race").status_code == 201
    assert rows_of(owner, traveller) == 1


def test_a_key_can_not_be_used_for_something_else(traveller: Traveller, owner: psycopg.Connection) -> None:
    """The same key with another amount is a mistake of the client, and is said to be."""
    traveller.spends("45", key="abc")
    reply = traveller.spends("46", key="abc")
    assert (reply.status_code, reply.json()["code"]) == (422, "idempotency_key_reused")
    assert rows_of(owner, traveller) == 1


def test_two_travellers_may_use_the_same_key(new_traveller: Callable[[], Traveller], owner: psycopg.Connection) -> None:
    """A key is its traveller's own: it never shows another's answer."""
    one, other = new_traveller(), new_traveller()
    assert one.spends("45", key="abc").json()["expense"]["id"] != other.spends("45", key="abc").json()["expense"]["id"]
    assert (rows_of(owner, one), rows_of(owner, other)) == (1, 1)


@pytest.mark.parametrize("key", ["", "x" * 129, "with space", "naïve"])
def test_a_key_that_no_client_should_send_is_refused(traveller: Traveller, owner: psycopg.Connection, key: str) -> None:
    """Before anything is written."""
    reply = traveller.http.post(
        "/v1/expenses",
        json={"amount": "1", "category": "fuel"},
        headers=[(b"idempotency-key", key.encode("latin-1"))],
    )
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_idempotency_key")
    assert rows_of(owner, traveller) == 0


def test_an_answer_lost_after_the_commit_is_not_written_twice(
    traveller: Traveller, owner: psycopg.Connection, build_dependencies: Callable
) -> None:
    """When the function dies between its commit and its answer, the ledger knows nothing; the row does."""
    import boto3

    from pam.platform.settings import UserSettings, read_environment

    first = traveller.spends("45", key="lost")
    table = read_environment(UserSettings).idempotency_table
    dynamodb = boto3.client("dynamodb")
    for item in dynamodb.scan(TableName=table)["Items"]:
        dynamodb.delete_item(TableName=table, Key={"id": item["id"]})
    again = traveller.spends("45", key="lost")
    assert again.json()["expense"]["id"] == first.json()["expense"]["id"]
    assert rows_of(owner, traveller) == 1


def test_an_expense_can_be_taken_back(traveller: Traveller) -> None:
    """Undone, it counts no more, at once; undone again, the answer is the same."""
    traveller.spends("10")
    undo = traveller.spends("45").json()["undo"]
    assert traveller.summary()["total"] == "55.00"
    first, second = traveller.http.delete(undo["href"]), traveller.http.delete(undo["href"])
    assert first.status_code == second.status_code == 200
    assert first.json()["undone"] is True and first.json()["expense"] == second.json()["expense"]
    assert traveller.summary()["total"] == "10.00"


def test_a_request_repeated_after_its_undo_does_not_write_again(traveller: Traveller) -> None:
    """A late retry of what was taken back leaves it taken back."""
    undo = traveller.spends("45", key="abc").json()["undo"]
    traveller.http.delete(undo["href"])
    traveller.spends("45", key="abc")
    assert traveller.summary()["total"] == "0.00"


def test_after_ten_minutes_it_stays(traveller: Traveller, owner: psycopg.Connection) -> None:
    """Too late has its own code, and the expense still counts."""
    undo = traveller.spends("45").json()["undo"]
    owner.execute("update expenses set created_at = now() - interval '10 minutes' where user_id = %s", (traveller.id,))
    reply = traveller.http.delete(undo["href"])
    assert (reply.status_code, reply.json()["code"]) == (409, "undo_expired")
    assert traveller.summary()["total"] == "45.00"


@pytest.mark.parametrize("name", [NOBODYS, "1", "'; drop table expenses; --", "%00", "a" * 300])
def test_what_does_not_exist_can_not_be_taken_back(traveller: Traveller, name: str) -> None:
    """An unknown id and nonsense have the same answer."""
    reply = traveller.http.delete(f"/v1/expenses/{name}")
    assert (reply.status_code, reply.json()["code"]) == (404, "expense_not_found")


def test_a_late_evening_belongs_to_the_traveller_s_day(traveller: Traveller, owner: psycopg.Connection) -> None:
    """An expense without a date is today's in their zone, whatever day it is in UTC."""
    owner.execute("insert into users (id, time_zone) values (%s, 'Pacific/Kiritimati')", (traveller.id,))
    told = traveller.spends("5").json()
    there: date = datetime.now(ZoneInfo("Pacific/Kiritimati")).date()
    assert told["expense"]["date"] == str(there)
