"""Savings, a month's analysis and projection, what is worth a look, and the category of words."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from pam.tools.catalog.budget import (
    analyze_budget,
    categorize_transaction,
    find_savings_opportunities,
    predict_end_of_month,
    track_savings,
)
from pam.tools.catalog.money import create_expense, delete_expense, update_budget
from pam.tools.engine.results import result_json
from tests.functional.tools.conftest import Caller, ManualClock, error_of

Callers = Callable[..., Caller]
READERS = (analyze_budget, predict_end_of_month, find_savings_opportunities, categorize_transaction)


@pytest.fixture
def book(owner: psycopg.Connection) -> Callable[..., None]:
    """Insert expenses (day at noon in Denver, amount, category, description) in US dollars past the tools."""

    def insert(caller: Caller, *expenses: tuple[str, str, str, str]) -> None:
        owner.execute("insert into users (id) values (%s) on conflict do nothing", (caller.id,))
        for day, amount, category, description in expenses:
            owner.execute(
                "insert into expenses (user_id, spent_at, amount, currency, category, description)"
                " values (%s, (%s::timestamp + interval '12 hours') at time zone 'America/Denver', %s, 'USD', %s, %s)",
                (caller.id, day, amount, category, description),
            )

    return insert


def read_savings_rows(owner: psycopg.Connection, caller: Caller) -> list[tuple[Any, ...]]:
    return owner.execute(
        "select amount, currency, kind, category, description from savings where user_id = %s", (caller.id,)
    ).fetchall()


def test_saving_is_recorded_and_taken_back(new_caller: Callers, noon: ManualClock, owner: psycopg.Connection) -> None:
    """Once for a key, and the undo leaves no row, also when it is repeated."""
    caller = new_caller(noon)
    raw = '{"amount": 18.4, "category": "camping", "kind": "campground", "description": " Free night "}'
    first, repeated = caller.call(track_savings, raw, key="one"), caller.call(track_savings, raw, key="one")
    assert first.text == "Recorded $18.40 saved on camping. This year you've saved $18.40."
    assert repeated.data == first.data
    assert read_savings_rows(owner, caller) == [(Decimal("18.40"), "USD", "campground", "camping", "Free night")]
    assert first.data["saving"]["date"] == "2026-11-22" and first.source == "Your expenses in PAM"
    second = caller.call(track_savings, '{"amount": 1, "category": "fuel"}')
    assert second.data["saved_this_year"] == {"total": "19.40", "currency": "USD", "count": 2}
    assert caller.undo(first, track_savings) == "The saving of $18.40 is taken back."
    assert read_savings_rows(owner, caller) == [(Decimal("1.00"), "USD", "gas", "fuel", "")]
    assert caller.undo(second, track_savings) == "The saving of $1.00 is taken back."
    assert read_savings_rows(owner, caller) == []


def test_saving_in_another_currency_counts_at_the_rate_of_its_day(caller: Caller, owner: psycopg.Connection) -> None:
    """As an expense does; the amount stays in its currency."""
    result = caller.call(track_savings, '{"amount": "€20", "category": "fuel", "kind": "gas"}')
    assert result.source == "Your expenses in PAM, ECB (simulated)" and result.simulated
    assert result.text.startswith("Recorded €20.00 saved on fuel. This year you've saved $")
    [row] = owner.execute(
        "select currency, rate_currency, round(amount * exchange_rate, 2)::text from savings where user_id = %s",
        (caller.id,),
    ).fetchall()
    assert row == ("EUR", "USD", result.data["saved_this_year"]["total"])


@pytest.mark.parametrize(
    ("raw", "code", "field"),
    [
        ('{"amount": 5}', "invalid_request", "category"),
        ('{"amount": 0, "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": 1000000.01, "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": 1.005, "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": 5, "category": "gas"}', "unknown_category", "category"),
        ('{"amount": 5, "category": "fuel", "kind": "luck"}', "unknown_saving_kind", "kind"),
        ('{"amount": 5, "category": "fuel", "kind": 3}', "unknown_saving_kind", "kind"),
        ('{"amount": 5, "category": "fuel", "description": "' + "x" * 501 + '"}', "invalid_text", "description"),
    ],
)
def test_invalid_saving_is_rejected(caller: Caller, owner: psycopg.Connection, raw: str, code: str, field: str) -> None:
    """Nothing is written."""
    error = error_of(lambda: caller.call(track_savings, raw))
    assert (error.error.code, error.field) == (code, field) and error.message[-1] == "."
    assert read_savings_rows(owner, caller) == []


@pytest.mark.parametrize(
    ("tool", "raw", "code"),
    [
        (analyze_budget, '{"month": "last_week"}', "unknown_period"),
        (analyze_budget, '{"month": 3}', "unknown_period"),
        (predict_end_of_month, '{"category": "rent"}', "unknown_category"),
        (find_savings_opportunities, '{"min_amount": 0}', "invalid_amount"),
        (find_savings_opportunities, '{"min_amount": 1000000.01}', "invalid_amount"),
        (categorize_transaction, "{}", "invalid_request"),
        (categorize_transaction, '{"description": " "}', "invalid_text"),
        (categorize_transaction, '{"description": "' + "x" * 201 + '"}', "invalid_text"),
        (categorize_transaction, '{"description": "a", "merchant": "' + "x" * 101 + '"}', "invalid_text"),
        (categorize_transaction, '{"description": "a", "amount": -1}', "invalid_amount"),
    ],
)
def test_invalid_argument_of_a_reader_is_rejected(caller: Caller, tool: Any, raw: str, code: str) -> None:
    """With the code that the same value has elsewhere."""
    assert error_of(lambda: caller.call(tool, raw)).error.code == code


def test_readers_of_an_empty_account_invent_nothing(new_caller: Callers, noon: ManualClock) -> None:
    """And say what is missing."""
    caller = new_caller(noon)
    texts = [
        caller.call(tool, '{"description": "zzz"}' if tool is categorize_transaction else "").text for tool in READERS
    ]
    assert texts == [
        "You have no budget in USD.",
        "You've spent $0.00 this month. Your records are too short to say where the month is heading.",
        "You have no expenses recorded, so there is nothing to find.",
        "PAM can't tell the category: neither your earlier expenses nor its vocabulary have one category for such "
        "words.",
    ]


def test_readers_see_no_other_user(new_caller: Callers, noon: ManualClock) -> None:
    """Whatever others have recorded."""
    one, other = new_caller(noon), new_caller(noon)
    for _ in range(3):
        one.call(create_expense, '{"amount": 50, "category": "dining", "description": "Zebra House"}')
    assert one.call(categorize_transaction, '{"description": "Zebra House"}').data["category"] == "dining"
    assert other.call(categorize_transaction, '{"description": "Zebra House"}').data["category"] is None
    assert other.call(predict_end_of_month, "").data["spent"] == "0.00"


def test_analysis_names_the_state_of_each_category(new_caller: Callers, noon: ManualClock, book: Any) -> None:
    """Over the limit, from 80 % of it, and below; the furthest over first."""
    caller = new_caller(noon)
    book(
        caller,
        ("2026-11-05", "120.01", "fuel", ""),
        ("2026-11-05", "80", "camping", ""),
        ("2026-11-06", "79.99", "dining", ""),
        ("2026-11-07", "5", "tolls", ""),
        ("2026-10-31", "500", "dining", ""),
    )
    for category in ("fuel", "camping", "dining"):
        caller.call(update_budget, json.dumps({"amount": 100, "category": category}))
    result = caller.call(analyze_budget, "")
    assert [(each["category"], each["percent"], each["state"]) for each in result.data["categories"]] == [
        ("fuel", 120.0, "over"),
        ("camping", 80.0, "near"),
        ("dining", 80.0, "good"),
    ]
    assert [(each["category"], each["spent"]) for each in result.data["without_budget"]] == [("tolls", "5.00")]
    assert result.text.endswith("Over: fuel (120 %). Near the limit: camping (80 %). Good: dining (80 %).")
    october = caller.call(analyze_budget, '{"month": "october"}').data
    assert (october["categories"][0]["category"], october["categories"][0]["state"]) == ("dining", "over")


MONTHS = ("2026-08", "2026-09", "2026-10")


def history(fixed_day: str = "05") -> list[tuple[str, str, str, str]]:
    """Three whole months: Starlink 120, and 30 of groceries on the 10th, 20th and 28th, 10 more each month."""
    entries = [("2026-08-01", "1", "tolls", "")]
    for at, month in enumerate(MONTHS):
        entries.append((f"{month}-{fixed_day}", "120", "internet", "Starlink"))
        entries += [(f"{month}-{day}", str(30 + 10 * at), "groceries", f"Market {day}") for day in ("10", "20", "28")]
    return entries


def test_projection_counts_a_paid_bill_once(new_caller: Callers, noon: ManualClock, book: Any) -> None:
    """On 22 November, eight days are left: those of the months before brought 30, 40 and 50, and this month's pace is
    8/22 of 110. The bill is paid, so that it isn't in the pace."""
    caller = new_caller(noon)
    book(
        caller,
        *history(),
        ("2026-11-05", "120", "internet", "Starlink 11/26"),
        ("2026-11-10", "110", "groceries", "Market"),
    )
    data = caller.call(predict_end_of_month, "").data
    assert (data["spent"], data["fixed_paid"], data["fixed_due"]) == ("230.00", "120.00", [])
    assert (data["running"], data["months"], data["days_left"]) == ("40.00", 3, 8)
    assert (data["projected"], data["lowest"], data["highest"]) == ("270.00", "260.00", "280.00")


