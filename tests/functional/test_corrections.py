"""Refunds, corrections and deletions of expenses, over HTTP and in words."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Traveller

TODAY = datetime.now(ZoneInfo("America/Denver")).date()


def date_text(days_ago: int) -> str:
    day = TODAY - timedelta(days=days_ago)
    return f"{day:%b} {day.day}, {day.year}"


def ask(traveller: Traveller, text: str, **more: Any) -> dict[str, Any]:
    return traveller.http.post("/v1/ask", json={"text": text, "timezone": "America/Denver", **more}).json()


def add(traveller: Traveller, amount: str, category: str = "fuel", **more: Any) -> dict[str, Any]:
    reply = traveller.spends(amount, category, **more)
    assert reply.status_code == 201, reply.text
    return reply.json()


def correct(traveller: Traveller, answer: dict[str, Any], **changes: Any) -> Any:
    return traveller.http.patch(f"/v1/expenses/{answer['expense']['id']}", json=changes)


def delete(traveller: Traveller, answer: dict[str, Any]) -> Any:
    return traveller.http.delete(f"/v1/expenses/{answer['expense']['id']}")


def undo(traveller: Traveller, answer: dict[str, Any]) -> Any:
    return traveller.http.delete(answer["undo"]["href"])


def listed(traveller: Traveller) -> list[tuple[str, str, str, str]]:
    """Return amount, currency, category and date of each expense, the newest first."""
    expenses = traveller.http.get("/v1/expenses").json()["expenses"]
    return [(each["amount"], each["currency"], each["category"], each["date"]) for each in expenses]


def test_refund_in_words_reduces_its_category(traveller: Traveller, owner: psycopg.Connection) -> None:
    """In the total, the category, the list and the budget; its undo brings the category back."""
    owner.execute("insert into users (id, time_zone) values (%s, 'America/Denver')", (traveller.id,))
    owner.execute(
        "insert into budgets (user_id, category, monthly_limit, currency) values (%s, 'propane', 100, 'USD')",
        (traveller.id,),
    )
    add(traveller, "90", "propane")
    add(traveller, "10", "tolls")
    answer = ask(traveller, "got $20 back on propane")
    assert (answer["intent"], answer["slots"]["kind"]) == ("add_expense", "refund")
    assert answer["text"] == "Recorded a refund of $20.00 for propane. $30.00 of your $100.00 monthly budget is left."
    expense = answer["answer"]["expense"]
    assert (expense["kind"], expense["amount"]) == ("refund", "-20.00")
    summary = traveller.summary()
    assert (summary["total"], summary["count"]) == ("80.00", 2)
    assert {part["category"]: part["total"] for part in summary["by_category"]} == {
        "propane": "70.00",
        "tolls": "10.00",
    }
    assert listed(traveller)[0] == ("-20.00", "USD", "propane", str(TODAY))
    taken_back = undo(traveller, answer["answer"]).json()
    assert taken_back["text"] == "Your refund of $20.00 for propane is taken back."
    assert taken_back["budget"]["left"] == "10.00"
    assert traveller.summary()["total"] == "100.00"


@pytest.mark.parametrize(
    "text", ["did I get $20 back on propane?", "I didn't get $20 back on propane", "I should get $20 back on propane"]
)
def test_question_or_negation_of_a_refund_records_nothing(traveller: Traveller, text: str) -> None:
    """Claude answers it."""
    assert ask(traveller, text)["tier"] == 3
    assert listed(traveller) == []


def test_refund_larger_than_its_category_is_shown_as_it_is(traveller: Traveller) -> None:
    """The sum is below zero, and neither a share nor the largest expense."""
    add(traveller, "30", "groceries")
    add(traveller, "50", "propane", kind="refund", date=str(TODAY - timedelta(days=1)))
    summary = traveller.summary(period="last_7_days")
    assert summary["total"] == "-20.00"
    assert summary["text"].startswith("You got back $20.00 more than you spent")
    assert {part["category"]: part["share"] for part in summary["by_category"]} == {"groceries": 1.0, "propane": 0.0}
    assert summary["top_expense"]["category"] == "groceries"
    assert [part[0] for part in listed(traveller)] == ["30.00", "-50.00"]


def test_dated_refund_in_another_currency_names_its_date(traveller: Traveller) -> None:
    """And isn't the user's own currency."""
    answer = ask(traveller, "we got a refund of 35.50 euros for camping yesterday")
    assert answer["text"].startswith("Recorded a refund of €35.50 for camping on ")
    assert answer["answer"]["expense"]["currency"] == "EUR"
    expected = str(datetime.now(ZoneInfo("America/Denver")).date() - timedelta(days=1))
    assert answer["answer"]["expense"]["date"] == expected


def test_negative_amount_stays_an_error(traveller: Traveller) -> None:
    """A refund is named as one."""
    for amount in ("-20", "-$20"):
        assert traveller.spends(amount, kind="refund").json()["code"] == "invalid_amount"
    assert traveller.spends("20", kind="gift").json()["code"] == "invalid_request"


def test_old_expense_is_corrected_and_its_undo_restores_it(traveller: Traveller, owner: psycopg.Connection) -> None:
    """Later than ten minutes; the answer names the date, and the expense before and after."""
    owner.execute("insert into users (id, time_zone) values (%s, 'America/Denver')", (traveller.id,))
    added = add(traveller, "45", date=str(TODAY - timedelta(days=20)), description="Moab")
    owner.execute("update effects set done_at = done_at - interval '9 days' where user_id = %s", (traveller.id,))
    answer = correct(traveller, added, amount="54.20", category="propane").json()
    assert answer["text"] == f"Changed $45.00 for fuel on {date_text(20)} to $54.20 for propane on {date_text(20)}."
    assert (answer["before"]["amount"], answer["expense"]["amount"]) == ("45.00", "54.20")
    assert answer["expense"]["description"] == "Moab"
    assert listed(traveller) == [("54.20", "USD", "propane", str(TODAY - timedelta(days=20)))]
    first, repeated = undo(traveller, answer), undo(traveller, answer)
    assert first.json()["text"] == repeated.json()["text"] == f"It is $45.00 for fuel on {date_text(20)} again."
    assert listed(traveller) == [("45.00", "USD", "fuel", str(TODAY - timedelta(days=20)))]


def test_correction_of_the_date_names_both_dates(traveller: Traveller, owner: psycopg.Connection) -> None:
    """Today's, too; the same correction again changes nothing, and needs no undo."""
    owner.execute("insert into users (id, time_zone) values (%s, 'America/Denver')", (traveller.id,))
    added = add(traveller, "45")
    day = str(TODAY - timedelta(days=1))
    answer = correct(traveller, added, date=day).json()
    assert answer["text"] == f"Changed $45.00 for fuel on {date_text(0)} to $45.00 for fuel on {date_text(1)}."
    again = correct(traveller, added, date=day).json()
    assert again["undo"] is None
    assert again["text"] == f"Nothing was changed: $45.00 for fuel on {date_text(1)} is what is recorded."


