"""Amounts in other currencies: converted at the rate of their day, named where they aren't, and never lost."""

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.stack import LocalStack
from local.stand_ins.travel.ecb import is_working_day, reference_rate
from pam.answers.budget_status import budget_status
from pam.answers.dependencies import UserDependencies
from pam.answers.exchange_rates import RATES_TIMEOUT_S, convert_stored_amounts
from pam.answers.spend_summary import spend_summary
from pam.money.amounts import CURRENCIES
from pam.money.budget_overview import BudgetQuery
from pam.money.spending import SpendingQuery
from pam.platform.deadline import Deadline
from tests.conftest import Traveller
from tests.functional.manual_clock import ManualClock

Dependencies = Callable[..., UserDependencies]
SOURCE = "ECB (simulated)"


def rate_day(day: date) -> date:
    """The last working day on or before a day that is past."""
    return day if is_working_day(day) else rate_day(day - timedelta(days=1))


def convert(amount: str, currency: str, target: str, day: date) -> Decimal:
    """The value of an amount at the stand-in's rate of a day."""
    per_euro = {code: "1" if code == "EUR" else reference_rate(code, rate_day(day)) for code in (currency, target)}
    rate = (Decimal(per_euro[target]) / Decimal(per_euro[currency])).quantize(Decimal("0.00000001"))
    return (Decimal(amount) * rate).quantize(Decimal("0.01"), "ROUND_HALF_UP")


@pytest.fixture
def ecb(stack: LocalStack, shared_table: Any) -> Iterator[httpx.Client]:
    """The ECB's stand-in, with nothing of it in the cache and its breaker closed."""

    def forget() -> None:
        for item in shared_table.scan(ProjectionExpression="#key", ExpressionAttributeNames={"#key": "key"})["Items"]:
            if item["key"].startswith(("breaker|", "rates|")):
                shared_table.delete_item(Key={"key": item["key"]})

    forget()
    with httpx.Client(base_url=stack.travel_sources.ecb_url) as client:
        client.delete("/_journal")
        yield client
        client.delete("/_journal")
    forget()


def fail(ecb: httpx.Client, mode: str = "503", **more: Any) -> None:
    assert ecb.put("/_control", json={"mode": mode, **more}).status_code == 204


def requests_to(ecb: httpx.Client) -> int:
    return int(ecb.get("/_journal").json()["requests"])


def set_budget(owner: psycopg.Connection, user: uuid.UUID, category: str, limit: str, currency: str = "USD") -> None:
    owner.execute("insert into users (id) values (%s) on conflict do nothing", (user,))
    owner.execute(
        "insert into budgets (user_id, category, monthly_limit, currency) values (%s, %s, %s, %s)",
        (user, category, limit, currency),
    )


def insert_expense(
    owner: psycopg.Connection, user: uuid.UUID, amount: str, currency: str, day: date, category: str = "camping"
) -> None:
    """An expense of an earlier release, without a rate, at noon in Denver."""
    owner.execute("insert into users (id) values (%s) on conflict do nothing", (user,))
    owner.execute(
        "insert into expenses (user_id, amount, currency, category, spent_at)"
        " values (%s, %s, %s, %s, %s::timestamp at time zone 'America/Denver')",
        (user, amount, currency, category, f"{day} 12:00"),
    )


def stored_rates(owner: psycopg.Connection, user: uuid.UUID) -> list[tuple[Any, ...]]:
    rows = owner.execute(
        "select currency, exchange_rate, rate_currency, rate_date, rate_source from expenses where user_id = %s"
        " order by spent_at, currency",
        (user,),
    )
    return rows.fetchall()


