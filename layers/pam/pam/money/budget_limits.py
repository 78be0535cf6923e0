"""The monthly limit of a category: setting it, and restoring its previous value."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, WithJsonSchema

from pam.money.amounts import parse_amount
from pam.money.categories import Category
from pam.platform.errors import INVALID_AMOUNT, MODIFIED_SINCE, PamError
from pam.platform.postgres import Connection
from pam.users.profile import Profile, ensure_user

MAX_BUDGET_LIMIT = Decimal(100_000)


def parse_monthly_limit(value: Any) -> Decimal:
    """Return an amount of at most `MAX_BUDGET_LIMIT`. Raises `PamError` (`invalid_amount`)."""
    amount = parse_amount(value)
    if amount > MAX_BUDGET_LIMIT:
        raise PamError(INVALID_AMOUNT, "A monthly limit can be at most 100,000.", field="amount")
    return amount


MonthlyLimit = Annotated[
    Decimal,
    BeforeValidator(parse_monthly_limit),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": int(MAX_BUDGET_LIMIT)}),
]


@dataclass(frozen=True)
class BudgetLimit:
    """The monthly limit of a category; `set_at` is the instant, with its UTC offset, at which it was set."""

    amount: Decimal
    currency: str
    set_at: datetime

    def as_json(self) -> dict[str, str]:
        """Return all fields as strings."""
        return {"amount": str(self.amount), "currency": self.currency, "set_at": self.set_at.isoformat()}

    @classmethod
    def from_json(cls, fields: dict[str, str]) -> "BudgetLimit":
        """Return the limit from the result of `as_json`."""
        return cls(Decimal(fields["amount"]), fields["currency"], datetime.fromisoformat(fields["set_at"]))


# A budget that doesn't exist yet can't be locked, so changes of budgets lock the row of the user. `no key update`
# lets concurrent transactions insert rows that refer to the user.
_LOCK_USER = "select from users where id = %(user)s for no key update"

_SELECT_LIMIT = """
select monthly_limit as amount, currency, updated_at as set_at
  from budgets
 where user_id = %(user)s and category = %(category)s
"""

_UPSERT_LIMIT = """
insert into budgets (user_id, category, monthly_limit, currency, updated_at)
values (%(user)s, %(category)s, %(amount)s, %(currency)s, %(set_at)s)
on conflict (user_id, category) do update
   set monthly_limit = excluded.monthly_limit, currency = excluded.currency, updated_at = excluded.updated_at
"""

_DELETE_LIMIT = "delete from budgets where user_id = %(user)s and category = %(category)s"


def set_budget_limit(
    connection: Connection, profile: Profile, category: Category, amount: Decimal, now: datetime
) -> tuple[BudgetLimit, BudgetLimit | None]:
    """Set the limit of a category in the user's currency; return it and the previous one, or None if there was none."""
    ensure_user(connection, profile.id)
    previous = _lock_and_read(connection, profile.id, category)
    limit = BudgetLimit(amount, profile.currency, now)
    _store(connection, profile.id, category, limit)
    return limit, previous


def restore_budget_limit(
    connection: Connection, user_id: UUID, category: Category, limit: BudgetLimit, previous: BudgetLimit | None
) -> None:
    """Restore the previous limit that `set_budget_limit` returned; does nothing if it is restored already.

    Raises `PamError` (`modified_since`) if the current limit is neither `limit` nor `previous`.
    """
    current = _lock_and_read(connection, user_id, category)
    if current == previous:
        return
    if current != limit:
        raise PamError(
            MODIFIED_SINCE, f"The monthly budget for {category} was changed again since, so it stays as it is."
        )
    _store(connection, user_id, category, previous)


def _lock_and_read(connection: Connection, user_id: UUID, category: Category) -> BudgetLimit | None:
    connection.execute(_LOCK_USER, {"user": user_id})
    row = connection.execute(_SELECT_LIMIT, {"user": user_id, "category": category}).fetchone()
    return BudgetLimit(**row) if row else None


def _store(connection: Connection, user_id: UUID, category: Category, limit: BudgetLimit | None) -> None:
    scope = {"user": user_id, "category": category}
    if limit is None:
        connection.execute(_DELETE_LIMIT, scope)
    else:
        connection.execute(_UPSERT_LIMIT, scope | vars(limit))