def test_deleted_expense_counts_no_more_until_its_undo(traveller: Traveller) -> None:
    """It can't be corrected or deleted meanwhile."""
    added = add(traveller, "45")
    answer = delete(traveller, added).json()
    assert answer["text"] == "Deleted $45.00 for fuel."
    assert listed(traveller) == []
    for reply in (delete(traveller, added), correct(traveller, added, amount="1")):
        assert (reply.status_code, reply.json()["code"]) == (404, "expense_not_found")
    assert undo(traveller, answer).status_code == 200
    assert [part[0] for part in listed(traveller)] == ["45.00"]


def test_undo_never_destroys_a_later_correction(traveller: Traveller) -> None:
    """It is refused; undone from the last to the first, each restores what it changed."""
    added = add(traveller, "45")
    first = correct(traveller, added, amount="54").json()
    second = correct(traveller, added, category="propane").json()
    assert undo(traveller, first).json()["code"] == "modified_since"
    assert listed(traveller)[0][:3] == ("54.00", "USD", "propane")
    assert undo(traveller, second).status_code == 200
    assert listed(traveller)[0][:3] == ("54.00", "USD", "fuel")
    assert undo(traveller, first).status_code == 200
    assert listed(traveller)[0][:3] == ("45.00", "USD", "fuel")
    third = correct(traveller, added, amount="99").json()
    assert undo(traveller, first).json()["code"] == "modified_since"
    assert third["expense"]["amount"] == listed(traveller)[0][0] == "99.00"


