"""Changes of recorded expenses: correction, deletion, and the undo of either.

Every change gives the expense another version, and its undo restores the one before. So an undo finds out whether the
expense was changed since, and then leaves it as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pam.money.amounts import Currency
from pam.money.categories import Category, KnownCategory
from pam.money.conversions import conversion_to_row, find_conversion
from pam.money.exchange_rates import NO_RATES, Conversion, RateTable
from pam.money.expenses import EXPENSE_COLUMNS, Description, Expense, ExpenseKind, OptionalDay, find_spent_at
from pam.money.typed_amounts import TypedAmount, names_currency, read_amount
from pam.platform.errors import (
    AMBIGUOUS_AMOUNT,
    EXPENSE_NOT_FOUND,
    INVALID_REQUEST,
    MODIFIED_SINCE,
    ErrorChoice,
    PamError,
)
from pam.platform.postgres import Connection, Row
from pam.users.formatting import format_money
from pam.users.profile import Profile
from pam.users.time_zones import TimeZone


class ExpenseChanges(BaseModel):
    """The fields of an expense to be changed; omitted ones stay. At least one is needed.

    `timezone` is the current time zone of the user's device, if it is known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    amount: TypedAmount | None = None
    category: KnownCategory | None = None
    description: Description | None = None
    date: OptionalDay = None
    currency: Currency | None = Field(default=None, description="Without it, the expense's own.")
    kind: ExpenseKind | None = Field(default=None, description="A refund reduces what its category has spent.")
    timezone: TimeZone | None = None

    @model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if not self.model_dump(exclude={"timezone"}, exclude_none=True):
            raise PamError(INVALID_REQUEST, "Say what to change: the amount, the category, the date or the details.")
        return self


@dataclass(frozen=True)
class ChangedExpense:
    """An expense before and after a change, with the versions of both. The same version: nothing was changed."""

    before: Expense
    after: Expense
    version_before: UUID | None
    version: UUID | None

    @property
    def is_changed(self) -> bool:
        return self.version != self.version_before

    def undo_json(self) -> dict[str, Any]:
        """Return what `restore_expense` needs, as JSON values."""
        fields = {name: str(getattr(self.before, name)) for name in ("amount", "currency", "category", "description")}
        return {
            "expense": str(self.before.id),
            "before": fields | {"spent_at": self.before.spent_at.isoformat(), "conversion": self._conversion_json()},
            "version_before": self.version_before and str(self.version_before),
            "version": str(self.version),
        }

    def _conversion_json(self) -> dict[str, str] | None:
        row = conversion_to_row(self.before.conversion)
        return {name: str(value) for name, value in row.items()} if self.before.conversion else None


_SELECT_EXPENSE = f"""
select {EXPENSE_COLUMNS}, version, undone_at
  from expenses
 where id = %(id)s and user_id = %(user)s
"""

_LOCK_EXPENSE = f"{_SELECT_EXPENSE} for update"

# A trigger removes the rate where the currency or the day changes, also one that is written again: the same rate is
# right for a Saturday and its Sunday. So the new rate is stored after it.

_STORE_EXPENSE = f"""
update expenses
   set amount = %(amount)s, currency = %(currency)s, category = %(category)s, description = %(description)s,
       spent_at = %(spent_at)s, version = %(version)s, undone_at = %(undone_at)s
 where id = %(id)s and user_id = %(user)s
returning {EXPENSE_COLUMNS}
"""

_STORE_CONVERSION = f"""
update expenses
   set exchange_rate = %(exchange_rate)s, rate_currency = %(rate_currency)s, rate_date = %(rate_date)s,
       rate_source = %(rate_source)s
 where id = %(id)s and user_id = %(user)s
returning {EXPENSE_COLUMNS}
"""


def read_expense(connection: Connection, user_id: UUID, expense_id: UUID) -> Expense | None:
    """Return one of the user's expenses as it is now; None if it is unknown or deleted."""
    row = connection.execute(_SELECT_EXPENSE, {"id": expense_id, "user": user_id}).fetchone()
    return None if row is None or row["undone_at"] is not None else _expense(row)


def correct_expense(
    connection: Connection,
    profile: Profile,
    expense_id: UUID,
    changes: ExpenseChanges,
    now: datetime,
    rates: RateTable = NO_RATES,
) -> ChangedExpense:
    """Change the fields of one of the user's expenses, as `apply_changes` does.

    Raises `PamError`: `expense_not_found`, and what `apply_changes` raises.
    """
    before, version = _lock(connection, profile.id, expense_id)
    after = apply_changes(before, profile, changes, now, rates)
    if replace(after, conversion=before.conversion) == before:
        return ChangedExpense(before, before, version, version)
    new_version = uuid4()
    after = _store(connection, profile.id, after, new_version, None)
    return ChangedExpense(before, after, version, new_version)


def apply_changes(
    before: Expense, profile: Profile, changes: ExpenseChanges, now: datetime, rates: RateTable = NO_RATES
) -> Expense:
    """Return an expense with changed fields.

    An amount without a currency keeps the expense's; a refund stays one. The conversion stays that of the same currency
    on the same day; otherwise it is at the rate of `rates`, if there is one. Raises `PamError`: `date_in_future`,
    `date_too_old`, and what `read_amount` raises.
    """
    amount, currency = _read_amount(changes, before, profile)
    is_refund = (changes.kind or before.kind) == "refund"
    day = before.spent_at.astimezone(profile.zone).date()
    spent_at = before.spent_at if changes.date in (None, day) else find_spent_at(changes.date, now, profile.zone)
    is_rated = before.converted_to(profile.currency) and (currency, spent_at) == (before.currency, before.spent_at)
    return replace(
        before,
        amount=-amount if is_refund else amount,
        currency=currency,
        category=Category(changes.category or before.category),
        description=before.description if changes.description is None else changes.description,
        spent_at=spent_at,
        conversion=before.conversion if is_rated else find_conversion(rates, currency, spent_at, profile),
    )


