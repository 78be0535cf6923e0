"""The savings total and the list of expenses."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from pam.money.expense_list import Cursor
from pam.platform.errors import PamError
from tests.conftest import Traveller


def add_saving(
    owner: psycopg.Connection, traveller: Traveller, amount: str, kind: str, days_ago: float, currency: str = "USD"
) -> None:
    owner.execute("insert into users (id) values (%s) on conflict do nothing", (traveller.id,))
    owner.execute(
        "insert into savings (user_id, amount, currency, kind, saved_at) values (%s, %s, %s, %s, %s)",
        (traveller.id, amount, currency, kind, datetime.now(UTC) - timedelta(days=days_ago)),
    )


def test_savings_are_summed_by_kind_and_currency(traveller: Traveller, owner: psycopg.Connection) -> None:
    """Without a period all savings count, those in other currencies at the rate of their day."""
    for amount, kind, days_ago in (("10", "gas", 0), ("15.50", "campground", 40), ("4.50", "gas", 400)):
        add_saving(owner, traveller, amount, kind, days_ago)
    add_saving(owner, traveller, "9", "route", 1, "CAD")
    answer = traveller.http.get("/v1/savings").json()
    [converted] = answer["converted"]
    assert (converted["currency"], converted["total"], converted["count"]) == ("CAD", "9.00", 1)
    assert Decimal("5") < Decimal(converted["value"]) < Decimal("9")
    total = str(Decimal("30.00") + Decimal(converted["value"]))
    assert (answer["total"], answer["count"], answer["window"]["period"]) == (total, 4, "all_time")
    assert answer["by_kind"] == [
        {"kind": "campground", "total": "15.50", "count": 1},
        {"kind": "gas", "total": "14.50", "count": 2},
        {"kind": "route", "total": converted["value"], "count": 1},
    ]
    assert answer["other_currencies"] == []
    recent = traveller.http.get("/v1/savings", params={"period": "last_7_days"}).json()
    assert Decimal(recent["total"]) == 10 + Decimal(converted["value"])
    assert recent["text"].startswith(f"You've saved ${recent['total']} in the last 7 days (")


def test_savings_answer_without_savings_has_a_total_of_zero(traveller: Traveller) -> None:
    """The sentence says that no savings are recorded."""
    answer = traveller.http.get("/v1/savings", params={"period": "this_year"}).json()
    assert (answer["total"], answer["by_kind"]) == ("0.00", [])
    assert answer["text"].startswith("You have no savings recorded this year")


def test_pages_contain_each_expense_once_when_others_are_added_between(
    traveller: Traveller, owner: psycopg.Connection
) -> None:
    """A cursor continues after the last expense of the previous page, also among expenses of the same instant."""
    moment = datetime.now(UTC) - timedelta(days=1)
    owner.execute("insert into users (id) values (%s)", (traveller.id,))
    for number in range(1, 24):
        owner.execute(
            "insert into expenses (user_id, amount, currency, category, spent_at) values (%s, %s, 'USD', 'tolls', %s)",
            (traveller.id, number, moment - timedelta(minutes=number // 5)),
        )
    seen: list[str] = []
    cursor = None
    while True:
        page = traveller.http.get("/v1/expenses", params={"limit": "5"} | ({"cursor": cursor} if cursor else {})).json()
        seen += [expense["id"] for expense in page["expenses"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
        traveller.spends("99")  # newer than all others, so it belongs to no later page
    assert len(seen) == len(set(seen)) == 23


def test_expense_list_with_filters_and_limit_has_the_matching_expenses(traveller: Traveller) -> None:
    """The list is filtered by category and period, newest first, and has the requested number of expenses."""
    today = datetime.fromisoformat(traveller.summary()["as_of"]).date()
    for days_ago, category in ((3, "fuel"), (2, "camping"), (1, "fuel"), (0, "fuel")):
        traveller.spends("5", category, date=str(today - timedelta(days=days_ago)))
    page = traveller.http.get("/v1/expenses", params={"category": "fuel", "limit": "2"}).json()
    assert [e["date"] for e in page["expenses"]] == [str(today), str(today - timedelta(days=1))]
    named = [f"$5.00 for fuel on {day:%b} {day.day}, {day.year}" for day in (today, today - timedelta(days=1))]
    assert page["text"] == f"Your latest 2 fuel expenses, and there are more: {'; '.join(named)}."
    last = traveller.http.post("/v1/ask", json={"text": "what was my last expense"}).json()
    assert last["text"] == f"Your latest expense: {named[0]}."
    yesterday = traveller.http.get("/v1/expenses", params={"period": "yesterday"}).json()
    assert len(yesterday["expenses"]) == 1 and yesterday["next_cursor"] is None
    camping = traveller.http.get("/v1/expenses", params={"category": "propane"}).json()
    assert camping["expenses"] == [] and camping["text"] == "You have no propane expenses recorded."


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "invalid_limit"),
        ("limit=101", "invalid_limit"),
        ("limit=ten", "invalid_limit"),
        ("limit=" + "9" * 400, "invalid_limit"),
        ("limit=٣", "invalid_limit"),
        ("cursor=abc", "invalid_cursor"),
        ("cursor=" + "x" * 500, "invalid_cursor"),
        ("cursor=bm90IGEgY3Vyc29y", "invalid_cursor"),
        ("period=soon", "unknown_period"),
    ],
)
def test_invalid_page_parameters_are_rejected(traveller: Traveller, query: str, code: str) -> None:
    """Each invalid parameter has its own error code."""
    response = traveller.http.get(f"/v1/expenses?{query}")
    assert (response.status_code, response.json()["code"]) == (422, code)


def test_parsed_cursor_equals_the_original_and_a_truncated_one_is_rejected() -> None:
    """A cursor survives the conversion to text and back."""
    cursor = Cursor(datetime.fromisoformat("2026-11-22T19:00:00.123456+00:00"), uuid.UUID(int=7))
    assert Cursor.parse(str(cursor)) == cursor
    with pytest.raises(PamError):
        Cursor.parse(str(cursor)[:-3])
