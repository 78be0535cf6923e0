"""Savings that the user confirms as real: recording one, and taking it back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict

from pam.money.categories import Category, KnownCategory
from pam.money.conversions import CONVERSION_COLUMNS, conversion_from_row, conversion_to_row, find_conversion
from pam.money.exchange_rates import NO_RATES, Conversion, RateTable
from pam.money.expenses import Description
from pam.money.typed_amounts import TypedAmount, read_amount
from pam.platform.errors import UNKNOWN_SAVING_KIND, PamError
from pam.platform.postgres import Connection
from pam.users.profile import Profile, ensure_user


class SavingKind(StrEnum):
    """What brought a saving."""

    GAS = "gas"
    CAMPGROUND = "campground"
    ROUTE = "route"
    OTHER = "other"


def parse_saving_kind(value: Any) -> SavingKind:
    """Return the kind of exactly this name. Raises `PamError` (`unknown_saving_kind`) that lists the names."""
    if isinstance(value, str) and value in set(SavingKind):
        return SavingKind(value)
    raise PamError(UNKNOWN_SAVING_KIND, f"A saving is of one of these kinds: {', '.join(SavingKind)}.", field="kind")


KnownSavingKind = Annotated[SavingKind, BeforeValidator(parse_saving_kind)]


class NewSaving(BaseModel):
    """A saving to record. Without a `kind` it has that of its category."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    amount: TypedAmount
    category: KnownCategory
    description: Description = ""
    kind: KnownSavingKind | None = None

    @property
    def resolved_kind(self) -> SavingKind:
        """The kind that is given, or that fits the category."""
        return self.kind or _KINDS.get(self.category, SavingKind.OTHER)


_KINDS: Mapping[Category, SavingKind] = MappingProxyType(
    {Category.FUEL: SavingKind.GAS, Category.CAMPING: SavingKind.CAMPGROUND}
)


@dataclass(frozen=True)
class Saving:
    """A stored saving. `saved_at` is an instant in UTC."""

    id: UUID
    amount: Decimal
    currency: str
    kind: SavingKind
    category: Category
    description: str
    saved_at: datetime
    conversion: Conversion | None


_INSERT_SAVING = f"""
insert into savings (user_id, amount, currency, kind, category, description, saved_at, created_at,
                     exchange_rate, rate_currency, rate_date, rate_source)
values (%(user)s, %(amount)s, %(currency)s, %(kind)s, %(category)s, %(description)s, %(saved_at)s, %(now)s,
        %(exchange_rate)s, %(rate_currency)s, %(rate_date)s, %(rate_source)s)
returning id, amount, currency, kind, category, description, saved_at, {", ".join(CONVERSION_COLUMNS)}
"""


def create_saving(
    connection: Connection,
    profile: Profile,
    new: NewSaving,
    now: datetime,
    typed_at: datetime | None = None,
    rates: RateTable = NO_RATES,
) -> Saving:
    """Insert a saving of the instant `typed_at`, by default `now`, and return it.

    It is converted to the user's currency where `rates` has its day's rate. Raises what `read_amount` raises.
    """
    amount, currency = read_amount(new.amount, None, profile)
    saved_at = typed_at or now
    ensure_user(connection, profile.id)
    row = connection.execute(
        _INSERT_SAVING,
        {
            "user": profile.id,
            "amount": amount,
            "currency": currency,
            "kind": new.resolved_kind,
            "category": new.category,
            "description": new.description,
            "saved_at": saved_at,
            "now": now,
            **conversion_to_row(find_conversion(rates, currency, saved_at, profile)),
        },
    ).fetchone()
    assert row is not None
    fields = {name: value for name, value in row.items() if name not in CONVERSION_COLUMNS}
    parsed = {"kind": SavingKind(row["kind"]), "category": Category(row["category"])}
    return Saving(**fields | parsed | {"conversion": conversion_from_row(row)})


def delete_saving(connection: Connection, user_id: UUID, saving_id: UUID) -> None:
    """Delete a saving; does nothing where there is none."""
    connection.execute("delete from savings where id = %s and user_id = %s", (saving_id, user_id))