def test_expense_in_another_currency_is_answered_with_its_value(
    traveller: Traveller, owner: psycopg.Connection, ecb: httpx.Client
) -> None:
    """CA$1,500 of camping reduces what is left of $850, and the reply names rate, day and source, which are stored."""
    set_budget(owner, traveller.id, "camping", "850.00")
    reply = traveller.spends("CA$1500", "camping").json()
    converted = reply["expense"]["converted"]
    day = date.fromisoformat(converted["rate_date"])
    value = convert("1500", "CAD", "USD", day)
    assert (converted["amount"], converted["currency"], converted["source"]) == (str(value), "USD", SOURCE)
    over = value - 850
    assert over > 0
    assert reply["text"].startswith(f"Added CA$1,500.00 for camping. That is ${value:,.2f} at the {SOURCE} reference")
    assert reply["text"].endswith(f" That puts you ${over:,.2f} over your $850.00 monthly budget.")
    assert (reply["budget"]["spent"], reply["budget"]["state"]) == (str(value), "over")
    assert reply["simulated"] is True and reply["source"] == f"Your expenses in PAM, {SOURCE}"
    assert stored_rates(owner, traveller.id) == [("CAD", Decimal(converted["rate"]), "USD", day, SOURCE)]


@pytest.mark.parametrize("mode", ["503", "404", "429", "cut", "wrong_shape", "slow"])
def test_expense_is_stored_when_the_source_fails_and_converted_later(
    traveller: Traveller, owner: psycopg.Connection, ecb: httpx.Client, mode: str
) -> None:
    """The write succeeds in time, says that the amount isn't included, and doesn't say that the budget changed."""
    set_budget(owner, traveller.id, "groceries", "100.00")
    traveller.spends("343.70", "groceries")
    fail(ecb, mode)
    began = time.monotonic()
    reply = traveller.spends("€30", "groceries")
    assert reply.status_code == 201 and time.monotonic() - began < RATES_TIMEOUT_S + 1.5
    assert reply.json()["expense"]["converted"] is None
    text = reply.json()["text"]
    assert text.startswith("Added €30.00 for groceries. It isn't in your totals yet: PAM has no exchange rate to USD")
    assert "That puts you" not in text
    assert "Without it, you are $243.70 over your $100.00 budget for " in text
    assert reply.json()["budget"]["not_included"] == [{"currency": "EUR", "total": "30.00", "count": 1}]
    summary = traveller.summary()
    assert (summary["total"], summary["count"]) == ("343.70", 1)
    assert summary["other_currencies"] == [{"currency": "EUR", "total": "30.00", "count": 1}]
    assert "Not included, because PAM has no exchange rate for it yet: €30.00." in summary["text"]
    assert summary["change"] is None

    fail(ecb, "ok")
    time.sleep(1.1)  # after a failure nobody asks the source for a second
    today = datetime.now(UTC).date()
    later = traveller.summary(to=str(today + timedelta(days=2)), **{"from": str(today - timedelta(days=2))})
    [converted] = later["converted"]
    value = convert("30", "EUR", "USD", date.fromisoformat(converted["last_rate_date"]))
    assert (later["total"], later["other_currencies"]) == (str(Decimal("343.70") + value), [])
    assert converted == {
        "currency": "EUR", "total": "30.00", "value": str(value), "count": 1, "source": SOURCE,
        "first_rate_date": converted["last_rate_date"], "last_rate_date": converted["last_rate_date"],
    }  # fmt: skip
    # Answers that were cached without the amount are replaced at once.
    assert traveller.summary()["total"] == str(Decimal("343.70") + value)


def test_sentence_without_a_rate_does_not_contradict_itself(
    traveller: Traveller, owner: psycopg.Connection, ecb: httpx.Client
) -> None:
    """Only expenses, or only savings, in a currency without a rate are never "no expenses" and "no savings"."""
    fail(ecb)
    insert_expense(owner, traveller.id, "70", "CAD", datetime.now(UTC).date() - timedelta(days=1))
    owner.execute(
        "insert into savings (user_id, amount, currency, kind, saved_at) values (%s, 9, 'CAD', 'gas', now())",
        (traveller.id,),
    )
    spent = traveller.summary(period="last_7_days", category="camping")["text"]
    assert spent.startswith("You've spent CA$70.00 on camping in the last 7 days (")
    assert spent.endswith("). PAM has no exchange rate to USD for it yet.")
    saved = traveller.http.get("/v1/savings").json()["text"]
    assert saved.startswith("You've saved CA$9.00 since ") and "no savings" not in saved
    fail(ecb, "ok")
    time.sleep(1.1)
    assert traveller.summary(period="last_30_days")["converted"][0]["total"] == "70.00"
    saved = traveller.http.get("/v1/savings", params={"period": "last_7_days"}).json()
    assert saved["converted"][0]["total"] == "9.00" and Decimal(saved["total"]) > 5
    assert saved["text"].startswith(f"You've saved ${saved['total']} ")


