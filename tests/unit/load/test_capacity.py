"""The capacity model, against an example that is calculated by hand."""

from dataclasses import replace

import pytest

from load.capacity import Habits, Measured, Prices, Quotas, Use, calculate, read_measured
from load.capacity_page import PAGE, render

FAST = Use(gb_s=0.01, invocations=1, read_units=1, write_units=2, transactions=1, seconds=0.02)
SLOW = Use(gb_s=3, invocations=3, read_units=10, write_units=30, transactions=5, seconds=2)
MEASURED = Measured(
    {"tier1": FAST, "tier2": FAST, "write": FAST, "tier3": SLOW},
    uncached_tokens=1_000,
    model_calls=2,
    claude_usd=0.001,
)
HABITS = Habits(messages_per_user_day=86.4, peak_factor=2, connected_minutes_per_user_day=14.4, visits_per_user_day=1)


def test_worked_example() -> None:
    """1,000 users with 86.4 messages a day are one message a second, and two at the peak; 15 % are for Claude."""
    found = calculate(1_000, MEASURED, HABITS, Prices(), Quotas(transactions_per_s_per_acu=1))
    assert found.messages_per_s == pytest.approx(2)
    assert found.concurrency == pytest.approx(2 * (0.85 * 0.02 + 0.15 * 2))
    assert found.worker_concurrency == pytest.approx(0.6)
    assert found.claude_requests_per_s == pytest.approx(0.6)
    assert found.claude_tokens_per_minute == pytest.approx(0.3 * 60 * 1_000)
    assert found.transactions_per_s == found.acu == pytest.approx(2 * (0.85 + 0.75))
    assert found.writes_per_s == pytest.approx(2 * (0.85 * 2 + 0.15 * 30))
    assert found.connections == pytest.approx(20)
    messages = 1_000 * 86.4 * 30
    assert found.usd["Claude"] == pytest.approx(messages * 0.15 * 0.001)
    assert found.usd["DynamoDB"] == pytest.approx(messages / 1e6 * (6.2 * 0.625 + 2.35 * 0.125))
    assert found.total_usd == pytest.approx(sum(found.usd.values()))


def test_what_grows_with_the_users_is_proportional() -> None:
    """All but what is paid without any: SnapStart's cache, the smallest database and the network."""
    one, ten = (calculate(users, MEASURED, HABITS, Prices(), Quotas()) for users in (100_000, 1_000_000))
    for name in ("messages_per_s", "concurrency", "acu", "connections", "stored_gb_per_year", "new_connections_per_s"):
        assert getattr(ten, name) == pytest.approx(10 * getattr(one, name)), name
    for service in ("Claude", "Lambda", "API Gateway", "DynamoDB", "Logs"):
        assert ten.usd[service] == pytest.approx(10 * one.usd[service]), service
    idle = calculate(0, MEASURED, HABITS, Prices(), Quotas())
    assert {name for name, dollars in idle.usd.items() if dollars} == {"SnapStart", "Aurora", "Network"}


def test_first_limit_is_named_first() -> None:
    """Whichever is smallest against its use."""
    found = calculate(100_000, MEASURED, HABITS, Prices(), Quotas())
    shares = found.shares(replace(Quotas(), dynamodb_writes_per_s=1))
    assert next(iter(shares)) == "writes to one DynamoDB table"
    assert shares["writes to one DynamoDB table"] == pytest.approx(found.writes_per_s)


def test_page_is_that_of_the_recorded_figures() -> None:
    """`python -m load.capacity_page` writes it."""
    assert PAGE.read_text(encoding="utf-8") == render(read_measured(), Habits(), Prices(), Quotas())
