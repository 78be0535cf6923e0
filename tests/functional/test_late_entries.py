"""Entries that are delivered after they were typed: their days count from the instant and the time zone of typing."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.stack import LocalStack
from pam.answers.ask import LEFT_TO_CHAT
from pam.platform import aws
from tests.conftest import Traveller

DENVER = "America/Denver"
SYDNEY = "Australia/Sydney"


def post(traveller: Traveller, path: str, key: str | None = None, **body: Any) -> httpx.Response:
    headers = {"idempotency-key": key} if key else {}
    return traveller.http.post(f"/v1/{path}", json=body, headers=headers)


def evening(days_ago: int, zone: str = DENVER) -> datetime:
    """Return half past eleven in the evening of a day in a time zone."""
    day = datetime.now(ZoneInfo(zone)).date() - timedelta(days=days_ago)
    return datetime.combine(day, time(23, 30), tzinfo=ZoneInfo(zone))


def stored_dates(owner: psycopg.Connection, traveller: Traveller, zone: str) -> list[date]:
    rows = owner.execute("select spent_at from expenses where user_id = %s", (traveller.id,)).fetchall()
    return [row[0].astimezone(ZoneInfo(zone)).date() for row in rows]


@pytest.mark.parametrize("days_ago", [1, 2, 20, 30])
@pytest.mark.parametrize(("day", "offset"), [("", 0), (" yesterday", 1), (" today", 0)])
def test_sentence_is_dated_when_it_was_typed(
    traveller: Traveller, owner: psycopg.Connection, days_ago: int, day: str, offset: int
) -> None:
    """ "Yesterday" is the day before the sentence was typed, however late it is delivered."""
    typed_at = evening(days_ago)
    added = post(traveller, "ask", text=f"add $45 for gas{day}", timezone=DENVER, typed_at=typed_at.isoformat()).json()
    expected = typed_at.date() - timedelta(days=offset)
    assert added["answer"]["expense"]["date"] == str(expected)
    assert stored_dates(owner, traveller, DENVER) == [expected]
    assert f"{expected:%b} {expected.day}" in added["text"], "a date other than today's is named"


def test_day_is_that_of_the_zone_of_typing(traveller: Traveller) -> None:
    """The same instant is another day in Sydney than in Denver."""
    typed_at = evening(3)
    dates = [
        post(traveller, "expenses", amount="5", category="tolls", timezone=zone, typed_at=typed_at.isoformat()).json()[
            "expense"
        ]["date"]
        for zone in (DENVER, SYDNEY)
    ]
    assert dates == [str(typed_at.date()), str(typed_at.date() + timedelta(days=1))]


def test_without_zone_the_day_is_that_of_the_settings(traveller: Traveller) -> None:
    """A client that doesn't send its zone gets the day of the user's settings."""
    typed_at = evening(4)
    body = {"text": "add $45 for gas yesterday", "typed_at": typed_at.astimezone(UTC).isoformat()}
    added = post(traveller, "ask", **body).json()
    assert added["answer"]["expense"]["date"] == str(typed_at.date() - timedelta(days=1))


def test_undo_of_a_late_entry_is_open_for_ten_minutes_from_delivery(traveller: Traveller) -> None:
    """The undo counts from the write, not from the typing."""
    added = post(
        traveller, "expenses", amount="5", category="tolls", timezone=DENVER, typed_at=evening(20).isoformat()
    ).json()
    left = datetime.fromisoformat(added["undo"]["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)
    assert traveller.http.delete(added["undo"]["href"]).status_code == 200


@pytest.mark.parametrize(("path", "body"), [
    ("ask", {"text": "add $45 for gas yesterday"}),
    ("expenses", {"amount": "45", "category": "fuel"}),
])  # fmt: skip
@pytest.mark.parametrize(
    ("ago", "code"),
    [(timedelta(hours=-1), "invalid_typed_at"), (timedelta(days=32), "entry_too_old")],
)
def test_instant_out_of_bounds_writes_nothing(
    traveller: Traveller, owner: psycopg.Connection, path: str, body: dict[str, str], ago: timedelta, code: str
) -> None:
    """A time of typing that is still to come or too long ago is an error of its own field."""
    typed_at = (datetime.now(UTC) - ago).isoformat()
    refused = post(traveller, path, **body, timezone=DENVER, typed_at=typed_at)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, code, "typed_at")
    assert stored_dates(owner, traveller, DENVER) == []


@pytest.mark.parametrize(("path", "body"), [
    ("ask", {"text": "add $45 for gas yesterday"}),
    ("expenses", {"amount": "45", "category": "fuel"}),
])  # fmt: skip
def test_repetition_from_another_zone_is_the_same_request(
    traveller: Traveller, owner: psycopg.Connection, path: str, body: dict[str, str]
) -> None:
    """The key decides, also after a drive into another time zone and without the time of typing."""
    key = str(uuid.uuid4())
    first = post(traveller, path, key, **body, timezone=DENVER, typed_at=evening(2).isoformat())
    second = post(traveller, path, key, **body, timezone=SYDNEY)
    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert len(stored_dates(owner, traveller, DENVER)) == 1


def test_other_content_under_the_same_key_is_refused(traveller: Traveller) -> None:
    """A key stands for what was written."""
    key = str(uuid.uuid4())
    assert post(traveller, "ask", key, text="add $45 for gas").status_code == 200
    assert post(traveller, "ask", key, text="add $46 for gas").json()["code"] == "idempotency_key_reused"


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    days_ago=st.integers(1, 30),
    zones=st.permutations([DENVER, SYDNEY, "Pacific/Kiritimati", "UTC"]),
    path=st.sampled_from(["ask", "expenses"]),
)
def test_late_entry_is_one_row_however_late_it_is_repeated(
    traveller: Traveller,
    owner: psycopg.Connection,
    stack: LocalStack,
    lambda_environment: None,
    days_ago: int,
    zones: list[str],
    path: str,
) -> None:
    """The ledger keeps the key for good: a repetition after the day of the idempotency records adds no row."""
    key, typed_at = str(uuid.uuid4()), evening(days_ago, zones[0])
    contents = {"ask": {"text": "add $45 for gas"}, "expenses": {"amount": "45", "category": "fuel"}}
    before = len(stored_dates(owner, traveller, zones[0]))
    replies = []
    for zone in zones[:3]:
        reply = post(traveller, path, key, **contents[path], timezone=zone, typed_at=typed_at.isoformat()).json()
        replies.append(reply["answer"] if path == "ask" else reply)
        forget_idempotency_records(stack)
    assert {reply["expense"]["id"] for reply in replies} == {replies[0]["expense"]["id"]}
    assert {reply["expense"]["date"] for reply in replies} == {str(typed_at.date())}
    assert len(stored_dates(owner, traveller, zones[0])) == before + 1


def forget_idempotency_records(stack: LocalStack) -> None:
    """Delete what DynamoDB deletes after a day."""
    table = stack.environment_of("expense_create")["IDEMPOTENCY_TABLE"]
    client = aws.client("dynamodb")
    for item in client.scan(TableName=table)["Items"]:
        client.delete_item(TableName=table, Key={"id": item["id"]})


@pytest.mark.parametrize(
    "text",
    ["How much did I spend this month?", "what did I spend yesterday", "what's the weather in Denver tomorrow"],
)
def test_question_about_days_of_another_day_is_left_to_the_chat(traveller: Traveller, text: str) -> None:
    """A fast answer counts from the present, which isn't what was asked; the same question of today is answered."""
    late = post(traveller, "ask", text=text, timezone=DENVER, typed_at=evening(1).isoformat()).json()
    assert late["tier"] == LEFT_TO_CHAT.tier
    now = datetime.now(UTC).isoformat()
    assert post(traveller, "ask", text=text, timezone=DENVER, typed_at=now).json()["tier"] < 3


def test_distance_is_answered_however_late(traveller: Traveller) -> None:
    """What doesn't depend on a day is answered at once."""
    body = {"text": "how far is it from Denver to Moab, Utah", "timezone": DENVER, "typed_at": evening(9).isoformat()}
    assert post(traveller, "ask", **body).json()["intent"] == "distance"