def test_projection_adds_a_bill_that_is_due(new_caller: Callers, noon: ManualClock, book: Any) -> None:
    """It was never in the usual running costs, though its day is in the last eight of the months before."""
    caller = new_caller(noon)
    book(caller, *history("25"), ("2026-11-10", "110", "groceries", "Market"))
    result = caller.call(predict_end_of_month, "")
    [due] = result.data["fixed_due"]
    assert (due["name"], due["amount"], due["day"], due["late"]) == ("Starlink", "120.00", "2026-11-25", False)
    assert (result.data["projected"], result.data["lowest"], result.data["highest"]) == ("270.00", "260.00", "280.00")
    assert result.text == (
        "You've spent $110.00 this month, and it's heading for about $270.00: $260.00 to $280.00. Still due: Starlink "
        "($120.00). It rests on the 3 whole months before."
    )
    internet = caller.call(predict_end_of_month, '{"category": "internet"}').data
    assert (internet["spent"], internet["projected"], internet["lowest"]) == ("0.00", "120.00", "120.00")


def test_bill_that_is_overdue_widens_the_range_alone(new_caller: Callers, noon: ManualClock, book: Any) -> None:
    """Nobody knows whether it ended or wasn't recorded."""
    caller = new_caller(noon)
    book(caller, *history("05"), ("2026-11-10", "110", "groceries", "Market"))
    result = caller.call(predict_end_of_month, "")
    assert (result.data["projected"], result.data["lowest"], result.data["highest"]) == ("150.00", "140.00", "280.00")
    assert "Usually paid by now, but not recorded: Starlink." in result.text


