"""Expenses: written once, undone within ten minutes."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from pam.money.amounts import Amount, Currency
from pam.money.categories import Category, KnownCategory
from pam.platform.errors import (
    DATE_IN_FUTURE,
    DATE_TOO_OLD,
    EXPENSE_NOT_FOUND,
    INVALID_DATE,
    UNDO_EXPIRED,
    PamError,
)
from pam.platform.postgres import Connection
from pam.users.profile import Profile, ensure_user
from pam.users.text import TextParser
from pam.users.time_zones import TimeZone

MAX_DESCRIPTION_CHARS = 500
UNDO_WINDOW = timedelta(minutes=10)

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_date(value: Any) -> date:
    """A day as `YYYY-MM-DD`, from 1970 on. Raises `PamError` (`invalid_date`)."""
    try:
        if not (isinstance(value, str) and _ISO_DATE.fullmatch(value)):
            raise ValueError
        day = date.fromisoformat(value)
    except ValueError:
        day = date.min
    if not 1970 <= day.year <= 9000:
        raise PamError(INVALID_DATE, "The date must be a day such as 2026-03-14.")
    return day


parse_description = TextParser("description", MAX_DESCRIPTION_CHARS)

# Named outside of the model, whose own field `date` hides the type.
MaybeDay = Annotated[
    date | None,
    BeforeValidator(lambda value: None if value is None else parse_date(value)),
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


class NewExpense(BaseModel):
    """What a traveller says of an expense; what is left out follows from who and where they are.

    `timezone` is where their device is now, if it says so: it decides which day "today" is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    amount: Amount
    category: KnownCategory
    description: Description = ""
    date: MaybeDay = None
    currency: Currency | None = Field(default=None, description="Without it, the traveller's own.")
    timezone: TimeZone | None = None


@dataclass(frozen=True)
class Expense:
    """An expense as it is kept. `spent_at` and `created_at` are instants in UTC."""

    id: UUID
    amount: Decimal
    currency: str
    category: Category
    description: str
    spent_at: datetime
    created_at: datetime

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "Expense":
        """From a row of `EXPENSE_COLUMNS`."""
        return cls(**row | {"category": Category(row["category"])})

    @property
    def undo_until(self) -> datetime:
        """The instant from which it can no longer be undone."""
        return self.created_at + UNDO_WINDOW

    def as_json(self, zone: ZoneInfo) -> dict[str, Any]:
        """As clients see it; `date` in the traveller's zone."""
        return {
            "id": str(self.id),
            "amount": str(self.amount),
            "currency": self.currency,
            "category": self.category,
            "description": self.description,
            "date": self.spent_at.astimezone(zone).date().isoformat(),
            "created_at": self.created_at.astimezone(zone).isoformat(timespec="seconds"),
        }


EXPENSE_COLUMNS = "id, amount, currency, category, description, spent_at, created_at"

# The request key is unique for each traveller, so a request that is repeated after its answer was lost finds
# the first one's row, even where the idempotency store has forgotten it.
_INSERT = f"""
insert into expenses (user_id, amount, currency, category, description, spent_at, created_at, request_key)
values (%(user)s, %(amount)s, %(currency)s, %(category)s, %(description)s, %(spent_at)s, %(now)s, %(key)s)
on conflict (user_id, request_key) where request_key is not null
   do update set request_key = excluded.request_key
returning {EXPENSE_COLUMNS}
"""

_UNDO = f"""
update expenses set undone_at = coalesce(undone_at, %(now)s)
 where id = %(id)s and user_id = %(user)s and (undone_at is not null or created_at > %(earliest)s)
returning {EXPENSE_COLUMNS}
"""


def create_expense(
    connection: Connection, profile: Profile, new: NewExpense, now: datetime, request_key: str | None
) -> Expense:
    """Writes an expense; the same `request_key` again returns the first one's.

    `profile` is the traveller where they are now. A day other than today is kept as its noon, the instant
    least likely to be another day elsewhere.
    Raises `PamError` (`date_in_future`, `date_too_old`).
    """
    spent_at = _instant(new.date, now, profile.zone)
    ensure_user(connection, profile.id)
    row = connection.execute(
        _INSERT,
        {
            "user": profile.id,
            "amount": new.amount,
            "currency": new.currency or profile.currency,
            "category": new.category,
            "description": new.description,
            "spent_at": spent_at,
            "now": now,
            "key": request_key,
        },
    ).fetchone()
    assert row is not None
    return Expense.from_row(row)


def undo_expense(connection: Connection, user_id: UUID, expense_id: UUID, now: datetime) -> Expense:
    """Takes an expense back; doing so twice is the same as once.

    Raises `PamError`: `undo_expired` after ten minutes, `expense_not_found` for what isn't this traveller's.
    """
    scope = {"id": expense_id, "user": user_id, "now": now, "earliest": now - UNDO_WINDOW}
    row = connection.execute(_UNDO, scope).fetchone()
    if row is not None:
        return Expense.from_row(row)
    if connection.execute("select from expenses where id = %(id)s and user_id = %(user)s", scope).fetchone() is None:
        raise expense_not_found()
    raise PamError(UNDO_EXPIRED, "That expense is more than ten minutes old, so it can't be undone any more.")


def expense_not_found() -> PamError:
    """The one answer for an id that is unknown, malformed or somebody else's: they can't be told apart."""
    return PamError(EXPENSE_NOT_FOUND, "There is no such expense.")


def _instant(day: date | None, now: datetime, zone: ZoneInfo) -> datetime:
    today = now.astimezone(zone).date()
    if day is None or day == today:
        return now
    if day > today:
        raise PamError(
            DATE_IN_FUTURE,
            "That day is still to come. An expense can be for today at the latest.",
            field="date",
        )
    if day < a_year_before(today):
        raise PamError(DATE_TOO_OLD, "An expense can be at most one year old.", field="date")
    return datetime.combine(day, time(12), tzinfo=zone).astimezone(UTC)


def a_year_before(day: date) -> date:
    """The same day a year earlier; 28 February for the 29th."""
    return day.replace(year=day.year - 1) if (day.month, day.day) != (2, 29) else date(day.year - 1, 2, 28)
