"""Recording an expense over HTTP: what is accepted, and that it is written once for its idempotency key."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from local.stack import LocalStack
from pam.platform import aws
from tests.conftest import Traveller

TODAY = datetime.now(ZoneInfo("America/Denver")).date()


def count_rows(owner: psycopg.Connection, traveller: Traveller, table: str = "expenses") -> int:
    row = owner.execute(f"select count(*) from {table} where user_id = %s", (traveller.id,)).fetchone()
    assert row is not None
    return row[0]


def test_expense_is_stored_as_sent(traveller: Traveller, owner: psycopg.Connection) -> None:
    """The answer shows the expense, its source, no budget where there is none, and its undo for ten minutes."""
    reply = traveller.spends(
        "62.10", "groceries", description="  Weekly shop – 🍎  ", date=str(TODAY - timedelta(days=3))
    )
    assert reply.status_code == 201
    answer = reply.json()
    assert (answer["tier"], answer["budget"], answer["simulated"]) == (2, None, False)
    assert answer["source"] == "Your expenses in PAM"
    expense = answer["expense"]
    assert (expense["amount"], expense["currency"], expense["category"]) == ("62.10", "USD", "groceries")
    assert (expense["description"], expense["date"]) == ("Weekly shop – 🍎", str(TODAY - timedelta(days=3)))
    lifetime = datetime.fromisoformat(answer["undo"]["expires_at"]) - datetime.fromisoformat(expense["created_at"])
    assert lifetime == timedelta(minutes=10)
    effect = owner.execute("select id, tool from effects where user_id = %s", (traveller.id,)).fetchone()
    assert effect is not None
    assert (answer["undo"]["method"], answer["undo"]["href"]) == ("DELETE", f"/v1/effects/{effect[0]}")
    assert effect[1] == "create_expense"
    assert count_rows(owner, traveller) == 1


@pytest.mark.parametrize(
    ("limit", "spent", "state", "left"),
    [
        ("100", "79.99", "good", "20.01"),
        ("100", "80", "near", "20.00"),
        ("100", "100", "near", "0.00"),
        ("100", "100.01", "over", "-0.01"),
    ],
)
def test_answer_includes_the_state_of_the_budget(
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


def test_expense_of_an_earlier_month_names_its_month_and_the_current_one(
    traveller: Traveller, owner: psycopg.Connection
) -> None:
    """The text has the date, the budget of its month, and what is left of the current month's."""
    traveller.spends("10", "groceries")
    owner.execute(
        "insert into budgets (user_id, category, monthly_limit, currency) values (%s, 'groceries', 100, 'USD')",
        (traveller.id,),
    )
    day = TODAY.replace(day=1) - timedelta(days=2)
    date_text = f"{day:%b} {day.day}, {day.year}"
    first, second = (traveller.spends("62", "groceries", date=str(day)).json()["text"] for _ in range(2))
    assert first == (
        f"Added $62.00 for groceries on {date_text}. $38.00 of your $100.00 budget for {day:%B %Y} was left. "
        f"For {TODAY:%B %Y}, $90.00 of it is left."
    )
    assert second == (
        f"Added $62.00 for groceries on {date_text}. That puts you $24.00 over your $100.00 budget for {day:%B %Y}. "
        f"For {TODAY:%B %Y}, $90.00 of it is left."
    )


