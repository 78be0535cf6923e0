"""The cost of a month, and of the same questions otherwise."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.costs import Usage, month_of, report_costs
from pam.sources.claude.pricing import PRICES, TokenUsage

HAIKU, SONNET = "claude-haiku-5-5", "claude-sonnet-5-5"


def claude(user: str, model: str, answered: int, usage: TokenUsage) -> Usage:
    """Return stored usage as the worker computes it."""
    written = usage.write_5m + usage.write_1h
    cost = round(usage.cost(model) * 1_000_000)
    return Usage(user, 3, model, answered, usage.input, usage.read, written, usage.output, cost)


def test_costs_are_of_all_and_by_model_tier_and_user() -> None:
    """The highest first; fast answers cost nothing and are in the tiers all the same."""
    cheap = claude("a", HAIKU, 4, TokenUsage(input=1_000, read=90_000, write_1h=9_000, output=500))
    dear = claude("b", SONNET, 1, TokenUsage(input=10_000, output=1_000))
    report = report_costs([cheap, dear, Usage("a", 1, "", 7), Usage("b", 2, "", 3)])
    # 1,000 x 0.10 + 90,000 x 0.01 + 9,000 x 0.20 + 500 x 0.50, and 10,000 x 2 + 1,000 x 10, dollars per million.
    assert report.total == Decimal("0.003050") + Decimal("0.030000")
    assert list(report.by_model.items()) == [(SONNET, Decimal("0.03")), (HAIKU, Decimal("0.00305"))]
    assert report.by_tier == {3: Decimal("0.03305"), 1: 0, 2: 0}
    assert list(report.by_user) == ["b", "a"]
    assert report.questions == 15


def test_the_same_questions_otherwise() -> None:
    """Without tiers at the mean of Claude's, without caching at the price of input, and on the baseline."""
    report = report_costs(
        [claude("a", HAIKU, 2, TokenUsage(input=1_000, read=18_000, write_1h=1_000, output=400)), Usage("a", 1, "", 6)]
    )
    assert report.total == Decimal("0.00068")
    assert report.without_tiers == Decimal("0.00068") * 4
    assert report.without_caching == Decimal(20_000) * Decimal("0.10") / 10**6 + Decimal(400) * Decimal("0.50") / 10**6
    assert report.baseline == Decimal("0.12")  # eight questions at 5,000 tokens of $3 a million


def test_questions_without_an_answer_cost_but_are_not_compared() -> None:
    """What failed is in the costs, and in the mean of those that didn't; the baseline is of answered questions."""
    answered = claude("a", HAIKU, 1, TokenUsage(input=10_000, output=1_000))
    failed = claude("b", HAIKU, 0, TokenUsage(input=20_000))
    report = report_costs([answered, failed, Usage("a", 1, "", 1)])
    assert report.questions == 2
    # 10,000 x 0.10 + 1,000 x 0.50, and 20,000 x 0.10, dollars per million.
    assert report.total == Decimal("0.0015") + Decimal("0.0020")
    assert report.by_user == {"b": Decimal("0.0020"), "a": Decimal("0.0015")}
    assert report.without_tiers == report.total * 2
    assert report.without_caching == report.total
    assert report.baseline == Decimal("0.03")  # two questions at 5,000 tokens of $3 a million
    only_failed = report_costs([failed])
    assert (only_failed.questions, only_failed.baseline, only_failed.without_tiers) == (0, 0, None)
    assert only_failed.total == Decimal("0.0020")


def test_nothing_is_known_of_tiers_where_claude_answered_nothing() -> None:
    """There is no mean then."""
    report = report_costs([Usage("a", 1, "", 6)])
    assert (report.total, report.without_tiers, report.without_caching) == (0, None, 0)
    assert report.as_json()["without_tiers"] is None
    assert report_costs([]).questions == 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b"]),
            st.sampled_from(list(PRICES)),
            st.integers(1, 50),
            *[st.integers(0, 10**6)] * 4,
        ),
        max_size=6,
    ),
    st.integers(0, 100),
)
def test_parts_add_up_and_no_comparison_is_cheaper(
    drawn: list[tuple[str, str, int, int, int, int, int]], fast: int
) -> None:
    """Sums by model, tier and user are the whole. Tiers never cost more than none."""
    usages = [
        claude(user, model, turns, TokenUsage(input=uncached, read=read, write_5m=written, output=output))
        for user, model, turns, uncached, read, written, output in drawn
    ]
    report = report_costs([*usages, *([Usage("a", 1, "", fast)] if fast else [])])
    for parts in (report.by_model, report.by_tier, report.by_user):
        assert sum(parts.values(), Decimal(0)) == report.total
    assert report.without_tiers is None or report.without_tiers >= report.total
    if not any(written for *_, written, _ in drawn):  # a write costs more than input, and pays by later reads
        assert report.without_caching >= report.total - Decimal("0.000001") * len(usages)


@pytest.mark.parametrize(
    ("now", "since", "until"),
    [
        (datetime(2026, 11, 27, 19, 0, tzinfo=UTC), (2026, 11, 1), (2026, 12, 1)),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), (2026, 12, 1), (2027, 1, 1)),
        # In UTC it is February already.
        (datetime(2027, 1, 31, 20, 0, tzinfo=timezone(timedelta(hours=-7))), (2027, 2, 1), (2027, 3, 1)),
    ],
)
def test_month_is_of_utc(now: datetime, since: tuple[int, int, int], until: tuple[int, int, int]) -> None:
    """As the daily caps are."""
    assert month_of(now) == (datetime(*since, tzinfo=UTC), datetime(*until, tzinfo=UTC))
