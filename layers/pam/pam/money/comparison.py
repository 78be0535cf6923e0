"""A month against its budgets: what was budgeted, what was spent, and the difference."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from pam.money.amounts import to_cents
from pam.money.budgets import BUDGETS, SPENT, BudgetState, sums_of
from pam.money.categories import Category, KnownCategory
from pam.platform.errors import UNKNOWN_PERIOD, PamError
from pam.platform.postgres import Connection
from pam.users.periods import MONTHS, Window, resolve_period
from pam.users.profile import Profile
from pam.users.time_zones import TimeZone

_MONTHS = ("this_month", "last_month", *MONTHS)


def parse_month(value: Any) -> str:
    """A period that is one calendar month. Raises `PamError` (`unknown_period`)."""
    if value not in _MONTHS:
        raise PamError(
            UNKNOWN_PERIOD,
            "A budget is for a month: this_month, last_month, or a month such as march.",
            field="period",
        )
    return str(value)


Month = Annotated[str, BeforeValidator(parse_month), WithJsonSchema({"type": "string", "enum": list(_MONTHS)})]


class ComparisonQuery(BaseModel):
    """How a month went against its budgets, all or one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    category: KnownCategory | None = None
    period: Month = "this_month"
    timezone: TimeZone | None = None

    @property
    def key(self) -> str:
        """The same text for the same question."""
        return f"{self.category or ''}|{self.period}|{self.timezone.key if self.timezone else ''}"


@dataclass(frozen=True)
class Comparison:
    """The budgets of a month that are in the traveller's currency, those that are not, and what was spent, in
    the traveller's currency, on categories without a budget in it.

    Limits are those of `as_of`: PAM keeps none of a month that is over.
    """

    question: ComparisonQuery
    profile: Profile
    window: Window
    today: date
    as_of: datetime
    lines: list[BudgetState]
    other_currencies: list[BudgetState]
    without_budget: dict[Category, Decimal]

    @property
    def total(self) -> BudgetState | None:
        """All lines of the traveller's currency together; None without any."""
        if not self.lines:
            return None
        limit = sum((line.limit for line in self.lines), Decimal(0))
        spent = sum((line.spent for line in self.lines), Decimal(0))
        return BudgetState(None, self.window, self.profile.currency, limit, spent)

    def as_json(self) -> dict[str, Any]:
        """The figures as clients see them; money as decimal strings."""
        return {
            "window": self.window.as_json() | {"period": self.window.period, "time_zone": self.profile.zone.key},
            "currency": self.profile.currency,
            "category": self.question.category,
            "budgets": [_compared(line) for line in self.lines],
            "total": _compared(self.total) if self.total else None,
            "other_currencies": [_compared(line) for line in self.other_currencies],
            "without_budget": [
                {"category": category, "spent": str(to_cents(spent))} for category, spent in self.without_budget.items()
            ],
        }


def percent(state: BudgetState) -> Decimal:
    """How much of the limit is spent, in per cent with one decimal."""
    return (state.spent / state.limit * 100).quantize(Decimal("0.1"), rounding=ROUND_HALF_EVEN)


def _compared(state: BudgetState) -> dict[str, Any]:
    """`difference` is what is left of the budget, negative when over."""
    return {
        "category": state.category,
        "currency": state.currency,
        "budgeted": str(state.limit),
        "spent": str(to_cents(state.spent)),
        "difference": str(to_cents(state.left)),
        "percent": float(percent(state)),
        "state": state.state,
    }


def compare(connection: Connection, profile: Profile, question: ComparisonQuery, now: datetime) -> Comparison:
    """The month that is asked about against its budgets, as of the instant `now`."""
    profile = profile.somewhere_else(question.timezone)
    today = now.astimezone(profile.zone).date()
    window = resolve_period(question.period, today, first_weekday=0)
    start, end = window.instants(profile.zone)
    fixed = {"user": profile.id, "category": question.category}
    budgets = connection.execute(BUDGETS, fixed)
    spent = sums_of(connection.execute(SPENT, fixed | {"start": start, "end": end}))

    lines = [
        BudgetState(
            Category(row["category"]),
            window,
            row["currency"],
            row["limit"],
            spent.get((row["category"], row["currency"]), Decimal(0)),
        )
        for row in budgets.fetchall()
    ]
    own = [line for line in lines if line.currency == profile.currency]
    budgeted = {line.category for line in own}
    return Comparison(
        question=question,
        profile=profile,
        window=window,
        today=today,
        as_of=now,
        lines=own,
        other_currencies=[line for line in lines if line.currency != profile.currency],
        without_budget={
            Category(category): amount
            for (category, currency), amount in sorted(spent.items())
            if currency == profile.currency and category not in budgeted
        },
    )