INVALID = [
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


@pytest.mark.parametrize(("body", "code"), INVALID, ids=[f"{code}-{place}" for place, (_, code) in enumerate(INVALID)])
def test_invalid_expense_is_rejected_and_writes_nothing(
    traveller: Traveller, owner: psycopg.Connection, body: str, code: str
) -> None:
    """A 4xx with a stable code and a sentence; no row."""
    reply = traveller.http.post("/v1/expenses", content=body.encode(), headers={"content-type": "application/json"})
    assert 400 <= reply.status_code < 500
    assert reply.json()["code"] == code
    assert reply.json()["message"].endswith(".")
    assert count_rows(owner, traveller) == count_rows(owner, traveller, "effects") == 0


def test_invalid_utf_8_is_rejected(traveller: Traveller, owner: psycopg.Connection) -> None:
    """As text and as bytes."""
    for kind in ("application/json", "application/octet-stream"):
        reply = traveller.http.post("/v1/expenses", content=b'{"amount": "\xff\xfe"}', headers={"content-type": kind})
        assert (reply.status_code, reply.json()["code"]) == (400, "malformed_json")
    assert count_rows(owner, traveller) == 0


def test_sql_in_a_description_is_stored_as_text(traveller: Traveller, owner: psycopg.Connection) -> None:
    """It is not executed."""
    text = "'); drop table expenses; --"
    assert traveller.spends("5", description=text).json()["expense"]["description"] == text
    assert count_rows(owner, traveller) == 1


def test_expense_without_a_date_is_of_today_in_the_users_time_zone(
    traveller: Traveller, owner: psycopg.Connection
) -> None:
    """Whatever day it is in UTC."""
    owner.execute("insert into users (id, time_zone) values (%s, 'Pacific/Kiritimati')", (traveller.id,))
    answer = traveller.spends("5").json()
    today: date = datetime.now(ZoneInfo("Pacific/Kiritimati")).date()
    assert answer["expense"]["date"] == str(today)


def test_repeated_idempotency_key_writes_once(traveller: Traveller, owner: psycopg.Connection) -> None:
    """A repeated request gets the answer of the first."""
    first = traveller.spends("45", key="abc")
    repeated = [traveller.spends("45", key="abc") for _ in range(3)]
    assert all(reply.status_code == 201 and reply.json() == first.json() for reply in repeated)
    assert count_rows(owner, traveller) == 1


def test_concurrent_requests_with_one_key_write_once(
    traveller: Traveller, owner: psycopg.Connection, stack: LocalStack
) -> None:
    """One writes; the others get its answer, or a 409 while it is in progress."""
    stack.functions["expense_create"].warm(3)
    with ThreadPoolExecutor(12) as threads:
        replies = list(threads.map(lambda _: traveller.spends("45", key="race"), range(12)))
    assert {reply.status_code for reply in replies} <= {201, 409}
    assert len({reply.json()["expense"]["id"] for reply in replies if reply.status_code == 201}) == 1
    assert all(reply.json()["code"] == "request_in_progress" for reply in replies if reply.status_code == 409)
    assert traveller.spends("45", key="race").status_code == 201
    assert count_rows(owner, traveller) == 1


def test_key_of_another_request_is_rejected(traveller: Traveller, owner: psycopg.Connection) -> None:
    """The same key with another amount is an error of the client."""
    traveller.spends("45", key="abc")
    reply = traveller.spends("46", key="abc")
    assert (reply.status_code, reply.json()["code"]) == (422, "idempotency_key_reused")
    assert count_rows(owner, traveller) == 1


def test_users_can_use_the_same_key(new_traveller: Callable[[], Traveller], owner: psycopg.Connection) -> None:
    """A key never gets another user's answer."""
    one, other = new_traveller(), new_traveller()
    assert one.spends("45", key="abc").json()["expense"]["id"] != other.spends("45", key="abc").json()["expense"]["id"]
    assert (count_rows(owner, one), count_rows(owner, other)) == (1, 1)


@pytest.mark.parametrize("key", ["", "x" * 129, "with space", "naïve"])
def test_invalid_key_is_rejected(traveller: Traveller, owner: psycopg.Connection, key: str) -> None:
    """Before anything is written."""
    reply = traveller.http.post(
        "/v1/expenses",
        json={"amount": "1", "category": "fuel"},
        headers=[(b"idempotency-key", key.encode("latin-1"))],
    )
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_idempotency_key")
    assert count_rows(owner, traveller) == 0


def idempotency_records(stack: LocalStack) -> dict[str, dict[str, Any]]:
    """Return the items of the idempotency store by their ids."""
    table = stack.environment_of("expense_create")["IDEMPOTENCY_TABLE"]
    return {item["id"]["S"]: item for item in aws.client("dynamodb").scan(TableName=table)["Items"]}


@pytest.mark.usefixtures("lambda_environment")
def test_answer_lost_after_the_commit_is_not_written_again(
    traveller: Traveller, owner: psycopg.Connection, stack: LocalStack
) -> None:
    """If the function dies after its commit, the idempotency store knows nothing of the write, but the ledger does."""
    before = idempotency_records(stack)
    first = traveller.spends("45", key="lost").json()
    [lost] = idempotency_records(stack).keys() - before.keys()
    table = stack.environment_of("expense_create")["IDEMPOTENCY_TABLE"]
    aws.client("dynamodb").delete_item(TableName=table, Key={"id": {"S": lost}})
    assert traveller.spends("45", key="lost").json() == first
    assert count_rows(owner, traveller) == count_rows(owner, traveller, "effects") == 1


@pytest.mark.usefixtures("lambda_environment")
def test_answer_stored_by_another_release_is_made_again_from_the_ledger(
    traveller: Traveller, owner: psycopg.Connection, stack: LocalStack
) -> None:
    """Its fields may have been others."""
    before = idempotency_records(stack)
    first = traveller.spends("45", key="old").json()
    [key] = idempotency_records(stack).keys() - before.keys()
    item = idempotency_records(stack)[key]
    assert first["expense"]["id"] not in json.dumps(item)  # which no deletion of an account would find
    item["data"] = {"S": json.dumps({"expense": {"id": first["expense"]["id"]}})}
    table = stack.environment_of("expense_create")["IDEMPOTENCY_TABLE"]
    aws.client("dynamodb").put_item(TableName=table, Item=item)
    assert traveller.spends("45", key="old").json() == first
    assert count_rows(owner, traveller) == 1


def test_fast_answer_and_request_record_the_same_effect(traveller: Traveller, owner: psycopg.Connection) -> None:
    """An expense added in words has the same undo, and its key writes once, too."""
    headers = {"idempotency-key": "words"}
    asked = [traveller.http.post("/v1/ask", json={"text": "add $45 for gas"}, headers=headers) for _ in range(2)]
    first, second = (reply.json()["answer"] for reply in asked)
    assert first == second
    assert first.keys() == traveller.spends("1").json().keys()
    assert count_rows(owner, traveller) == count_rows(owner, traveller, "effects") == 2
    assert traveller.http.delete(first["undo"]["href"]).status_code == 200
    assert traveller.summary()["total"] == "1.00"
