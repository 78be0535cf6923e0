"""What Claude can do with a traveller's money: each write once, undone once, and every figure from the rows."""

import json
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from pam.platform.errors import PamError
from pam.tools.catalog.money import (
    TOOLS,
    compare_vs_budget,
    create_expense,
    get_spending_summary,
    update_budget,
)
from tests.conftest import Traveller
from tests.functional.tools.conftest import Caller

Callers = Callable[..., Caller]


@dataclass
class Hands:
    """A clock that goes when it is told to."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def noon() -> Hands:
    """22 November 2026, noon in Denver."""
    return Hands(datetime(2026, 11, 22, 19, tzinfo=UTC))


@pytest.fixture
def books(owner: psycopg.Connection) -> Callable[..., None]:
    """Books expenses (amount, category, local time with offset, currency) behind PAM's back."""

    def book(caller: Caller, *expenses: tuple[str, str, str, str]) -> None:
        owner.execute("insert into users (id) values (%s) on conflict do nothing", (caller.id,))
        for amount, category, spent_at, currency in expenses:
            owner.execute(
                "insert into expenses (user_id, amount, category, spent_at, currency) values (%s, %s, %s, %s, %s)",
                (caller.id, amount, category, spent_at, currency),
            )

    return book


def expenses_of(owner: psycopg.Connection, caller: Caller) -> list[tuple[Decimal, str, str]]:
    return owner.execute(
        "select amount, category, currency from expenses where user_id = %s and undone_at is null", (caller.id,)
    ).fetchall()


def limits_of(owner: psycopg.Connection, caller: Caller) -> dict[str, Decimal]:
    rows = owner.execute("select category, monthly_limit from budgets where user_id = %s", (caller.id,)).fetchall()
    return dict(rows)


def refusal(call: Callable[[], Any]) -> PamError:
    with pytest.raises(PamError) as caught:
        call()
    return caught.value


# A write happens once.


def test_the_same_call_again_is_told_the_same_and_writes_nothing(caller: Caller, owner: psycopg.Connection) -> None:
    """A turn that is run anew has the keys that it had."""
    raw = '{"amount": 45.5, "category": "fuel", "more_to_do": false}'
    first = caller.does(create_expense, raw, key="turn-1/0")
    again = caller.does(create_expense, raw, key="turn-1/0")
    assert again == first
    assert expenses_of(owner, caller) == [(Decimal("45.50"), "fuel", "USD")]
    caller.does(create_expense, raw, key="turn-1/1")
    assert len(expenses_of(owner, caller)) == 2


@pytest.mark.parametrize(
    ("tool", "raw"),
    [(create_expense, '{"amount": 12, "category": "tolls"}'), (update_budget, '{"amount": 90, "category": "tolls"}')],
)
def test_two_at_once_under_one_key_write_once(
    new_caller: Callers, owner: psycopg.Connection, tool: Any, raw: str
) -> None:
    """In two environments, each with its own connection: the second waits for the first, and is told the same."""
    user_id, together = uuid.uuid4(), threading.Barrier(4)
    callers = [new_caller(user_id=user_id) for _ in range(4)]

    def call(caller: Caller) -> Any:
        together.wait(30)
        return caller.does(tool, raw, key="one")

    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(call, callers))
    assert len({(one.text, one.effect.id, one.as_of) for one in told}) == 1
    row = owner.execute("select count(*) from effects where user_id = %s", (user_id,)).fetchone()
    assert row == (1,)
    assert len(expenses_of(owner, callers[0])) + len(limits_of(owner, callers[0])) == 1


def test_the_same_key_of_two_travellers_is_two_calls(new_caller: Callers, owner: psycopg.Connection) -> None:
    """Keys are a traveller's own."""
    one, other = new_caller(), new_caller()
    for caller in (one, other):
        caller.does(create_expense, '{"amount": 1, "category": "tolls"}', key="same")
    assert [len(expenses_of(owner, caller)) for caller in (one, other)] == [1, 1]