def test_undo_of_a_deletion_does_not_bring_back_what_was_taken_back(traveller: Traveller) -> None:
    """And that of a correction doesn't bring back what was deleted."""
    added = add(traveller, "45")
    corrected = correct(traveller, added, amount="54").json()
    deleted = delete(traveller, added).json()
    assert undo(traveller, corrected).json()["code"] == "modified_since"
    assert undo(traveller, added).status_code == 200
    assert undo(traveller, deleted).json()["code"] == "modified_since"
    assert listed(traveller) == []


def test_concurrent_corrections_both_apply(traveller: Traveller) -> None:
    """One changes the result of the other."""
    added = add(traveller, "45")
    changes = [{"amount": "54"}, {"category": "propane"}, {"description": "full"}, {"currency": "CAD"}]
    with ThreadPoolExecutor(4) as threads:
        replies = list(threads.map(lambda change: correct(traveller, added, **change), changes))
    assert [reply.status_code for reply in replies] == [200] * 4
    (expense,) = traveller.http.get("/v1/expenses").json()["expenses"]
    fields = ("amount", "category", "description", "currency")
    assert [expense[name] for name in fields] == ["54.00", "propane", "full", "CAD"]


def test_repeated_key_corrects_and_deletes_once(traveller: Traveller) -> None:
    """A retry gets the first answer, whatever happened since."""
    added = add(traveller, "45")
    path = f"/v1/expenses/{added['expense']['id']}"
    headers = {"idempotency-key": "one"}
    first = traveller.http.patch(path, json={"amount": "54"}, headers=headers)
    correct(traveller, added, amount="60")
    assert traveller.http.patch(path, json={"amount": "54"}, headers=headers).json() == first.json()
    assert listed(traveller)[0][0] == "60.00"
    deleted = traveller.http.delete(path, headers={"idempotency-key": "two"})
    assert traveller.http.delete(path, headers={"idempotency-key": "two"}).json() == deleted.json()
    assert traveller.http.delete(path, headers=headers).json()["code"] == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "invalid_request"),
        ({"timezone": "America/Denver"}, "invalid_request"),
        ({"amount": "0"}, "invalid_amount"),
        ({"amount": "45 bananas"}, "unknown_currency"),
        ({"category": "admin"}, "unknown_category"),
        ({"date": str(TODAY + timedelta(days=2))}, "date_in_future"),
        ({"date": "2020-01-01"}, "date_too_old"),
        ({"user_id": "7a3d1c52-9e0b-4f0e-8d65-1f2b7c9a4e10"}, "invalid_request"),
    ],
)
def test_invalid_correction_changes_nothing(traveller: Traveller, changes: dict[str, str], code: str) -> None:
    """The error has its code, and the expense stays."""
    added = add(traveller, "45")
    reply = correct(traveller, added, **changes)
    assert (reply.status_code, reply.json()["code"]) == (422, code)
    assert listed(traveller)[0][:3] == ("45.00", "USD", "fuel")


def test_expense_of_another_user_is_not_found(new_traveller: Callable[[], Traveller]) -> None:
    """As an unknown id and nonsense aren't."""
    one, other = new_traveller(), new_traveller()
    added = add(one, "45")
    unknown = [other.http.patch(f"/v1/expenses/{name}", json={"amount": "1"}) for name in (uuid4(), "1", "%00")]
    for reply in (*unknown, correct(other, added, amount="1"), delete(other, added)):
        assert (reply.status_code, reply.json()["code"]) == (404, "expense_not_found")
    assert [part[0] for part in listed(one)] == ["45.00"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("make that $54", ("54.00", "USD", "fuel", 0)),
        ("it was 30 euros, not dollars", ("30.00", "EUR", "fuel", 0)),
        ("that was groceries", ("45.00", "USD", "groceries", 0)),
        ("actually it was yesterday", ("45.00", "USD", "fuel", 1)),
        ("oops, the amount should be $4.50", ("4.50", "USD", "fuel", 0)),
    ],
)
def test_correction_in_words_changes_the_last_expense(
    traveller: Traveller, text: str, expected: tuple[str, str, str, int]
) -> None:
    """And only that; a second one applies to its result."""
    add(traveller, "10", "tolls", date=str(TODAY - timedelta(days=3)))
    ask(traveller, "add $45 for gas")
    answer = ask(traveller, text)
    assert (answer["tier"], answer["intent"]) == (2, "correct_expense")
    today = datetime.now(ZoneInfo("America/Denver")).date()
    assert listed(traveller) == [
        (*expected[:3], str(today - timedelta(days=expected[3]))),
        ("10.00", "USD", "tolls", str(TODAY - timedelta(days=3))),
    ]
    assert (
        ask(traveller, "make that $99")["answer"]["before"]["amount"] == expected[0] if expected[1] == "USD" else True
    )
    assert undo(traveller, answer["answer"]).status_code in (200, 409)


