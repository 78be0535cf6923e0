"""Exchange rates of the past by day, as the European Central Bank publishes them: units of a currency for one euro."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from pam.money.amounts import CENT

MAX_RATE_AGE = timedelta(days=7)
"""How much older than an expense its rate may be: rates are of working days, and at Easter two are five days apart."""

_PLACES = Decimal("0.00000001")


@dataclass(frozen=True)
class Conversion:
    """The rate at which an amount counts in another currency: units of `currency` for one unit of the amount's.

    `day` is the day of the rate, which may be up to `MAX_RATE_AGE` before that of the amount.
    """

    currency: str
    rate: Decimal
    day: date
    source: str

    def convert(self, amount: Decimal) -> Decimal:
        """Return the amount in `currency` to the cent, as `CONVERTED_AMOUNT` computes it in SQL: half away from 0."""
        return (amount * self.rate).quantize(CENT, rounding=ROUND_HALF_UP)


CONVERTED_AMOUNT = "round(amount * exchange_rate, 2)"
"""A row's amount in its `rate_currency`, in SQL; null without a rate."""


def is_simulated(source: str) -> bool:
    """Whether a rate with this source is from a stand-in, whose display names end so."""
    return source.endswith("(simulated)")


@dataclass(frozen=True)
class RateTable:
    """The rates of some days: `per_euro` maps a day (ISO 8601) to that day's rates, decimal strings by currency."""

    per_euro: Mapping[str, Mapping[str, str]]
    source: str

    def find(self, currency: str, target: str, day: date) -> Conversion | None:
        """Return the latest rate on or before the day, at most `MAX_RATE_AGE` older; None where there is none.

        Both currencies have a rate of that day, so that the cross rate through the euro is of one day.
        """
        for age in range(MAX_RATE_AGE.days + 1):
            rate_day = day - timedelta(days=age)
            rates = self.per_euro.get(rate_day.isoformat(), {})
            one_euro = {code: Decimal(1) if code == "EUR" else _decimal(rates.get(code)) for code in (currency, target)}
            # A day without any rate is none on which the ECB publishes, also between euro and euro.
            if rates and one_euro[currency] and one_euro[target]:
                rate = (one_euro[target] / one_euro[currency]).quantize(_PLACES, rounding=ROUND_HALF_EVEN)
                return Conversion(target, rate, rate_day, self.source) if rate else None
        return None


def _decimal(rate: str | None) -> Decimal:
    return Decimal(rate) if rate else Decimal(0)


NO_RATES = RateTable({}, "")
"""A table without rates."""