def test_weekly_amounts_are_no_fixed_cost(new_caller: Callers, noon: ManualClock, book: Any) -> None:
    """Four of the same amount in a month are running costs, whatever their days."""
    caller = new_caller(noon)
    weekly = [(f"{month}-{day}", "60", "fuel", "Fill-up") for month in MONTHS for day in ("01", "08", "15", "24")]
    book(caller, *weekly)
    data = caller.call(predict_end_of_month, "").data
    assert (data["fixed_due"], data["running"], data["projected"]) == ([], "60.00", "60.00")


@pytest.mark.parametrize(
    ("now", "days", "due"),
    [
        # Paid on the last day of each month, however long it is.
        ("2026-02-10", ("2025-11-30", "2025-12-31", "2026-01-31"), "2026-02-28"),
        ("2028-02-10", ("2027-11-30", "2027-12-31", "2028-01-31"), "2028-02-29"),
        ("2026-05-10", ("2026-02-28", "2026-03-31", "2026-04-30"), "2026-05-30"),
    ],
)
def test_last_days_of_months_are_the_same_day(
    new_caller: Callers, book: Any, now: str, days: tuple[str, ...], due: str
) -> None:
    """A bill of the last day is due on the last day of February, too."""
    caller = new_caller(ManualClock(datetime.fromisoformat(f"{now}T19:00+00:00")))
    first = date.fromisoformat(days[0]).replace(day=1).isoformat()
    book(caller, (first, "1", "tolls", ""), *((day, "400", "insurance", "Policy") for day in days))
    [cost] = caller.call(predict_end_of_month, "").data["fixed_due"]
    assert (cost["day"], cost["late"]) == (due, False)


def test_projection_with_many_bills_fits_into_a_result(new_caller: Callers, noon: ManualClock, book: Any) -> None:
    """The highest are listed, with names as long as they may be; all count."""
    caller = new_caller(noon)
    bills = [
        (f"2026-{month:02}-25", str(100 + number), "utilities", f"{'Straßenbeleuchtung ' * 25}{chr(0x4E00 + number)}")
        for month in (8, 9, 10)
        for number in range(60)
    ]
    book(caller, ("2026-07-31", "1", "tolls", ""), *bills)
    result = caller.call(predict_end_of_month, "")
    assert len(result_json(result).encode()) <= 8192
    assert [due["amount"] for due in result.data["fixed_due"]] == [f"{159 - number}.00" for number in range(20)]
    assert result.data["fixed_due_not_listed"] == 40
    assert result.data["projected"] == f"{sum(range(100, 160))}.00"
    assert "and 55 more" in result.text


