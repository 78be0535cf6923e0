"""Budgets: their state, the overview with its projections, and the API."""

import uuid
import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from pam.money.budget_overview import BudgetOverview, BudgetQuery, read_budget_overview
from pam.money.budgets import BudgetState, fetch_month_budgets, read_budget_state, send_month_budgets_query
from pam.money.categories import Category
from pam.money.counted_sums import CountedSum, ExcludedSum
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.users.profile import Profile, read_profile
from tests.conftest import Traveller

NOON_22_NOV = datetime(2026, 11, 22, 19, tzinfo=UTC)

CreateUser = Callable[..., uuid.UUID]


@pytest.fixture
def create_user(owner: psycopg.Connection) -> CreateUser:
    """Create a user with budgets (category → limit in USD) and expenses (amount in USD, category, instant)."""

    def create(
        budgets: dict[str, str], expenses: list[tuple[str, str, str]], time_zone: str = "America/Denver"
    ) -> uuid.UUID:
        user_id = uuid.uuid4()
        owner.execute("insert into users (id, time_zone) values (%s, %s)", (user_id, time_zone))
        with owner.cursor() as cursor:
            cursor.executemany(
                "insert into budgets (user_id, category, monthly_limit, currency) values (%s, %s, %s, 'USD')",
                [(user_id, category, limit) for category, limit in budgets.items()],
            )
            cursor.executemany(
                "insert into expenses (user_id, amount, category, currency, spent_at) values (%s, %s, %s, 'USD', %s)",
                [(user_id, amount, category, instant) for amount, category, instant in expenses],
            )
        return user_id

    return create


@pytest.fixture
def read_overview(database: Database, create_user: CreateUser) -> Callable[..., BudgetOverview]:
    """Create a user with expenses at noon of the given days, and read their overview as of 22 November."""

    def read(budgets: dict[str, str], expenses: list[tuple[str, str, str]]) -> BudgetOverview:
        at_noon = [(amount, category, f"{day} 12:00-07") for amount, category, day in expenses]
        user_id = create_user(budgets, at_noon)
        with database.session(user_id, Deadline(5)) as connection:
            profile = read_profile(connection, user_id)
            return read_budget_overview(connection, profile, BudgetQuery(), NOON_22_NOV)

    return read


def test_overview_has_the_state_of_each_budget_and_their_sum(read_overview: Callable[..., BudgetOverview]) -> None:
    """Limit, spent, left and state are given by category and in total; expenses without a budget don't count."""
    overview = read_overview(
        {"fuel": "100", "camping": "200"},
        [("120", "fuel", "2026-11-02"), ("50", "camping", "2026-11-03"), ("999", "tolls", "2026-11-03")],
    )
    states = [line.state for line in overview.lines]
    assert [(state.category, state.spent, state.left, state.state) for state in states] == [
        (Category.CAMPING, Decimal(50), Decimal(150), "good"),
        (Category.FUEL, Decimal(120), Decimal(-20), "over"),
    ]
    assert overview.total is not None
    total = overview.total.state
    assert (total.limit, total.spent, total.state) == (Decimal(300), Decimal(170), "good")
    assert overview.days_left == 8


def test_projection_without_previous_months_extrapolates_the_month(
    read_overview: Callable[..., BudgetOverview],
) -> None:
    """The pace of the 18 days since the first expense continues for the 8 days that are left."""
    line = read_overview({"fuel": "500"}, [("180", "fuel", "2026-11-05")]).lines[0]
    assert line.usual_remainder is None
    assert line.projected == Decimal("260.00")


def test_projection_with_previous_months_adds_the_average_of_their_remaining_days(
    read_overview: Callable[..., BudgetOverview],
) -> None:
    """A monthly bill of the 3rd that is already paid isn't projected again."""
    bills = [("148", "insurance", f"2026-{month:02}-03") for month in (8, 9, 10, 11)]
    late = [("30", "fuel", "2026-08-25"), ("60", "fuel", "2026-09-25"), ("90", "fuel", "2026-10-25")]
    overview = read_overview({"insurance": "150", "fuel": "100"}, [("1", "tolls", "2026-07-15"), *bills, *late])
    projected = {str(line.state.category): line.projected for line in overview.lines}
    assert projected == {"insurance": Decimal("148.00"), "fuel": Decimal("60.00")}
    assert overview.total is not None
    assert overview.total.projected == Decimal("208.00")


def test_projection_ignores_a_previous_month_that_is_incomplete(read_overview: Callable[..., BudgetOverview]) -> None:
    """Expenses recorded since mid-October don't make October a basis of the projection."""
    line = read_overview({"fuel": "500"}, [("80", "fuel", "2026-10-25"), ("220", "fuel", "2026-11-05")]).lines[0]
    assert line.usual_remainder is None


def test_month_budgets_are_those_of_the_saved_time_zone(database: Database, create_user: CreateUser) -> None:
    """Without a device time zone the month is the one of the profile, and every budget is returned by category."""
    expenses = [("7", "fuel", "2026-10-31 12:30Z"), ("20", "fuel", "2026-10-31 13:30Z"), ("5", "tolls", "2026-11-02Z")]
    user_id = create_user({"tolls": "5", "fuel": "25"}, expenses, time_zone="Australia/Sydney")
    with database.session(user_id, Deadline(5)) as connection:
        cursor = send_month_budgets_query(connection, user_id, None, NOON_22_NOV)
        budgets = fetch_month_budgets(cursor)
    assert [(budget.category, budget.spent, budget.limit, budget.state) for budget in budgets] == [
        (Category.FUEL, Decimal(20), Decimal(25), "near"),
        (Category.TOLLS, Decimal(5), Decimal(5), "near"),
    ]