def test_read_of_converted_amounts_calls_no_source(
    build_dependencies: Dependencies, owner: psycopg.Connection, ecb: httpx.Client
) -> None:
    """Rates are stored with the expenses: a later read needs neither the source nor the shared cache."""
    dependencies, user = build_dependencies(), uuid.uuid4()
    today = datetime.now(UTC).date()
    for days in (1, 20, 400):
        insert_expense(owner, user, "70", "CAD", today - timedelta(days=days))
    first = spend_summary(dependencies, user, SpendingQuery(period="all_time"), Deadline(5))
    assert first.count == 3 and requests_to(ecb) == len({(today - timedelta(days=days)).year for days in (1, 20, 400)})
    ecb.delete("/_journal")
    fail(ecb)
    second = spend_summary(dependencies, user, SpendingQuery(period="last_30_days"), Deadline(5))
    assert (second.count, second.other_currencies, requests_to(ecb)) == (2, (), 0)


def test_user_with_one_currency_causes_no_request(traveller: Traveller, ecb: httpx.Client) -> None:
    """Neither a write in the own currency, with its symbol or without, nor a read asks for rates."""
    for amount in ("45", "$45", "US$45"):
        assert traveller.spends(amount).status_code == 201
    assert traveller.summary()["total"] == "135.00"
    assert requests_to(ecb) == 0


def test_open_circuit_breaker_costs_a_write_no_time(traveller: Traveller, ecb: httpx.Client) -> None:
    """After five failures the source isn't called."""
    fail(ecb, "slow", seconds=30)
    for number in range(7):
        assert traveller.spends("€30", "groceries", description=str(number)).status_code == 201
        time.sleep(1.05)
    called = requests_to(ecb)
    began = time.monotonic()
    assert traveller.spends("€30", "groceries", description="last").status_code == 201
    assert time.monotonic() - began < RATES_TIMEOUT_S
    assert requests_to(ecb) == called <= 6


def test_earlier_expenses_are_converted_at_the_rate_of_their_day(
    traveller: Traveller, owner: psycopg.Connection, ecb: httpx.Client
) -> None:
    """Easter Monday has the rate of Thursday before, New Year's Day that of the last day of the year before."""
    easter, new_year = date(2026, 4, 6), date(2026, 1, 1)
    insert_expense(owner, traveller.id, "100", "CAD", easter)
    insert_expense(owner, traveller.id, "100", "MXN", new_year)
    insert_expense(owner, traveller.id, "100", "USD", new_year)
    summary = traveller.summary(**{"from": "2026-01-01", "to": "2026-05-01"})
    expected = 100 + convert("100", "CAD", "USD", easter) + convert("100", "MXN", "USD", new_year)
    assert (summary["total"], summary["count"]) == (str(expected), 3)
    assert [(row[0], row[3]) for row in stored_rates(owner, traveller.id)] == [
        ("MXN", date(2025, 12, 31)),
        ("USD", None),
        ("CAD", date(2026, 4, 2)),
    ]
    assert "at the ECB (simulated) reference rates of Dec 31, 2025\u2009–\u2009Apr 2, 2026." in summary["text"]
    listed = traveller.http.get("/v1/expenses", params={"from": "2026-04-01", "to": "2026-04-30"}).json()
    assert listed["expenses"][0]["converted"]["amount"] == str(convert("100", "CAD", "USD", easter))


def test_convertible_and_other_amounts_are_told_apart(
    traveller: Traveller, owner: psycopg.Connection, ecb: httpx.Client
) -> None:
    """A currency that the ECB doesn't list is stored by an earlier release: its sum is named, the others count."""
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    for amount, currency in (("10", "USD"), ("70", "CAD"), ("5000", "ISK")):
        insert_expense(owner, traveller.id, amount, currency, yesterday)
    summary = traveller.summary(period="last_7_days")
    assert [part["currency"] for part in summary["converted"]] == ["CAD"]
    assert summary["other_currencies"] == [{"currency": "ISK", "total": "5000.00", "count": 1}]
    assert summary["total"] == str(10 + Decimal(summary["converted"][0]["value"]))