def test_limits_set_at_once_follow_one_another(new_caller: Callers, owner: psycopg.Connection) -> None:
    """Each is told the limit that it replaced, and none the same one: also where there was none at first."""
    user_id, together = uuid.uuid4(), threading.Barrier(6)
    callers = {amount: new_caller(user_id=user_id) for amount in range(100, 700, 100)}

    def call(amount: int) -> Any:
        together.wait(30)
        told = callers[amount].does(update_budget, json.dumps({"amount": amount, "category": "fuel"}))
        return told.data["before"] and told.data["before"]["limit"]

    with ThreadPoolExecutor(6) as threads:
        replaced = list(threads.map(call, callers))
    left = str(limits_of(owner, callers[100])["fuel"])
    assert sorted([*filter(None, replaced), left]) == [f"{amount}.00" for amount in callers]
    assert replaced.count(None) == 1


# What is written is what was said, where the traveller is.


def test_today_is_the_day_where_the_device_is(new_caller: Callers) -> None:
    """On the last evening of February in Denver it is March in Sydney."""
    evening = Hands(datetime(2026, 3, 1, 4, 30, tzinfo=UTC))
    caller = new_caller(evening)
    caller.does(update_budget, '{"amount": 100, "category": "fuel"}')
    at_home = caller.does(create_expense, '{"amount": 30, "category": "fuel"}')
    assert at_home.data["expense"]["date"] == "2026-02-28"
    assert at_home.data["budget"]["window"] == {"from": "2026-02-01", "to": "2026-03-01"}
    assert at_home.text == "Added $30.00 for fuel. $70.00 of your $100.00 monthly budget is left."
    tomorrow = '{"amount": 5, "category": "fuel", "date": "2026-03-01"}'
    assert refusal(lambda: caller.does(create_expense, tomorrow)).error.code == "date_in_future"
    in_sydney = caller.at("Australia/Sydney").does(create_expense, tomorrow)
    assert in_sydney.data["expense"]["date"] == "2026-03-01"
    assert in_sydney.as_of == "2026-03-01T15:30:00+11:00"


@pytest.mark.parametrize(
    ("day", "code"), [("2027-02-28", None), ("2027-02-27", "date_too_old"), ("2028-03-01", "date_in_future")]
)
def test_a_year_back_from_a_leap_day_is_the_28th(new_caller: Callers, day: str, code: str | None) -> None:
    """The oldest day that an expense may have, and the days beyond."""
    caller = new_caller(Hands(datetime(2028, 2, 29, 19, tzinfo=UTC)))
    raw = json.dumps({"amount": 1, "category": "tolls", "date": day})
    if code is None:
        assert caller.does(create_expense, raw).data["expense"]["date"] == day
    else:
        assert refusal(lambda: caller.does(create_expense, raw)).error.code == code


@pytest.mark.parametrize(
    ("written", "kept"),
    [("1e3", "1000.00"), ('"50"', "50.00"), ("0.01", "0.01"), ("19.990", "19.99"), ("1000000", "1000000.00")],
)
def test_an_amount_is_exact_however_it_is_written(caller: Caller, written: str, kept: str) -> None:
    """As a number, with an exponent, or as a string."""
    told = caller.does(create_expense, f'{{"amount": {written}, "category": "fuel"}}')
    assert told.data["expense"]["amount"] == kept


def test_another_currency_is_kept_as_such(caller: Caller, owner: psycopg.Connection) -> None:
    """Two hundred pesos aren't two hundred dollars."""
    told = caller.does(
        create_expense, '{"amount": 200, "category": "food", "currency": "MXN", "description": " Tacos "}'
    )
    assert told.text == "Added MX$200.00 for food." and told.data["expense"]["description"] == "Tacos"
    assert expenses_of(owner, caller) == [(Decimal("200.00"), "food", "MXN")]


