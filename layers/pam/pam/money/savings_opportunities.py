"""Where a user may save, from their own expenses alone: what recurs, what rises, and what is above their own median.

- *Recurring*: a fixed monthly cost of the last two or three whole months. Its amount is the last one.
- *Rising*: a category that cost more in each of the last three windows of thirty days than in the one before. Its
  amount is what the last window has more than the average of the other two.
- *Above the median*: an expense of the last thirty days of more than one and a half times the median of its category in
  the 180 days before them, of at least five expenses. Its amount is what it has more than the median.

Fixed costs are left out of the latter two. An amount is what is to be looked at, not what can be saved: PAM knows no
offers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict

from pam.money.amounts import parse_amount, to_cents
from pam.money.budgets import SELECT_FIRST_EXPENSE, fetch_first_day
from pam.money.categories import Category
from pam.money.counted_sums import CountedSum
from pam.money.entries import Entry, read_entries
from pam.money.monthly_costs import find_monthly_costs, months_before, split_by_month
from pam.platform.postgres import Connection
from pam.users.periods import Window
from pam.users.profile import Profile
from pam.users.time_zones import TimeZone

DEFAULT_MIN_AMOUNT = Decimal(5)

WINDOW_DAYS = 30
MEDIAN_DAYS = 180
MIN_MEDIAN_ENTRIES = 5
MEDIAN_FACTOR = Decimal("1.5")
_RISING_WINDOWS = 3
_MAX_MONTHS = 3


class OpportunityKind(StrEnum):
    """What makes an expense worth a look."""

    RECURRING = "recurring"
    RISING = "rising"
    ABOVE_MEDIAN = "above_median"


class OpportunitiesQuery(BaseModel):
    """A request for opportunities of at least an amount in the user's currency."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_amount: Annotated[Decimal, BeforeValidator(parse_amount)] = DEFAULT_MIN_AMOUNT
    timezone: TimeZone | None = None

    @property
    def key(self) -> str:
        """The cache key: equal for equal queries."""
        return f"{self.min_amount}|{self.timezone.key if self.timezone else ''}"


@dataclass(frozen=True)
class OpportunityEvidence:
    """A figure that shows an opportunity: an amount of the days from `start` to `end` (exclusive).

    `expense_id` is that of a single expense; `name` is its description, or what a sum or a median is of.
    """

    name: str
    amount: Decimal
    start: date
    end: date
    expense_id: UUID | None = None


@dataclass(frozen=True)
class Opportunity:
    """What is worth a look, with the figures that show it."""

    kind: OpportunityKind
    category: Category
    name: str
    amount: Decimal
    evidence: tuple[OpportunityEvidence, ...]


@dataclass(frozen=True)
class Opportunities:
    """The opportunities of a user, the highest amount first. `first_day` is the day of their first expense."""

    query: OpportunitiesQuery
    profile: Profile
    today: date
    as_of: datetime
    found: Sequence[Opportunity]
    first_day: date | None
    excluded: CountedSum
    rate_sources: frozenset[str]

    @property
    def is_converted(self) -> bool:
        """Whether all amounts count."""
        return not self.excluded.excluded


def read_savings_opportunities(
    connection: Connection, profile: Profile, query: OpportunitiesQuery, now: datetime
) -> Opportunities:
    """Read the expenses of the last 210 days and find what is worth a look as of the instant `now`."""
    profile = profile.in_zone(query.timezone)
    today = now.astimezone(profile.zone).date()
    first_day = fetch_first_day(connection.execute(SELECT_FIRST_EXPENSE, {"user": profile.id}), profile)
    end = today + timedelta(days=1)
    read = read_entries(connection, profile, Window(end - timedelta(days=WINDOW_DAYS + MEDIAN_DAYS), end), None)
    starts = months_before(today.replace(day=1), _MAX_MONTHS, first_day)
    costs = find_monthly_costs(split_by_month(read.entries, starts))
    recurring = [
        Opportunity(
            OpportunityKind.RECURRING,
            cost.category,
            cost.name,
            cost.amount,
            tuple(_expense_evidence(entry) for entry in cost.entries),
        )
        for cost in costs
    ]
    fixed = {cost.entries[0].key for cost in costs}
    entries = [entry for entry in read.entries if entry.key not in fixed]
    found = [*recurring, *_rising(entries, end, first_day), *_above_median(entries, end)]
    enough = [opportunity for opportunity in found if opportunity.amount >= query.min_amount]
    return Opportunities(
        query=query,
        profile=profile,
        today=today,
        as_of=now,
        found=sorted(enough, key=lambda each: (-each.amount, each.kind, each.name)),
        first_day=first_day,
        excluded=read.excluded,
        rate_sources=read.rate_sources,
    )


def _rising(entries: Sequence[Entry], end: date, first_day: date | None) -> Iterable[Opportunity]:
    bounds = [end - timedelta(days=WINDOW_DAYS * at) for at in range(_RISING_WINDOWS + 1)]
    if first_day is None or first_day > bounds[-1]:
        return  # the first window would rise from days without records
    for category, listed in _by_category(entries):
        windows = [Window(start, stop) for stop, start in pairwise(bounds)]
        sums = [_sum(listed, window) for window in windows]
        if all(later > earlier > 0 for later, earlier in pairwise(sums)):
            amount = to_cents(sums[0] - sum(sums[1:], Decimal(0)) / (len(sums) - 1))
            evidence = (
                OpportunityEvidence(str(category), total, each.start, each.end)
                for total, each in zip(sums, windows, strict=True)
            )
            yield Opportunity(OpportunityKind.RISING, category, str(category), amount, tuple(evidence))


def _above_median(entries: Sequence[Entry], end: date) -> Iterable[Opportunity]:
    start = end - timedelta(days=WINDOW_DAYS)
    before = Window(start - timedelta(days=MEDIAN_DAYS), start)
    paid = [entry for entry in entries if entry.amount > 0]
    for category, listed in _by_category(paid):
        usual = [entry.amount for entry in listed if before.start <= entry.day < before.end]
        if len(usual) < MIN_MEDIAN_ENTRIES:
            continue
        middle = to_cents(median(usual))
        for entry in listed:
            if entry.day >= start and entry.amount > MEDIAN_FACTOR * middle:
                name = f"median of {len(usual)} expenses on {category}"
                evidence = (_expense_evidence(entry), OpportunityEvidence(name, middle, before.start, before.end))
                yield Opportunity(OpportunityKind.ABOVE_MEDIAN, category, entry.name, entry.amount - middle, evidence)


def _by_category(entries: Iterable[Entry]) -> list[tuple[Category, list[Entry]]]:
    groups: dict[Category, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.category, []).append(entry)
    return sorted(groups.items())


def _sum(entries: Iterable[Entry], window: Window) -> Decimal:
    return sum((entry.amount for entry in entries if window.start <= entry.day < window.end), Decimal(0))


def _expense_evidence(entry: Entry) -> OpportunityEvidence:
    return OpportunityEvidence(entry.name, entry.amount, entry.day, entry.day + timedelta(days=1), entry.id)
