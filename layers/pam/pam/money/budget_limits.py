"""A category's monthly limit: set, and set back to what it was."""

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
    """An amount of at most 100,000. Raises `PamError` (`invalid_amount`)."""
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
    """What a month may cost in a category, in its currency, and the instant (aware) at which that was said."""

    amount: Decimal
    currency: str
    set_at: datetime

    def as_json(self) -> dict[str, str]:
        """All of it, as text."""
        return {"amount": str(self.amount), "currency": self.currency, "set_at": self.set_at.isoformat()}

    @classmethod
    def from_json(cls, fields: dict[str, str]) -> "BudgetLimit":
        """Back from `as_json`."""
        return cls(Decimal(fields["amount"]), fields["currency"], datetime.fromisoformat(fields["set_at"]))


# Whoever changes a budget holds the traveller's row: a budget that isn't there yet can't be locked itself.
# Rows that refer to the traveller may be written meanwhile.
_LOCK = "select from users where id = %(user)s for no key update"

_LIMIT = """
select monthly_limit as amount, currency, updated_at as set_at
  from budgets
 where user_id = %(user)s and category = %(category)s
"""

_SET = """
insert into budgets (user_id, category, monthly_limit, currency, updated_at)
values (%(user)s, %(category)s, %(amount)s, %(currency)s, %(set_at)s)
on conflict (user_id, category) do update
   set monthly_limit = excluded.monthly_limit, currency = excluded.currency, updated_at = excluded.updated_at
"""

_REMOVE = "delete from budgets where user_id = %(user)s and category = %(category)s"


def set_limit(
    connection: Connection, profile: Profile, category: Category, amount: Decimal, now: datetime
) -> tuple[BudgetLimit, BudgetLimit | None]:
    """Sets a category's limit in the traveller's currency: the limit, and the one from before, if there was one."""
    ensure_user(connection, profile.id)
    before = _locked(connection, profile.id, category)
    limit = BudgetLimit(amount, profile.currency, now)
    _write(connection, profile.id, category, limit)
    return limit, before


def set_limit_back(
    connection: Connection, user_id: UUID, category: Category, limit: BudgetLimit, before: BudgetLimit | None
) -> None:
    """Undoes `set_limit`; where that is undone already, nothing changes.

    Raises `PamError` (`modified_since`) where the limit is neither the one that was set nor the one from before.
    """
    found = _locked(connection, user_id, category)
    if found == before:
        return
    if found != limit:
        raise PamError(
            MODIFIED_SINCE, f"The monthly budget for {category} was changed again since, so it stays as it is."
        )
    _write(connection, user_id, category, before)


def _locked(connection: Connection, user_id: UUID, category: Category) -> BudgetLimit | None:
    connection.execute(_LOCK, {"user": user_id})
    row = connection.execute(_LIMIT, {"user": user_id, "category": category}).fetchone()
    return BudgetLimit(**row) if row else None


def _write(connection: Connection, user_id: UUID, category: Category, limit: BudgetLimit | None) -> None:
    scope = {"user": user_id, "category": category}
    if limit is None:
        connection.execute(_REMOVE, scope)
    else:
        connection.execute(_SET, scope | vars(limit))