def test_change_of_the_home_currency_converts_again(
    traveller: Traveller, owner: psycopg.Connection, ecb: httpx.Client
) -> None:
    """All earlier amounts count in the new currency at the rate of their day; a budget stays in its own."""
    day = datetime.now(UTC).date() - timedelta(days=3)
    for amount, currency in (("100", "USD"), ("100", "CAD"), ("100", "EUR")):
        insert_expense(owner, traveller.id, amount, currency, day)
    set_budget(owner, traveller.id, "camping", "850")
    in_usd = traveller.summary(period="last_7_days")
    assert in_usd["total"] == str(100 + convert("100", "CAD", "USD", day) + convert("100", "EUR", "USD", day))
    owner.execute("update users set currency = 'CAD' where id = %s", (traveller.id,))
    in_cad = traveller.summary(period="last_14_days")
    assert in_cad["currency"] == "CAD"
    assert in_cad["total"] == str(100 + convert("100", "USD", "CAD", day) + convert("100", "EUR", "CAD", day))
    status = traveller.http.get("/v1/budget-status").json()
    assert status["budgets"] == [] and status["text"] == "You have no budget in CAD: what you have set is in USD."
    assert status["other_currencies"][0]["limit"] == "850.00"


def test_rate_is_removed_with_the_currency_or_day_it_was_for(
    traveller: Traveller, owner: psycopg.Connection, ecb: httpx.Client
) -> None:
    """A correction of the amount keeps the rate; one of currency or instant gets another on the next read."""
    monday = date(2026, 11, 23)
    insert_expense(owner, traveller.id, "100", "CAD", monday)
    window = {"from": "2026-11-01", "to": "2026-12-01"}
    assert traveller.summary(**window)["total"] == str(convert("100", "CAD", "USD", monday))
    for change, expected in (
        ("amount = 54", convert("54", "CAD", "USD", monday)),
        ("spent_at = spent_at - interval '5 days'", convert("54", "CAD", "USD", date(2026, 11, 18))),
        ("currency = 'MXN'", convert("54", "MXN", "USD", date(2026, 11, 18))),
    ):
        owner.execute(f"update expenses set {change} where user_id = %s", (traveller.id,))
        traveller.spends("1", "tolls", date="2026-11-26")  # a write, which makes the cached answers stale
        assert traveller.summary(category="camping", **window)["total"] == str(expected)


def test_correction_counts_at_the_rate_of_its_currency_and_day(
    traveller: Traveller, owner: psycopg.Connection, ecb: httpx.Client
) -> None:
    """Each answer names the new value, which is stored at once; the undo of the last restores the rate before."""
    today = datetime.now(UTC).date()
    saturday = today - timedelta(days=(today.weekday() - 5) % 7 + 14)
    sunday, wednesday = saturday + timedelta(days=1), saturday - timedelta(days=3)
    added = traveller.spends("CA$100", "fuel", date=str(saturday)).json()
    expense = f"/v1/expenses/{added['expense']['id']}"
    for changes, amount, currency, day in (
        ({"amount": "54"}, "54.00", "CAD", saturday),
        ({"date": str(sunday)}, "54.00", "CAD", sunday),
        ({"date": str(wednesday), "category": "camping"}, "54.00", "CAD", wednesday),
        ({"kind": "refund"}, "-54.00", "CAD", wednesday),
        ({"currency": "MXN"}, "-54.00", "MXN", wednesday),
        ({"amount": "€20", "kind": "expense"}, "20.00", "EUR", wednesday),
    ):
        reply = traveller.http.patch(expense, json=changes).json()
        value = convert(amount, currency, "USD", day)
        converted = reply["expense"]["converted"]
        assert (converted["amount"], converted["rate_date"]) == (str(value), str(rate_day(day)))
        assert f" That is ${abs(value):,.2f} at the {SOURCE} reference rate of " in reply["text"]
        assert (reply["simulated"], reply["source"]) == (True, f"Your expenses in PAM, {SOURCE}")
        stored = stored_rates(owner, traveller.id)
        assert stored == [(currency, Decimal(converted["rate"]), "USD", rate_day(day), SOURCE)]
        assert traveller.summary(period="all_time")["total"] == str(value)
    own = traveller.http.patch(expense, json={"currency": "USD"}).json()
    assert own["expense"]["converted"] is None and "reference rate" not in own["text"]
    assert stored_rates(owner, traveller.id) == [("USD", None, None, None, None)]
    ecb.delete("/_journal")
    assert traveller.http.delete(own["undo"]["href"]).status_code == 200
    assert stored_rates(owner, traveller.id) == stored and requests_to(ecb) == 0
    deleted = traveller.http.delete(expense).json()
    assert deleted["deleted"]["converted"] == converted
    assert traveller.summary(period="all_time")["total"] == "0.00"
    assert traveller.http.delete(deleted["undo"]["href"]).status_code == 200
    assert stored_rates(owner, traveller.id) == stored
    assert traveller.summary(period="all_time")["total"] == str(value)