def test_the_sentence_is_that_of_the_fast_answer(new_caller: Callers, traveller: Traveller) -> None:
    """By whichever way an expense comes, the traveller reads the same."""
    caller, same = new_caller(), new_caller(user_id=traveller.id)
    for amount in ("45.50", "10.00", "10.00"):
        fast = traveller.spends(amount).json()
        slow = caller.does(create_expense, f'{{"amount": {amount}, "category": "fuel"}}')
        assert (slow.text, slow.source) == (fast["text"], fast["source"])
        for someone in (caller, same):
            someone.does(update_budget, '{"amount": 60, "category": "fuel"}')
    asked = '{"category": "fuel", "period": "this_month"}'
    assert caller.does(get_spending_summary, asked).text == traveller.summary(**json.loads(asked))["text"]


# What can't be done is said, and nothing is written.


@pytest.mark.parametrize(
    ("raw", "code", "field"),
    [
        ("", "invalid_request", "amount"),
        ("null", "invalid_request", None),
        ("[]", "invalid_request", None),
        ("{", "malformed_json", None),
        ('{"amount": 5, "amount": 6, "category": "fuel"}', "malformed_json", None),
        ('{"amount": 5}', "invalid_request", "category"),
        ('{"amount": 5, "category": "fuel", "user_id": "x"}', "invalid_request", "user_id"),
        ('{"amount": 5, "category": "gas"}', "unknown_category", "category"),
        ('{"amount": 5, "category": null}', "unknown_category", "category"),
        ('{"amount": null, "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": true, "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": "50 dollars", "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": 0, "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": -5, "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": 45.505, "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": 1000000.01, "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": 1e999999999, "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": NaN, "category": "fuel"}', "invalid_amount", "amount"),
        ('{"amount": 5, "category": "fuel", "currency": "dollars"}', "unknown_currency", "currency"),
        ('{"amount": 5, "category": "fuel", "date": "yesterday"}', "invalid_date", None),
        ('{"amount": 5, "category": "fuel", "date": "2026-02-30"}', "invalid_date", None),
        ('{"amount": 5, "category": "fuel", "description": 7}', "invalid_text", "description"),
        ('{"amount": 5, "category": "fuel", "description": "\\u0000"}', "invalid_text", "description"),
        ('{"amount": 5, "category": "fuel", "description": "\\ud800"}', "invalid_text", "description"),
        ('{"amount": 5, "category": "fuel", "description": "' + "x" * 501 + '"}', "invalid_text", "description"),
    ],
)
def test_bad_arguments_are_refused_by_name(
    caller: Caller, owner: psycopg.Connection, raw: str, code: str, field: str | None
) -> None:
    """With the code that the HTTP route has for it, in a sentence that Claude can act on."""
    refused = refusal(lambda: caller.does(create_expense, raw))
    assert (refused.error.code, refused.field) == (code, field) and refused.message[-1] == "."
    assert expenses_of(owner, caller) == []


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ('{"amount": 100000.01, "category": "fuel"}', "invalid_amount"),
        ('{"amount": 0, "category": "fuel"}', "invalid_amount"),
        ('{"amount": 100}', "invalid_request"),
        ('{"amount": 100, "category": "pets"}', "unknown_category"),
        ('{"amount": 100, "category": "fuel", "currency": "EUR"}', "invalid_request"),
    ],
)
def test_a_limit_that_none_can_be_is_refused(caller: Caller, owner: psycopg.Connection, raw: str, code: str) -> None:
    """At most 100,000, in the traveller's own currency."""
    assert refusal(lambda: caller.does(update_budget, raw)).error.code == code
    assert limits_of(owner, caller) == {}
    assert caller.does(update_budget, '{"amount": 100000, "category": "fuel"}').data["budget"]["limit"] == "100000.00"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ('{"period": "fortnight"}', "unknown_period"),
        ('{"period": 3}', "invalid_request"),
        ('{"from": "2026-01-01"}', "invalid_window"),
        ('{"from": "2026-02-01", "to": "2026-01-01"}', "invalid_window"),
        ('{"from": "2026-01-01", "to": "2026-02-01", "period": "today"}', "invalid_window"),
        ('{"from": "January", "to": "2026-02-01"}', "invalid_date"),
        ('{"category": "rent"}', "unknown_category"),
        ('{"timezone": "UTC"}', "invalid_request"),
    ],
)
def test_a_summary_of_nothing_that_exists_is_refused(caller: Caller, raw: str, code: str) -> None:
    """Periods, windows and categories are checked as everywhere; the zone isn't Claude's to say."""
    assert refusal(lambda: caller.does(get_spending_summary, raw)).error.code == code