def test_correction_in_words_of_nothing_recent_is_left_to_the_chat(
    traveller: Traveller, owner: psycopg.Connection
) -> None:
    """Where there is no expense, it is old, taken back or deleted, or the last write was another one."""
    assert ask(traveller, "make that $54")["tier"] == 3
    added = add(traveller, "45")
    owner.execute("update effects set done_at = done_at - interval '16 minutes' where user_id = %s", (traveller.id,))
    assert ask(traveller, "make that $54")["tier"] == 3
    undone = add(traveller, "7", "tolls")
    undo(traveller, undone)
    assert ask(traveller, "make that $54")["tier"] == 3
    delete(traveller, added)
    assert ask(traveller, "make that $54")["tier"] == 3
    assert listed(traveller) == []


def test_correction_after_another_answer_is_left_to_the_chat(traveller: Traveller) -> None:
    """It may be about that answer."""
    conversation = {"conversation_id": str(uuid4())}
    ask(traveller, "add $45 for gas", **conversation)
    assert ask(traveller, "make that $46", **conversation)["intent"] == "correct_expense"
    ask(traveller, "how much did I spend on gas this month", **conversation)
    assert ask(traveller, "make that $54", **conversation)["tier"] == 3
    assert listed(traveller)[0][0] == "46.00"


def test_symbol_of_two_currencies_is_ambiguous_in_a_correction(traveller: Traveller) -> None:
    """The expense's own and the user's; a number alone, and a symbol of one currency, are certain."""
    added = add(traveller, "45", currency="CAD")
    reply = correct(traveller, added, amount="$54").json()
    assert (reply["code"], [choice["value"] for choice in reply["choices"]]) == (
        "ambiguous_amount",
        ["54.00 CAD", "54.00 USD"],
    )
    assert ask(traveller, "make that $54")["tier"] == 3
    for amount, currency in (("54", "CAD"), ("54.50", "CAD"), ("CA$55", "CAD"), ("€56", "EUR"), ("US$57", "USD")):
        assert correct(traveller, added, amount=amount).json()["expense"]["currency"] == currency


_AMOUNTS = st.decimals(Decimal("0.01"), Decimal(1000), places=2).map(str)
_STEPS = st.lists(
    st.one_of(
        st.fixed_dictionaries({"amount": _AMOUNTS}),
        st.fixed_dictionaries({"category": st.sampled_from(["fuel", "propane", "tolls"])}),
        st.fixed_dictionaries({"kind": st.sampled_from(["expense", "refund"])}),
        st.fixed_dictionaries({"date": st.integers(0, 6).map(lambda ago: str(TODAY - timedelta(days=ago)))}),
        st.just("delete"),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS, kind=st.sampled_from(["expense", "refund"]))
def test_undoing_all_changes_in_reverse_restores_the_expense(
    new_traveller: Callable[[], Traveller], steps: list[Any], kind: str
) -> None:
    """Whatever they were; the total is always that of the list."""
    traveller = new_traveller()
    added = add(traveller, "45.10", kind=kind)
    before, answers = listed(traveller), []
    for step in steps:
        reply = delete(traveller, added) if step == "delete" else correct(traveller, added, **step)
        if reply.status_code == 404:
            assert listed(traveller) == []
            break
        answers.append(reply.json())
        total = sum((Decimal(part[0]) for part in listed(traveller)), Decimal(0))
        assert Decimal(traveller.summary(period="last_14_days")["total"]) == total
    for answer in reversed(answers):
        assert answer["undo"] is None or undo(traveller, answer).status_code == 200
    assert listed(traveller) == before