def test_month_budgets_count_what_is_converted_and_name_the_rest(
    database: Database, owner: psycopg.Connection, create_user: CreateUser
) -> None:
    """The context of the chat reads no rates: it counts those that are stored, as the state of one budget does."""
    user_id = create_user({"fuel": "100", "tolls": "50"}, [("20", "fuel", "2026-11-05 12:00-07")])
    owner.execute(
        "insert into expenses (user_id, amount, currency, category, spent_at, exchange_rate, rate_currency, rate_date,"
        " rate_source) values (%(user)s, 100, 'CAD', 'fuel', '2026-11-07 12:00-07', 0.715, 'USD', '2026-11-06', 'ECB'),"
        " (%(user)s, 9, 'MXN', 'fuel', '2026-11-07 12:00-07', 0.05, 'EUR', '2026-11-06', 'ECB'),"
        " (%(user)s, 7, 'MXN', 'fuel', '2026-11-07 12:00-07', null, null, null, null)",
        {"user": user_id},
    )
    with database.session(user_id, Deadline(5)) as connection:
        fuel, tolls = fetch_month_budgets(send_month_budgets_query(connection, user_id, None, NOON_22_NOV))
        state = read_budget_state(connection, read_profile(connection, user_id), Category.FUEL, NOON_22_NOV)
    assert fuel == state
    assert (fuel.spent, fuel.left, fuel.state) == (Decimal("91.50"), Decimal("8.50"), "near")
    assert fuel.spending.excluded == (ExcludedSum("MXN", Decimal("16.00"), 2),)
    assert [(part.currency, part.value, part.first_rate) for part in fuel.spending.converted] == [
        ("CAD", Decimal("71.50"), date(2026, 11, 6))
    ]
    assert tolls.spending == CountedSum()


def test_month_budgets_agree_with_the_budget_state_in_every_time_zone(
    database: Database, owner: psycopg.Connection, create_user: CreateUser
) -> None:
    """Both have the same month and amounts, although one computes the month in SQL and the other in Python."""
    around_month_start = datetime(2026, 10, 31, 8, 30, tzinfo=UTC)
    expenses = [
        (str(2 ** (number % 16)), "fuel", (around_month_start + timedelta(hours=number)).isoformat())
        for number in range(32)
    ]
    user_id = create_user({"fuel": "1000"}, expenses)
    known_to_postgres = {name for (name,) in owner.execute("select name from pg_timezone_names")}
    zones = [zoneinfo.ZoneInfo(name) for name in sorted(known_to_postgres & zoneinfo.available_timezones())]
    assert len(zones) > 300
    differences: list[tuple[str, list[BudgetState], BudgetState | None]] = []
    with database.session(user_id, Deadline(60)) as connection:
        for zone in zones:
            in_sql = fetch_month_budgets(send_month_budgets_query(connection, user_id, zone, NOON_22_NOV))
            profile = Profile(user_id, zone, "USD", "en_US")
            in_python = read_budget_state(connection, profile, Category.FUEL, NOON_22_NOV)
            if in_sql != [in_python]:
                differences.append((zone.key, in_sql, in_python))
    assert differences == []


def test_budget_status_is_current_after_a_write(traveller: Traveller, owner: psycopg.Connection) -> None:
    """The cached answer is replaced by one with the new amount and state as soon as an expense is added."""
    traveller.spends("10")
    owner.execute(
        "insert into budgets (user_id, category, monthly_limit, currency) values (%s, 'fuel', 100, 'USD')",
        (traveller.id,),
    )
    first = traveller.http.get("/v1/budget-status", params={"category": "fuel"}).json()
    again = traveller.http.get("/v1/budget-status", params={"category": "fuel"}).json()
    assert (first["cached"], again["cached"], first["budgets"][0]["left"]) == (False, True, "90.00")
    assert first["text"].startswith("You've $90.00 left on fuel: $10.00 of $100.00 this month.")
    traveller.spends("95")
    after = traveller.http.get("/v1/budget-status", params={"category": "fuel"}).json()
    assert after["cached"] is False
    assert after["budgets"][0]["state"] == "over"
    assert after["text"].startswith("You're $5.00 over on fuel: $105.00 of $100.00 this month.")
    assert timedelta(0) <= datetime.now(UTC) - datetime.fromisoformat(after["as_of"]) < timedelta(minutes=1)


def test_budget_status_without_a_budget_is_an_answer(traveller: Traveller) -> None:
    """The answer says that the user has no budget."""
    assert traveller.http.get("/v1/budget-status").json()["text"] == "You have no budget in USD."


@pytest.mark.parametrize(
    ("parameters", "code"), [({"category": "gas"}, "unknown_category"), ({"period": "march"}, "invalid_request")]
)
def test_budget_status_with_an_invalid_parameter_is_rejected(
    traveller: Traveller, parameters: dict[str, str], code: str
) -> None:
    """An unknown category and a parameter that the route doesn't have each get their error code."""
    assert traveller.http.get("/v1/budget-status", params=parameters).json()["code"] == code