def test_correction_in_words_is_converted(traveller: Traveller, ecb: httpx.Client) -> None:
    """Without an id, of the last expense."""
    traveller.spends("45")
    answer = traveller.http.post("/v1/ask", json={"text": "it was 30 euros"}).json()
    converted = answer["answer"]["expense"]["converted"]
    value = convert("30", "EUR", "USD", date.fromisoformat(converted["rate_date"]))
    assert converted["amount"] == str(value)
    assert answer["text"].startswith(f"Changed $45.00 for fuel to €30.00 for fuel. That is ${value} at the {SOURCE} ")


def test_correction_without_a_rate_is_done_and_converted_later(
    traveller: Traveller, owner: psycopg.Connection, ecb: httpx.Client
) -> None:
    """It says that the amount isn't included, and how the budget stands without it."""
    set_budget(owner, traveller.id, "fuel", "100.00")
    added = traveller.spends("45").json()
    fail(ecb)
    reply = traveller.http.patch(f"/v1/expenses/{added['expense']['id']}", json={"currency": "CAD"}).json()
    assert reply["text"].startswith(
        "Changed $45.00 for fuel to CA$45.00 for fuel. It isn't in your totals yet: PAM has no exchange rate to USD"
        " for it now. Without it, $100.00 of $100.00 is left for "
    )
    fail(ecb, "ok")
    time.sleep(1.1)
    later = traveller.summary(period="last_7_days")
    day = date.fromisoformat(later["converted"][0]["last_rate_date"])
    assert later["total"] == str(convert("45", "CAD", "USD", day))


def test_refund_in_another_currency_reduces_the_converted_total(traveller: Traveller, ecb: httpx.Client) -> None:
    """Below zero, the sentences say that it was paid back; refunds aren't counted as expenses."""
    refund = traveller.spends("CA$20", "propane", kind="refund").json()
    day = date.fromisoformat(refund["expense"]["converted"]["rate_date"])
    value = convert("20", "CAD", "USD", day)
    assert refund["expense"]["converted"]["amount"] == str(-value)
    assert refund["text"].startswith(f"Recorded a refund of CA$20.00 for propane. That is ${value} at the {SOURCE} ")
    summary = traveller.summary(period="last_7_days")
    assert (summary["total"], summary["count"], summary["top_expense"]) == (str(-value), 0, None)
    assert summary["text"].startswith(f"You got back ${value} more than you spent in the last 7 days (")
    assert f" This includes CA$20.00 paid back at the {SOURCE} reference rate of " in summary["text"]
    assert [(part["category"], part["total"], part["count"]) for part in summary["by_category"]] == [
        ("propane", str(-value), 0)
    ]
    traveller.spends("CA$50", "propane")
    summary = traveller.summary(period="last_7_days")
    assert (summary["total"], summary["count"]) == (str(convert("50", "CAD", "USD", day) - value), 1)
    assert summary["converted"][0]["count"] == 1
    assert " This includes CA$30.00 at the " in summary["text"]


