"""Expenses and refunds: their fields, creation and undo. A refund is an expense with a negative amount."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from pam.money.amounts import Currency
from pam.money.categories import Category, KnownCategory
from pam.money.conversions import CONVERSION_COLUMNS, conversion_from_row, conversion_to_row, find_conversion
from pam.money.exchange_rates import NO_RATES, Conversion, RateTable
from pam.money.typed_amounts import TypedAmount, read_amount
from pam.platform.errors import (
    DATE_IN_FUTURE,
    DATE_TOO_OLD,
    INVALID_DATE,
    PamError,
)
from pam.platform.postgres import Connection
from pam.platform.validation import optional
from pam.users.periods import FIRST_DAY, LAST_DAY
from pam.users.profile import Profile, ensure_user
from pam.users.text import TextParser
from pam.users.time_zones import TimeZone
from pam.users.typed_at import TypedAt

MAX_DESCRIPTION_CHARS = 500

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_date(value: Any) -> date:
    """Return the date of a `YYYY-MM-DD` string, from `FIRST_DAY` to `LAST_DAY`. Raises `PamError` (`invalid_date`)."""
    try:
        if not (isinstance(value, str) and _ISO_DATE.fullmatch(value)):
            raise ValueError
        day = date.fromisoformat(value)
    except ValueError:
        day = date.min
    if not FIRST_DAY <= day <= LAST_DAY:
        raise PamError(INVALID_DATE, "The date must be a day such as 2026-03-14.")
    return day


parse_description = TextParser("description", MAX_DESCRIPTION_CHARS)

# Defined outside of the model, whose field `date` shadows the type.
OptionalDay = Annotated[
    date | None,
    optional(parse_date),
    WithJsonSchema(
        {
            "type": ["string", "null"],
            "format": "date",
            "description": "The day of the expense, today at the latest and at most a year ago. Without it, today.",
            "examples": ["2026-03-14"],
        }
    ),
]
Description = Annotated[
    str,
    BeforeValidator(parse_description),
    WithJsonSchema(
        {
            "type": ["string", "null"],
            "format": "printable",
            "maxLength": MAX_DESCRIPTION_CHARS,
            "description": "Without control characters, line breaks and tabs apart.",
            "examples": ["Full tank in Moab"],
        }
    ),
]


ExpenseKind = Literal["expense", "refund"]
"""Whether money was paid, or paid back."""


class NewExpense(BaseModel):
    """The fields of an expense or a refund to be created; omitted ones get their defaults from the user's profile.

    `timezone` is the time zone of the user's device, if it is known: it determines today's date, that of `typed_at`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    amount: TypedAmount
    category: KnownCategory
    description: Description = ""
    date: OptionalDay = None
    currency: Currency | None = Field(default=None, description="Without it, the traveller's own.")
    kind: ExpenseKind = Field(default="expense", description="A refund reduces what its category has spent.")
    timezone: TimeZone | None = None
    typed_at: TypedAt = None


@dataclass(frozen=True)
class Expense:
    """A stored expense; the amount of a refund is negative. `spent_at` and `created_at` are instants in UTC."""

    id: UUID
    amount: Decimal
    currency: str
    category: Category
    description: str
    spent_at: datetime
    created_at: datetime
    conversion: Conversion | None = None

    @property
    def kind(self) -> ExpenseKind:
        return "refund" if self.amount < 0 else "expense"

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "Expense":
        """Return the expense from a row of `EXPENSE_COLUMNS`."""
        fields = {name: value for name, value in row.items() if name not in CONVERSION_COLUMNS}
        return cls(**fields | {"category": Category(row["category"]), "conversion": conversion_from_row(row)})

    def converted_to(self, currency: str) -> Conversion | None:
        """Return the conversion to a currency; None if it isn't converted to that one."""
        return self.conversion if self.conversion and self.conversion.currency == currency != self.currency else None

    def counts_in(self, currency: str) -> bool:
        """Whether sums in a currency include the expense: it is in that currency, or converted to it."""
        return self.currency == currency or self.converted_to(currency) is not None


EXPENSE_COLUMNS = f"id, amount, currency, category, description, spent_at, created_at, {', '.join(CONVERSION_COLUMNS)}"

_INSERT_EXPENSE = f"""
insert into expenses (user_id, amount, currency, category, description, spent_at, created_at,
                      exchange_rate, rate_currency, rate_date, rate_source)
values (%(user)s, %(amount)s, %(currency)s, %(category)s, %(description)s, %(spent_at)s, %(now)s,
        %(exchange_rate)s, %(rate_currency)s, %(rate_date)s, %(rate_source)s)
returning {EXPENSE_COLUMNS}
"""

# The version is one that no other undo names: what is taken back stays so.
_UNDO_EXPENSE = f"""
update expenses set undone_at = coalesce(undone_at, %(now)s), version = id
 where id = %(id)s and user_id = %(user)s
returning {EXPENSE_COLUMNS}
"""


def create_expense(
    connection: Connection,
    profile: Profile,
    new: NewExpense,
    now: datetime,
    typed_at: datetime | None = None,
    rates: RateTable = NO_RATES,
) -> Expense:
    """Insert an expense or a refund and return it, converted to the user's currency where `rates` has its day's rate.

    `profile` is in the current time zone of the user, `typed_at` is when they typed it, by default `now`:
    that day is "today". A date other than today is stored as its noon, the instant
    with the fewest time zones in which it is another date. Raises `PamError` (`date_in_future`, `date_too_old`),
    and what `read_amount` raises.
    """
    amount, currency = read_amount(new.amount, new.currency, profile)
    spent_at = find_spent_at(new.date, typed_at or now, profile.zone)
    conversion = find_conversion(rates, currency, spent_at, profile)
    ensure_user(connection, profile.id)
    row = connection.execute(
        _INSERT_EXPENSE,
        {
            "user": profile.id,
            "amount": -amount if new.kind == "refund" else amount,
            "currency": currency,
            "category": new.category,
            "description": new.description,
            "spent_at": spent_at,
            "now": now,
            **conversion_to_row(conversion),
        },
    ).fetchone()
    assert row is not None
    return Expense.from_row(row)


def undo_expense(connection: Connection, user_id: UUID, expense_id: UUID, now: datetime) -> Expense:
    """Mark an expense of the user as undone and return it; does nothing if it is undone already."""
    row = connection.execute(_UNDO_EXPENSE, {"id": expense_id, "user": user_id, "now": now}).fetchone()
    assert row is not None
    return Expense.from_row(row)


def find_spent_at(day: date | None, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant at which an expense of a day is stored; without a day, or for today's, it is `now`.

    Raises `PamError` (`date_in_future`, `date_too_old`).
    """
    today = now.astimezone(zone).date()
    if day is None or day == today:
        return now
    if day > today:
        raise PamError(
            DATE_IN_FUTURE,
            "That day is still to come. An expense can be for today at the latest.",
            field="date",
        )
    if day < _one_year_before(today):
        raise PamError(DATE_TOO_OLD, "An expense can be at most one year old.", field="date")
    return datetime.combine(day, time(12), tzinfo=zone).astimezone(UTC)


def _one_year_before(day: date) -> date:
    """Return the same day one year earlier; 28 February for 29 February."""
    return day.replace(year=day.year - 1) if (day.month, day.day) != (2, 29) else date(day.year - 1, 2, 28)
