"""What a month's questions have cost, and what they would have cost otherwise, from the stored usage of their turns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pam.platform.dimensions import FAST_TIERS, TURN_ANSWERED
from pam.sources.claude.pricing import PRICES

if TYPE_CHECKING:
    import psycopg

_MILLION = Decimal(1_000_000)

BASELINE_TOKENS = 5000
BASELINE_DOLLARS_PER_MILLION = Decimal("3.00")
"""The baseline: each answered question is one call with so many uncached prompt tokens of a model at this price.

It is in its own favour: it has no output, and no question without an answer, while the costs that it is compared with
are of all turns, those included that ended with an error after Claude was called.
"""

# A month of UTC, as the daily caps are.
_SELECT_USAGE = """
select user_id, tier, model, count(*) filter (where ended = %(answered)s) as answered, sum(input_tokens) as uncached,
       sum(cache_read_tokens) as read, sum(cache_write_tokens) as written, sum(output_tokens) as output,
       sum(cost_microdollars) as cost
  from turns where created_at >= %(since)s and created_at < %(until)s
 group by user_id, tier, model
"""


@dataclass(frozen=True)
class Usage:
    """The turns of one user, tier and model: how many were answered, and the tokens and the cost of all.

    The cost is in millionths of a dollar.
    """

    user_id: str
    tier: int
    model: str
    answered: int
    uncached: int = 0
    read: int = 0
    written: int = 0
    output: int = 0
    cost: int = 0


@dataclass(frozen=True)
class CostReport:
    """Dollars: of all turns, by model, by tier and by user, and what the same questions would have cost."""

    questions: int
    """Those that were answered. What was spent on the others is in the costs all the same."""
    total: Decimal
    by_model: Mapping[str, Decimal]
    by_tier: Mapping[int, Decimal]
    by_user: Mapping[str, Decimal]
    without_tiers: Decimal | None
    """With the fast answers at the mean cost of one of Claude's, which bears its share of those that failed; None where
    Claude has answered nothing."""
    without_caching: Decimal
    """With all prompt tokens at the price of uncached ones."""
    baseline: Decimal
    """The answered questions at `BASELINE_TOKENS` and `BASELINE_DOLLARS_PER_MILLION`."""

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values, dollars as text."""

        def texts(costs: Mapping[Any, Decimal]) -> dict[str, str]:
            return {str(name): _text(cost) for name, cost in costs.items()}

        return {
            "questions": self.questions,
            "total": _text(self.total),
            "by_model": texts(self.by_model),
            "by_tier": texts(self.by_tier),
            "by_user": texts(self.by_user),
            "without_tiers": None if self.without_tiers is None else _text(self.without_tiers),
            "without_caching": _text(self.without_caching),
            "baseline": _text(self.baseline),
        }


def month_of(now: datetime) -> tuple[datetime, datetime]:
    """Return the beginning of the UTC month, and of the next one."""
    since = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    until = since.replace(year=since.year + since.month // 12, month=since.month % 12 + 1)
    return since, until


def read_usage(connection: "psycopg.Connection[Any]", since: datetime, until: datetime) -> list[Usage]:
    """Return the usage of all users, as the owner of the tables."""
    rows = connection.execute(_SELECT_USAGE, {"since": since, "until": until, "answered": TURN_ANSWERED}).fetchall()
    return [Usage(str(row[0]), row[1], row[2], *map(int, row[3:])) for row in rows]


def report_costs(usages: Sequence[Usage]) -> CostReport:
    """Compute the report. Costs are those that were stored; summaries of conversations aren't turns, and not in it."""
    by_claude = [each for each in usages if each.tier not in FAST_TIERS]
    questions = sum(each.answered for each in usages)
    answered_by_claude = sum(each.answered for each in by_claude)
    total = _dollars(usages)
    mean = total / answered_by_claude if answered_by_claude else None
    return CostReport(
        questions=questions,
        total=total,
        by_model=_by((each.model, each) for each in by_claude),
        by_tier=_by((each.tier, each) for each in usages),
        by_user=_by((each.user_id, each) for each in usages),
        without_tiers=None if mean is None else total + mean * (questions - answered_by_claude),
        without_caching=sum(map(_uncached, by_claude), Decimal(0)),
        baseline=questions * BASELINE_TOKENS * BASELINE_DOLLARS_PER_MILLION / _MILLION,
    )


def _dollars(usages: Iterable[Usage]) -> Decimal:
    return Decimal(sum(each.cost for each in usages)) / _MILLION


def _by(usages: Iterable[tuple[Any, Usage]]) -> dict[Any, Decimal]:
    """Return the sums by name, the highest first."""
    costs: dict[Any, Decimal] = {}
    for name, usage in usages:
        costs[name] = costs.get(name, Decimal(0)) + _dollars([usage])
    return dict(sorted(costs.items(), key=lambda item: (-item[1], str(item[0]))))


def _uncached(usage: Usage) -> Decimal:
    """Return what the tokens cost without a cache; a model without a price costs what was stored."""
    if usage.model not in PRICES:
        return _dollars([usage])
    price = PRICES[usage.model]
    prompt = usage.uncached + usage.read + usage.written
    return (prompt * price.input + usage.output * price.output) / _MILLION


def _text(dollars: Decimal) -> str:
    return f"{dollars:.6f}"
