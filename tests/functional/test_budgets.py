"""Budgets: how they stand, and where the month is heading."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from pam.money.budgets import BudgetQuery, Budgets, budget_overview
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.users.profile import read_profile
from tests.conftest import Traveller

NOON_22_NOV = datetime(2026, 11, 22, 19, tzinfo=UTC)


@pytest.fixture
def overview(database: Database, owner: psycopg.Connection) -> Callable[..., Budgets]:
    """Books expenses (amount, category, day) and budgets of a new traveller, and reads the overview on 22 November."""

    def read(budgets: dict[str, str], expenses: list[tuple[str, str, str]], category: str | None = None) -> Budgets:
        user = uuid.uuid4()
        owner.execute("insert into users (id) values (%s)", (user,))
        with owner.cursor() as cursor:
            cursor.executemany(
                "insert into budgets (user_id, category, monthly_limit, currency) values (%s, %s, %s, 'USD')",
                [(user, name, limit) for name, limit in budgets.items()],
            )
            cursor.executemany(
                "insert into expenses (user_id, amount, category, currency, spent_at) values (%s, %s, %s, 'USD', %s)",
                [(user, amount, name, f"{day} 12:00-07") for amount, name, day in expenses],
            )
        with database.session(user, Deadline(5)) as connection:
            profile = read_profile(connection, user)
            return budget_overview(connection, profile, BudgetQuery(category=category), NOON_22_NOV)

    return read


def test_each_budget_and_their_sum(overview: Callable[..., Budgets]) -> None:
    """Limit, spent, left and state of each category and of all; days left after today."""
    told = overview(
        {"fuel": "100", "camping": "200"},
        [("120", "fuel", "2026-11-02"), ("50", "camping", "2026-11-03"), ("999", "tolls", "2026-11-03")],
    ).as_json()
    assert [(b["category"], b["spent"], b["left"], b["state"]) for b in told["budgets"]] == [
        ("camping", "50.00", "150.00", "good"),
        ("fuel", "120.00", "-20.00", "over"),
    ]
    assert (told["total"]["limit"], told["total"]["spent"], told["total"]["state"]) == ("300.00", "170.00", "good")
    assert told["days_left"] == 8


def test_without_months_to_tell_from_the_pace_goes_on(overview: Callable[..., Budgets]) -> None:
    """Who began this month is projected at this month's pace: 22 of 30 days."""
    line = overview({"fuel": "500"}, [("220", "fuel", "2026-11-05")]).lines[0]
    assert line.projected == Decimal("300.00")
    assert line.as_json()["projection_basis"] == "pace"


def test_a_bill_that_is_paid_is_not_expected_again(overview: Callable[..., Budgets]) -> None:
    """The rest of the month is expected as it was in the months before: nothing more for a bill of the 3rd."""
    bills = [("148", "insurance", f"2026-{month:02}-03") for month in (8, 9, 10, 11)]
    late = [("30", "fuel", "2026-08-25"), ("60", "fuel", "2026-09-25"), ("90", "fuel", "2026-10-25")]
    budgets = overview({"insurance": "150", "fuel": "100"}, [("1", "tolls", "2026-07-15"), *bills, *late])
    projected = {str(line.state.category): line.projected for line in budgets.lines}
    assert projected == {"insurance": Decimal("148.00"), "fuel": Decimal("60.00")}
    assert budgets.total is not None and budgets.total.projected == Decimal("208.00")


def test_half_a_first_month_does_not_count_as_one(overview: Callable[..., Budgets]) -> None:
    """Records that begin in mid-October say nothing of what October's rest usually brings."""
    line = overview({"fuel": "500"}, [("80", "fuel", "2026-10-25"), ("220", "fuel", "2026-11-05")]).lines[0]
    assert line.usual_rest is None


def test_through_the_api_a_budget_moves_with_a_write(traveller: Traveller, owner: psycopg.Connection) -> None:
    """The overview is cached, and an expense makes it stale at once; an unknown category has no budget."""
    assert traveller.http.get("/v1/budget-status").json()["text"] == "You have no budget in USD."
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
    told = traveller.http.get("/v1/budget-status", params={"category": "fuel"}).json()
    assert told["cached"] is False and told["budgets"][0]["state"] == "over"
    assert told["text"].startswith("You're $5.00 over on fuel: $105.00 of $100.00 this month.")
    assert traveller.http.get("/v1/budget-status", params={"category": "gas"}).json()["code"] == "unknown_category"
    assert traveller.http.get("/v1/budget-status", params={"period": "march"}).json()["code"] == "invalid_request"
    assert timedelta(0) <= datetime.now(UTC) - datetime.fromisoformat(told["as_of"]) < timedelta(minutes=1)