@pytest.mark.parametrize("period", ['"last_week"', '"last_30_days"', '"all_time"', "null", "[]", "3"])
def test_budgets_are_for_calendar_months(caller: Caller, period: str) -> None:
    """No other period compares with a monthly limit."""
    assert refusal(lambda: caller.does(compare_vs_budget, f'{{"period": {period}}}')).error.code == "unknown_period"


# What was written can be taken back.


def test_an_expense_is_taken_back_once_and_told_twice(caller: Caller, owner: psycopg.Connection) -> None:
    """The second time changes nothing and answers the same."""
    told = caller.does(create_expense, '{"amount": 45.5, "category": "fuel"}')
    first = caller.undoes(told, create_expense)
    assert first == "The $45.50 for fuel are taken back."
    assert caller.undoes(told, create_expense) == first
    assert expenses_of(owner, caller) == []
    assert caller.does(get_spending_summary, "").data["total"] == "0.00"


@pytest.mark.parametrize(
    ("tool", "raw"),
    [(create_expense, '{"amount": 5, "category": "fuel"}'), (update_budget, '{"amount": 5, "category": "fuel"}')],
)
def test_after_ten_minutes_it_stays(
    new_caller: Callers, noon: Hands, owner: psycopg.Connection, tool: Any, raw: str
) -> None:
    """Nine are early enough, and once undone it stays undone however late the answer is asked for again."""
    caller = new_caller(noon)
    late, early = caller.does(tool, raw), caller.does(tool, raw.replace("fuel", "tolls"))
    assert late.effect.undo_until == noon.now + timedelta(minutes=10)
    noon.now += timedelta(minutes=9)
    undone = caller.undoes(early, tool)
    noon.now += timedelta(minutes=2)
    assert refusal(lambda: caller.undoes(late, tool)).error.code == "undo_expired"
    assert caller.undoes(early, tool) == undone
    assert len(expenses_of(owner, caller)) + len(limits_of(owner, caller)) == 1


def test_nobody_undoes_what_is_somebody_elses(new_caller: Callers, owner: psycopg.Connection) -> None:
    """Not even told that it exists."""
    one, other = new_caller(), new_caller()
    told = one.does(update_budget, '{"amount": 300, "category": "fuel"}')
    assert refusal(lambda: other.undoes(told, update_budget)).error.code == "effect_not_found"
    assert limits_of(owner, one) == {"fuel": Decimal(300)}


def test_a_limit_goes_back_to_what_it_was(caller: Caller, owner: psycopg.Connection) -> None:
    """Step by step, the first to none at all; each step told twice is the same."""
    first = caller.does(update_budget, '{"amount": 300, "category": "fuel"}')
    second = caller.does(update_budget, '{"amount": 400, "category": "fuel"}')
    assert first.text.startswith("Your monthly budget for fuel is $300.00; there was none before.")
    assert second.text == (
        "Your monthly budget for fuel is $400.00 instead of $300.00."
        " You've $400.00 left on fuel: $0.00 of $400.00 this month."
    )
    for _ in range(2):
        assert caller.undoes(second, update_budget) == "Your monthly budget for fuel is $300.00 again."
        assert limits_of(owner, caller) == {"fuel": Decimal(300)}
    for _ in range(2):
        told = caller.undoes(first, update_budget)
        assert told == "The monthly budget for fuel is gone again: there was none before."
        assert limits_of(owner, caller) == {}


