"""Exchange rates for a user's amounts: found before a write, and added to earlier amounts that lack one.

Nothing here fails or waits long because of the source: an amount without a rate is stored and listed, and sums name it
as not included until a rate is known.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from pam.cache.shared_cache import Lifetime, SharedCache
from pam.money.conversions import find_conversion, read_unconverted, store_conversions
from pam.money.exchange_rates import NO_RATES, Conversion, RateTable
from pam.money.expenses import NewExpense
from pam.money.typed_amounts import read_amount
from pam.platform.clock import Clock
from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.platform.observability import logger
from pam.sources.ecb import DailyRates, Ecb
from pam.sources.source import Fetched, Source
from pam.users.profile import read_profile

if TYPE_CHECKING:
    from pam.answers.dependencies import UserDependencies

RATES_TIMEOUT_S = 0.6
"""Time in seconds that a read or a write waits for exchange rates, all tables together."""

# The ECB publishes once a day; rates of a year that is over don't change.
_THIS_YEAR = Lifetime(fresh_for=timedelta(hours=1), empty_fresh_for=timedelta(hours=1), stale_for=timedelta(days=7))
_PAST_YEAR = Lifetime(fresh_for=timedelta(days=30), empty_fresh_for=timedelta(hours=1), stale_for=timedelta(days=365))


@dataclass(frozen=True)
class ExchangeRates:
    """The ECB's reference rates behind the shared cache, one table a year."""

    shared: SharedCache
    ecb: Ecb
    clock: Clock

    def of_year(self, year: int, deadline: Deadline) -> RateTable:
        """Return the rates of a year and of the `MAX_RATE_AGE` before it. Raises `SourceUnavailable`."""

        def fetch(left: Deadline) -> Fetched[DailyRates]:
            return self.ecb.rates(year, left)

        # A day after its end, when its last rates are published in every time zone.
        is_over = (self.clock() - timedelta(days=1)).year > year
        lifetime = _PAST_YEAR if is_over else _THIS_YEAR
        answer = self.shared.fetch(f"rates|{year}", Source.ECB, lifetime, fetch, deadline)
        return RateTable(answer.value, answer.source)


def rates_for_expense(
    dependencies: "UserDependencies", user_id: UUID, new: NewExpense, deadline: Deadline
) -> RateTable:
    """Return rates for an expense that is to be created, before its transaction begins.

    `NO_RATES` for an amount in the user's currency, and where no rates can be had within `RATES_TIMEOUT_S`. Raises what
    `read_amount` raises.
    """
    if isinstance(new.amount, Decimal) and new.currency is None:
        return NO_RATES
    from pam.answers.user_context import read_user_context  # which other writes don't load

    profile = read_user_context(dependencies, user_id, deadline).profile.in_zone(new.timezone)
    _, currency = read_amount(new.amount, new.currency, profile)
    if currency == profile.currency:
        return NO_RATES
    typed_at = new.typed_at or dependencies.clock()
    return rates_of_day(dependencies, new.date or typed_at.astimezone(profile.zone).date(), deadline)


def rates_of_day(dependencies: "UserDependencies", day: date, deadline: Deadline) -> RateTable:
    """Return the rates of a day; `NO_RATES` where they can't be had within `RATES_TIMEOUT_S`."""
    return _finder(dependencies.exchange_rates(), deadline)(day.year)


def convert_stored_amounts(dependencies: "UserDependencies", user_id: UUID, deadline: Deadline) -> bool:
    """Convert the user's amounts that lack a rate to their currency; return whether any could be converted.

    Raises nothing: an amount that can't be converted now is left for a later read.
    """
    try:
        with dependencies.database.session(user_id, deadline) as connection:
            profile = read_profile(connection, user_id)
            amounts = read_unconverted(connection, profile)
        if not amounts:
            return False
        find = _finder(dependencies.exchange_rates(), deadline)
        conversions = []
        for amount in amounts:
            day = amount.at.astimezone(profile.zone).date()
            if conversion := find_conversion(find(day.year), amount.currency, amount.at, profile):
                conversions.append((amount, conversion))
        if not conversions:
            return False
        with dependencies.cache.write_fence(user_id), dependencies.database.session(user_id, deadline) as connection:
            store_conversions(connection, profile, conversions)
    except PamError:
        logger.warning("amounts not converted", exc_info=True)
        return False
    return True


def rate_now(
    dependencies: "UserDependencies", currency: str, target: str, zone: ZoneInfo, deadline: Deadline
) -> Conversion | None:
    """Return the newest rate between two currencies; None where none can be had within `RATES_TIMEOUT_S`."""
    today = dependencies.clock().astimezone(zone).date()
    return _finder(dependencies.exchange_rates(), deadline)(today.year).find(currency, target, today)


def _finder(rates: ExchangeRates, deadline: Deadline) -> Callable[[int], RateTable]:
    """Return a function that returns the table of a year, `NO_RATES` where it can't be had in time."""
    left = deadline.at_most(RATES_TIMEOUT_S)
    tables: dict[int, RateTable] = {}

    def find(year: int) -> RateTable:
        if year not in tables:
            try:
                tables[year] = rates.of_year(year, left)
            except PamError:  # the cache has logged and counted it
                tables[year] = NO_RATES
        return tables[year]

    return find