@pytest.mark.parametrize(
    ("amounts", "text"),
    [
        ({"CAD": "-20"}, "You got back CA$20.00 more than you spent on camping in the last 7 days ("),
        ({"CAD": "-20", "EUR": "-5"}, "You got back CA$20.00 and €5.00 more than you spent on camping in the last 7"),
        ({"CAD": "70", "EUR": "-5"}, "You've spent CA$70.00 on camping in the last 7 days ("),
    ],
)
def test_refund_without_a_rate_is_not_said_to_be_spent(
    traveller: Traveller, owner: psycopg.Connection, ecb: httpx.Client, amounts: dict[str, str], text: str
) -> None:
    """Also beside expenses in another currency."""
    fail(ecb)
    for currency, amount in amounts.items():
        insert_expense(owner, traveller.id, amount, currency, datetime.now(UTC).date() - timedelta(days=1))
    spent = traveller.summary(period="last_7_days", category="camping")["text"]
    assert spent.startswith(text) and spent.endswith(". PAM has no exchange rate to USD for it yet.")
    assert ("), and got back €5.00 more than you spent." in spent) == ("CAD" in amounts and amounts["CAD"] == "70")


@pytest.fixture
def dependencies(build_dependencies: Dependencies) -> UserDependencies:
    """The dependencies of one environment, for all examples: each environment keeps a connection to Postgres."""
    return build_dependencies()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(sorted(CURRENCIES)),
    st.lists(
        st.tuples(
            st.integers(1, 100_000_000).map(lambda cents: str(Decimal(cents) / 100)),
            st.sampled_from(sorted(CURRENCIES)),
            st.dates(date(2024, 12, 28), date(2026, 11, 20)),
        ),
        min_size=1,
        max_size=12,
    ),
)
def test_total_is_the_sum_of_all_values(
    dependencies: UserDependencies,
    owner: psycopg.Connection,
    home: str,
    expenses: list[tuple[str, str, date]],
) -> None:
    """Amounts × currencies × days: each counts once, at the rate of its day, to the cent."""
    user = uuid.uuid4()
    owner.execute(
        "insert into users (id, currency, time_zone) values (%s, %s, 'America/Denver')",
        (user, home),
    )
    for amount, currency, day in expenses:
        insert_expense(owner, user, amount, currency, day)
    answer = spend_summary(dependencies, user, SpendingQuery(period="all_time"), Deadline(10))
    values = [convert(amount, currency, home, day) for amount, currency, day in expenses]
    assert Decimal(answer.total) == sum(values)
    assert answer.count == len(expenses) and answer.other_currencies == ()
    assert answer.top_expense is not None
    top = answer.top_expense.converted
    assert Decimal(top.amount if top else answer.top_expense.amount) == max(values)
    assert not convert_stored_amounts(dependencies, user, Deadline(5))


@pytest.mark.parametrize(
    ("day", "beginning"),
    [
        (30, "Today is the last day, and the month is heading for $"),
        (29, "With 1 day left, the month is heading for $"),
    ],
)
def test_last_day_of_the_month_has_no_zero_days_left(
    build_dependencies: Dependencies, owner: psycopg.Connection, day: int, beginning: str
) -> None:
    """The projection is worded for the days that are left."""
    dependencies = build_dependencies(ManualClock(datetime(2026, 11, day, 18, tzinfo=UTC)))
    user = uuid.uuid4()
    set_budget(owner, user, "camping", "850")
    insert_expense(owner, user, "100", "USD", date(2026, 11, 2))
    text = budget_status(dependencies, user, BudgetQuery(), Deadline(5)).text
    assert beginning in text and "0 days" not in text


def test_budget_names_what_was_converted(traveller: Traveller, owner: psycopg.Connection, ecb: httpx.Client) -> None:
    """In the sentence and in the JSON of the budget."""
    set_budget(owner, traveller.id, "camping", "850")
    today = datetime.now(UTC).astimezone().date()
    insert_expense(owner, traveller.id, "1500", "CAD", today.replace(day=1))
    status = traveller.http.get("/v1/budget-status", params={"category": "camping"}).json()
    [budget] = status["budgets"]
    value = convert("1500", "CAD", "USD", today.replace(day=1))
    assert (budget["spent"], budget["left"]) == (str(value), str(850 - value))
    assert budget["converted"][0]["value"] == str(value) and budget["not_included"] == []
    assert " This includes CA$1,500.00 at the ECB (simulated) reference rate of " in status["text"]
    assert status["source"] == f"Your expenses in PAM, {SOURCE}" and status["simulated"] is True