def test_a_limit_that_was_changed_since_stays(caller: Caller, owner: psycopg.Connection) -> None:
    """Also where it was changed to the same amount: somebody wanted it so."""
    first = caller.does(update_budget, '{"amount": 300, "category": "fuel"}')
    caller.does(update_budget, '{"amount": 300, "category": "fuel"}')
    refused = refusal(lambda: caller.undoes(first, update_budget))
    assert refused.error.code == "modified_since" and "fuel" in refused.message
    assert limits_of(owner, caller) == {"fuel": Decimal(300)}


def test_undone_and_set_anew_an_undo_again_changes_nothing(caller: Caller, owner: psycopg.Connection) -> None:
    """A late repetition of an undo doesn't take away what came after it."""
    told = caller.does(update_budget, '{"amount": 300, "category": "fuel"}')
    caller.undoes(told, update_budget)
    caller.does(update_budget, '{"amount": 300, "category": "fuel"}')
    assert refusal(lambda: caller.undoes(told, update_budget)).error.code == "modified_since"
    assert limits_of(owner, caller) == {"fuel": Decimal(300)}


def test_a_limit_in_another_currency_comes_back_in_it(caller: Caller, owner: psycopg.Connection) -> None:
    """Who came from Australia had an Australian limit."""
    owner.execute("insert into users (id) values (%s)", (caller.id,))
    owner.execute(
        "insert into budgets (user_id, category, monthly_limit, currency) values (%s, 'fuel', 500, 'AUD')", (caller.id,)
    )
    told = caller.does(update_budget, '{"amount": 300, "category": "fuel"}')
    assert "is $300.00 instead of A$500.00." in told.text
    assert "A$500.00 again" in caller.undoes(told, update_budget)
    row = owner.execute("select monthly_limit, currency from budgets where user_id = %s", (caller.id,)).fetchone()
    assert row == (Decimal(500), "AUD")


# Figures are those of the rows, of this traveller, in days of their zone.


def test_a_month_ends_where_the_traveller_is(new_caller: Callers, books: Callable[..., None], noon: Hands) -> None:
    """The last minutes of October in Denver are November in Sydney."""
    caller = new_caller(noon)
    books(caller, ("10", "fuel", "2026-10-31 23:59-06", "USD"), ("20", "fuel", "2026-11-01 00:00-06", "USD"))
    assert caller.does(get_spending_summary, '{"period": "last_month"}').data["total"] == "10.00"
    assert caller.does(get_spending_summary, "{}").data["total"] == "20.00"
    sydney = caller.at("Australia/Sydney")
    assert sydney.does(get_spending_summary, "{}").data["total"] == "30.00"
    window = sydney.does(get_spending_summary, '{"from": "2026-11-01", "to": "2026-11-02"}').data
    assert (window["total"], window["window"]["time_zone"]) == ("30.00", "Australia/Sydney")


def test_a_summary_holds_figures_and_no_plumbing(caller: Caller, books: Callable[..., None]) -> None:
    """What Claude reads: a sentence, figures, a source and a time."""
    books(caller, ("10", "fuel", "2026-01-05 12:00-07", "USD"), ("4", "food", "2026-01-06 12:00-07", "CAD"))
    told = caller.does(get_spending_summary, '{"from": "2026-01-01", "to": "2026-02-01"}')
    assert told.text.startswith("You've spent $10.00 in Jan 1")
    assert told.data["other_currencies"] == [{"currency": "CAD", "total": "4.00", "count": 1}]
    assert not told.data.keys() & {"text", "source", "as_of", "tier", "cached", "stale"}
    assert told.source == "Your expenses in PAM" and datetime.fromisoformat(told.as_of).tzinfo is not None
    assert told.effect is None


