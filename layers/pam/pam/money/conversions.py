"""The rates that are stored with amounts in another currency than the user's, and the amounts that lack one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pam.money.exchange_rates import Conversion, RateTable
from pam.platform.postgres import Connection, Row
from pam.users.profile import Profile

CONVERSION_COLUMNS = ("exchange_rate", "rate_currency", "rate_date", "rate_source")

MAX_CONVERTED_ROWS = 500
"""How many amounts are converted at once, the newest first."""

_TIMES = {"expenses": "spent_at", "savings": "saved_at"}
"""The tables with amounts, and the column with the instant of each."""

# Another conversion than to the user's present currency is one from before it changed.
_SELECT_UNCONVERTED = """
select id, currency, {time} as at
  from {table}
 where user_id = %(user)s and currency <> %(currency)s and rate_currency is distinct from %(currency)s {condition}
 order by {time} desc
 limit %(limit)s
"""

# An amount that was corrected in the meantime keeps what the correction stored.
_STORE = """
update {table} as stored
   set exchange_rate = found.rate, rate_currency = %(currency)s, rate_date = found.day, rate_source = %(source)s
  from unnest(%(ids)s::uuid[], %(currencies)s::text[], %(times)s::timestamptz[], %(rates)s::numeric[], %(days)s::date[])
       as found (id, currency, at, rate, day)
 where stored.id = found.id and stored.user_id = %(user)s
   and stored.currency = found.currency and stored.{time} = found.at
"""


@dataclass(frozen=True)
class UnconvertedAmount:
    """An amount in another currency than the user's, of an instant `at`, without a rate to the user's currency."""

    table: str
    id: UUID
    currency: str
    at: datetime


def conversion_from_row(row: Mapping[str, Any]) -> Conversion | None:
    """Return the conversion from `CONVERSION_COLUMNS`; None where they are null."""
    rate, currency, day, source = (row[name] for name in CONVERSION_COLUMNS)
    return None if rate is None else Conversion(currency, rate, day, source)


def conversion_to_row(conversion: Conversion | None) -> Row:
    """Return the values of `CONVERSION_COLUMNS`."""
    if conversion is None:
        return dict.fromkeys(CONVERSION_COLUMNS)
    values = (conversion.rate, conversion.currency, conversion.day, conversion.source)
    return dict(zip(CONVERSION_COLUMNS, values, strict=True))


def find_conversion(rates: RateTable, currency: str, at: datetime, profile: Profile) -> Conversion | None:
    """Return the conversion of an amount to the user's currency, at the rate of its day where the user is.

    None for an amount in that currency, and where `rates` has no rate.
    """
    if currency == profile.currency:
        return None
    return rates.find(currency, profile.currency, at.astimezone(profile.zone).date())


def read_unconverted(connection: Connection, profile: Profile) -> list[UnconvertedAmount]:
    """Return the newest `MAX_CONVERTED_ROWS` amounts of each table that aren't converted to the user's currency."""
    scope = {"user": profile.id, "currency": profile.currency, "limit": MAX_CONVERTED_ROWS}
    cursors = {
        table: connection.execute(
            _SELECT_UNCONVERTED.format(
                table=table, time=time, condition="and undone_at is null" if table == "expenses" else ""
            ),
            scope,
        )
        for table, time in _TIMES.items()
    }
    return [
        UnconvertedAmount(table, row["id"], row["currency"], row["at"])
        for table, cursor in cursors.items()
        for row in cursor.fetchall()
    ]


def store_conversions(
    connection: Connection, profile: Profile, conversions: Sequence[tuple[UnconvertedAmount, Conversion]]
) -> None:
    """Store conversions to the user's currency with their amounts."""
    for table, time in _TIMES.items():
        for source in sorted({conversion.source for _, conversion in conversions}):
            found = [pair for pair in conversions if pair[0].table == table and pair[1].source == source]
            if found:
                scope = {"user": profile.id, "currency": profile.currency, "source": source}
                connection.execute(_STORE.format(table=table, time=time), scope | _columns(found))


def _columns(conversions: Iterable[tuple[UnconvertedAmount, Conversion]]) -> dict[str, list[Any]]:
    rows = [(amount.id, amount.currency, amount.at, found.rate, found.day) for amount, found in conversions]
    return dict(zip(("ids", "currencies", "times", "rates", "days"), map(list, zip(*rows, strict=True)), strict=True))