def test_projection_without_a_whole_month_names_its_pace(new_caller: Callers, noon: ManualClock, book: Any) -> None:
    """Without a whole month before: 220 in 22 days are 80 more in the eight that are left, give or take a day's
    standard deviation times the square root of eight."""
    caller = new_caller(noon)
    book(caller, ("2026-11-01", "220", "groceries", "Market"))
    result = caller.call(predict_end_of_month, "")
    deviation = (Decimal(220) ** 2 / 22 - Decimal(10) ** 2).sqrt() * Decimal(8).sqrt()
    highest = (Decimal(300) + deviation).quantize(Decimal("0.01"))
    data = result.data
    assert (data["projected"], data["lowest"], data["highest"]) == ("300.00", "220.00", str(highest))
    assert data["months"] == 0 and "That is this month's pace alone" in result.text


def test_too_few_days_make_no_projection(new_caller: Callers, book: Any) -> None:
    """Six days of records say nothing of a month."""
    caller = new_caller(ManualClock(datetime(2026, 11, 6, 19, tzinfo=UTC)))
    book(caller, ("2026-11-01", "220", "groceries", "Market"))
    data = caller.call(predict_end_of_month, "").data
    assert (data["projected"], data["lowest"], data["highest"]) == (None, None, None)


@pytest.mark.parametrize("now", ["2026-02-28", "2026-11-30", "2026-12-31"])
def test_last_day_projects_what_is_spent(new_caller: Callers, book: Any, now: str) -> None:
    """No days are left, whatever longer months had after this day."""
    today = date.fromisoformat(now)
    caller = new_caller(ManualClock(datetime.fromisoformat(f"{now}T19:00+00:00")))
    before = [(today - timedelta(days=at)).isoformat() for at in range(120)]
    book(caller, *((day, "10", "groceries", "Market") for day in before))
    data = caller.call(predict_end_of_month, "").data
    assert data["days_left"] == 0 and data["projected"] == data["lowest"] == data["highest"] == data["spent"]


def test_month_of_the_projection_is_that_of_the_device(new_caller: Callers, book: Any) -> None:
    """On the last evening of October in Denver it is November in Sydney."""
    caller = new_caller(ManualClock(datetime(2026, 11, 1, 3, tzinfo=UTC)))
    book(caller, ("2026-10-30", "10", "groceries", "Market"))
    assert caller.call(predict_end_of_month, "").data["spent"] == "10.00"
    assert caller.in_zone("Australia/Sydney").call(predict_end_of_month, "").data["spent"] == "0.00"


def test_opportunities_have_their_evidence(
    new_caller: Callers, noon: ManualClock, book: Any, owner: psycopg.Connection
) -> None:
    """A fixed cost with its payments, a category that rises with three sums, a high expense with the median."""
    caller = new_caller(noon)
    meals = [(f"2026-0{month}-15", "20", "dining", f"Meal {month}") for month in range(5, 10)]
    rising = [("2026-09-10", "50", "fuel", "a"), ("2026-10-10", "60", "fuel", "b"), ("2026-11-10", "100", "fuel", "c")]
    book(caller, *history(), *meals, *rising, ("2026-11-20", "75.5", "dining", "Steak house"))
    result = caller.call(find_savings_opportunities, "")
    found = {each["name"]: each for each in result.data["opportunities"]}
    assert [each["name"] for each in result.data["opportunities"]] == ["Starlink", "Steak house", "fuel"]
    assert [(each["amount"], each["days"]["from"]) for each in found["Starlink"]["evidence"]] == [
        ("120.00", f"{month}-05") for month in reversed(MONTHS)
    ]
    ids = {str(row[0]) for row in owner.execute("select id from expenses where user_id = %s", (caller.id,))}
    assert {each["expense_id"] for each in found["Starlink"]["evidence"]} <= ids
    assert (found["fuel"]["kind"], found["fuel"]["amount"]) == ("rising", "45.00")
    assert [each["amount"] for each in found["fuel"]["evidence"]] == ["100.00", "60.00", "50.00"]
    steak, median = found["Steak house"]["evidence"]
    assert found["Steak house"]["amount"] == "55.50" and (steak["amount"], median["amount"]) == ("75.50", "20.00")
    assert result.text.startswith(
        "Worth a look: Starlink, every month, $120.00 last; Steak house, $55.50 above your median"
    )
    fewer = caller.call(find_savings_opportunities, '{"min_amount": 100}').data["opportunities"]
    assert [each["name"] for each in fewer] == ["Starlink"]
    none = caller.call(find_savings_opportunities, '{"min_amount": 500}')
    assert none.data["opportunities"] == [] and none.text.startswith("Nothing in your expenses of $500.00 or more")