def test_nobody_sees_what_somebody_else_spent(new_caller: Callers) -> None:
    """Neither spending nor limits."""
    one, other = new_caller(), new_caller()
    one.does(create_expense, '{"amount": 500, "category": "fuel"}')
    one.does(update_budget, '{"amount": 100, "category": "fuel"}')
    assert other.does(get_spending_summary, "").data["total"] == "0.00"
    assert other.does(compare_vs_budget, "").text == "You have no budget in USD."


def test_a_comparison_tells_each_budget_and_their_sum(
    new_caller: Callers, books: Callable[..., None], noon: Hands
) -> None:
    """Budgeted, spent, difference and per cent; what has no budget is named apart."""
    caller = new_caller(noon)
    books(
        caller,
        ("120", "fuel", "2026-11-05 12:00-07", "USD"),
        ("50", "camping", "2026-11-06 12:00-07", "USD"),
        ("33.33", "dining", "2026-11-06 12:00-07", "USD"),
        ("70", "fuel", "2026-10-06 12:00-06", "USD"),
        ("999", "fuel", "2026-11-07 12:00-07", "CAD"),
        ("999", "tolls", "2026-11-07 12:00-07", "CAD"),
    )
    for category, amount in (("fuel", 100), ("camping", 200)):
        caller.does(update_budget, json.dumps({"amount": amount, "category": category}))
    told = caller.does(compare_vs_budget, "")
    assert [
        (b["category"], b["budgeted"], b["spent"], b["difference"], b["percent"]) for b in told.data["budgets"]
    ] == [
        ("camping", "200.00", "50.00", "150.00", 25.0),
        ("fuel", "100.00", "120.00", "-20.00", 120.0),
    ]
    assert told.data["total"]["percent"] == 56.7
    assert told.data["without_budget"] == [{"category": "dining", "spent": "33.33"}]
    assert told.text.startswith("You've spent $170.00 of $300.00 on all budgets together this month (")
    assert told.text.endswith(": 56.7 %, $130.00 left. Over: fuel. Another $33.33 went to categories without a budget.")
    last = caller.does(compare_vs_budget, '{"category": "fuel", "period": "last_month"}')
    assert last.text.startswith("You've spent $70.00 of $100.00 on fuel last month (Oct 1")
    assert last.text.endswith(": 70.0 %, $30.00 under. The limits are today's.")
    october = caller.does(compare_vs_budget, '{"category": "fuel", "period": "october"}')
    assert october.data["budgets"] == last.data["budgets"]
    december = caller.does(compare_vs_budget, '{"category": "fuel", "period": "december"}')
    assert december.data["window"]["from"] == "2025-12-01"


def test_without_a_budget_it_says_so(new_caller: Callers, books: Callable[..., None], noon: Hands) -> None:
    """And what was spent all the same; a limit in other money isn't compared."""
    caller = new_caller(noon)
    assert caller.does(compare_vs_budget, '{"category": "camping"}').text == "You have no budget for camping in USD."
    books(caller, ("50", "camping", "2026-11-06 12:00-07", "USD"))
    caller.does(create_expense, '{"amount": 1, "category": "camping"}')
    told = caller.does(compare_vs_budget, '{"category": "camping"}')
    assert told.text.startswith("You have no budget for camping in USD. You've spent $51.00 on camping this month (")
    assert told.data["budgets"] == [] and told.data["total"] is None


def test_a_write_makes_the_figures_new_at_once(caller: Caller) -> None:
    """Comparisons are kept, and never told after a write as they were before."""
    caller.does(update_budget, '{"amount": 100, "category": "fuel"}')
    for spent in ("10.00", "20.00", "30.00"):
        caller.does(create_expense, '{"amount": 10, "category": "fuel"}')
        assert [caller.does(compare_vs_budget, "").data["total"]["spent"] for _ in range(2)] == [spent, spent]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_what_is_going_on_is_said_in_a_few_words(tool: Any) -> None:
    """With the category that it is about."""
    doing = tool.summary(tool.arguments.model_construct(amount=Decimal(5), category="fuel"))
    assert "fuel" in doing and len(doing) < 60
