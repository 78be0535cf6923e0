"""Fuel for a way: distance × consumption × price, each as it is known, none of them guessed."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from pam.money.amounts import to_cents


@dataclass(frozen=True)
class Consumption:
    """Litres for 100 km, and whose figure it is."""

    litres_per_100km: float
    source: str


@dataclass(frozen=True)
class FuelUnitPrice:
    """What a litre costs in a currency, whose figure it is, and for regional averages the region and the week."""

    per_litre: Decimal
    currency: str
    source: str
    area: str | None = None
    week: date | None = None


@dataclass(frozen=True)
class FuelEstimate:
    """What a way takes: litres where the consumption is known, and what they cost where the price is."""

    distance_m: float
    consumption: Consumption | None
    price: FuelUnitPrice | None

    @property
    def litres(self) -> Decimal | None:
        """To the hundredth of a litre."""
        if self.consumption is None:
            return None
        litres = Decimal(self.distance_m / 100_000 * self.consumption.litres_per_100km)
        return litres.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)

    @property
    def cost(self) -> Decimal | None:
        """In the price's currency, to the cent."""
        if self.litres is None or self.price is None:
            return None
        return to_cents(self.litres * self.price.per_litre)

    @property
    def missing(self) -> tuple[str, ...]:
        """What must be told before the cost is known: `consumption`, `price`."""
        return tuple(
            name for name, known in (("consumption", self.consumption), ("price", self.price)) if known is None
        )