def test_many_opportunities_fit_into_a_result(new_caller: Callers, noon: ManualClock, book: Any) -> None:
    """The highest are listed, with short names; the others are counted."""
    caller = new_caller(noon)
    fixed = [
        (f"{month}-05", str(50 + at * 20), "insurance", chr(97 + at) * 400) for month in MONTHS for at in range(20)
    ]
    book(caller, ("2026-08-01", "1", "tolls", ""), *fixed)
    result = caller.call(find_savings_opportunities, "")
    assert (len(result.data["opportunities"]), result.data["more"]) == (8, 12)
    assert result.data["opportunities"][0]["amount"] == "430.00" and len(json.dumps(result.data)) < 7000


def test_category_is_that_of_earlier_entries(new_caller: Callers, noon: ManualClock, book: Any) -> None:
    """With a confidence that grows with their number; the amount decides where a shop sells both."""
    caller = new_caller(noon)
    book(caller, ("2026-11-01", "80", "groceries", "Costco #123"))
    once = caller.call(categorize_transaction, '{"description": "COSTCO 77"}')
    assert (once.data["category"], once.data["confidence"], once.data["sure"]) == ("groceries", 50, False)
    assert once.text.endswith("PAM isn't sure, so please say which it is.")
    book(caller, ("2026-11-02", "82", "groceries", "Costco"), ("2026-11-03", "40", "fuel", "Costco"))
    both = caller.call(categorize_transaction, '{"description": "receipt", "merchant": "Costco"}')
    assert (both.data["category"], both.data["confidence"]) == ("groceries", 50)
    assert both.data["others"] == [{"category": "fuel", "confidence": 25}]
    near = caller.call(categorize_transaction, '{"description": "Costco", "amount": 81}').data
    assert (near["category"], near["confidence"], near["sure"]) == ("groceries", 67, True)
    assert near["earlier"][0]["category"] == "groceries"


@pytest.mark.parametrize(
    ("words", "category", "confidence"),
    [
        ("oil change", "maintenance", 75),
        ("Starlink", "internet", 75),
        ("Moab oil change", "maintenance", 50),
        ("milk and museum", None, 0),
        ("beer", None, 0),
    ],
)
def test_category_of_the_vocabulary(caller: Caller, words: str, category: str | None, confidence: int) -> None:
    """Words with two meanings have none; a part of a text is a weaker sign than all of it."""
    result = caller.call(categorize_transaction, json.dumps({"description": words}))
    assert (result.data["category"], result.data["confidence"]) == (category, confidence)
    assert result.data["sure"] == (confidence >= 60)


def test_figures_name_what_lacks_a_rate(
    new_caller: Callers, noon: ManualClock, insert_expenses: Callable[..., None]
) -> None:
    """Canadian dollars count at their day's rate."""
    caller = new_caller(noon)
    insert_expenses(caller, ("100", "fuel", "2026-11-02 12:00-07", "CAD"))
    result = caller.call(predict_end_of_month, "")
    assert 0 < Decimal(result.data["spent"]) < 100 and result.data["other_currencies"] == []
    assert result.source == "Your expenses in PAM, ECB (simulated)" and result.simulated


def test_deleted_expense_counts_nowhere(new_caller: Callers, noon: ManualClock) -> None:
    """Neither in a figure nor in a suggestion."""
    caller = new_caller(noon)
    added = caller.call(create_expense, '{"amount": 50, "category": "dining", "description": "Zebra House"}')
    assert caller.call(categorize_transaction, '{"description": "Zebra House"}').data["category"] == "dining"
    caller.call(delete_expense, json.dumps({"expense_id": added.data["expense"]["id"]}))
    assert caller.call(predict_end_of_month, "").data["spent"] == "0.00"
    assert caller.call(categorize_transaction, '{"description": "Zebra House"}').data["category"] is None