def delete_expense(connection: Connection, user_id: UUID, expense_id: UUID, now: datetime) -> ChangedExpense:
    """Delete one of the user's expenses. It stays stored for its undo. Raises `PamError` (`expense_not_found`)."""
    before, version = _lock(connection, user_id, expense_id)
    new_version = uuid4()
    return ChangedExpense(before, _store(connection, user_id, before, new_version, now), version, new_version)


def restore_expense(connection: Connection, user_id: UUID, undo: Mapping[str, Any]) -> Expense:
    """Undo the change with this `undo_json` and return the expense; does nothing if it is undone already.

    Raises `PamError` (`modified_since`) if the expense was changed or deleted after it.
    """
    row = _select(connection, user_id, UUID(undo["expense"]))
    version = row and row["version"] and str(row["version"])
    if row is not None and version == undo["version_before"]:
        return _expense(row)
    if row is None or version != undo["version"]:
        raise PamError(MODIFIED_SINCE, "That expense was changed again or deleted since, so it stays as it is.")
    fields = undo["before"]
    changed = _expense(row)
    before = replace(
        changed,
        amount=Decimal(fields["amount"]),
        currency=fields["currency"],
        category=Category(fields["category"]),
        description=fields["description"],
        spent_at=datetime.fromisoformat(fields["spent_at"]),
    )
    # A rate of the same currency and day is at least as good: it may be to the currency that is the user's since.
    if (before.currency, before.spent_at) != (changed.currency, changed.spent_at):
        before = replace(before, conversion=_read_conversion(fields["conversion"]))
    version_before = undo["version_before"] and UUID(undo["version_before"])
    return _store(connection, user_id, before, version_before, None)


def _read_conversion(row: Mapping[str, str] | None) -> Conversion | None:
    """Return the conversion that `ChangedExpense.undo_json` wrote."""
    if row is None:
        return None
    day = date.fromisoformat(row["rate_date"])
    return Conversion(row["rate_currency"], Decimal(row["exchange_rate"]), day, row["rate_source"])


def parse_expense_id(value: Any) -> UUID:
    """Return the id of an expense. Raises `PamError` (`invalid_request`) for what can't be one."""
    try:
        return UUID(value)
    except (AttributeError, TypeError, ValueError):
        raise PamError(INVALID_REQUEST, "The id of an expense is a UUID.", field="expense_id") from None


def expense_not_found() -> PamError:
    """Return the error for an id that is unknown, deleted, malformed or another user's: the same, to reveal nothing."""
    return PamError(EXPENSE_NOT_FOUND, "PAM finds no such expense. It may be deleted already.")


def _read_amount(changes: ExpenseChanges, before: Expense, profile: Profile) -> tuple[Decimal, str]:
    """Return the amount without its sign, and the currency, that an expense has after a change.

    Raises `PamError` (`ambiguous_amount`) for a symbol that may be the expense's own currency or the user's.
    """
    typed, own = changes.amount, before.currency
    if typed is None:
        return abs(before.amount), changes.currency or own
    if changes.currency or not names_currency(typed):
        return read_amount(typed, changes.currency or own, profile)
    try:
        amount, _ = read_amount(typed, own, profile)
    except PamError:
        return read_amount(typed, None, profile)  # what is written isn't the expense's own currency
    if own == profile.currency:
        return amount, own
    try:
        read_amount(typed, profile.currency, profile)
    except PamError:
        return amount, own
    choices = [ErrorChoice(format_money(amount, code, profile), f"{amount} {code}") for code in (own, profile.currency)]
    message = f"“{typed}” could be {choices[0].text} or {choices[1].text}. Which one is it?"
    raise PamError(AMBIGUOUS_AMOUNT, message, field="amount", choices=choices)


def _lock(connection: Connection, user_id: UUID, expense_id: UUID) -> tuple[Expense, UUID | None]:
    row = _select(connection, user_id, expense_id)
    if row is None or row["undone_at"] is not None:
        raise expense_not_found()
    return _expense(row), row["version"]


def _select(connection: Connection, user_id: UUID, expense_id: UUID) -> Row | None:
    return connection.execute(_LOCK_EXPENSE, {"id": expense_id, "user": user_id}).fetchone()


def _expense(row: Row) -> Expense:
    return Expense.from_row({name: value for name, value in row.items() if name not in ("version", "undone_at")})


def _store(
    connection: Connection, user_id: UUID, expense: Expense, version: UUID | None, undone_at: datetime | None
) -> Expense:
    names = ("id", "amount", "currency", "category", "description", "spent_at")
    scope = {name: getattr(expense, name) for name in names}
    row = connection.execute(
        _STORE_EXPENSE, scope | {"user": user_id, "version": version, "undone_at": undone_at}
    ).fetchone()
    assert row is not None
    stored = Expense.from_row(row)
    if expense.conversion is None or expense.conversion == stored.conversion:
        return stored
    scope = {"id": expense.id, "user": user_id} | conversion_to_row(expense.conversion)
    row = connection.execute(_STORE_CONVERSION, scope).fetchone()
    assert row is not None
    return Expense.from_row(row)
