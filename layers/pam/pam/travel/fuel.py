"""Fuel for a route: distance × consumption × price, each None where it is unknown."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from pam.money.amounts import to_cents


@dataclass(frozen=True)
class Consumption:
    """Litres per 100 km, and the source of the figure."""

    litres_per_100km: float
    source: str


@dataclass(frozen=True)
class FuelUnitPrice:
    """The price of a litre, its source, and for a regional average the region and the week."""

    per_litre: Decimal
    currency: str
    source: str
    area: str | None = None
    week: date | None = None


@dataclass(frozen=True)
class FuelEstimate:
    """Fuel for a route: litres where the consumption is known, and their cost where the price is, too."""

    distance_m: float
    consumption: Consumption | None
    price: FuelUnitPrice | None

    @property
    def litres(self) -> Decimal | None:
        """Litres to the hundredth."""
        litres = self._exact_litres
        return None if litres is None else litres.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)

    @property
    def cost(self) -> Decimal | None:
        """The cost in the price's currency, to the cent."""
        litres = self._exact_litres  # rounded ones would be a cent more or less
        if litres is None or self.price is None:
            return None
        return to_cents(litres * self.price.per_litre)

    @property
    def _exact_litres(self) -> Decimal | None:
        if self.consumption is None:
            return None
        return Decimal(self.distance_m / 100_000 * self.consumption.litres_per_100km)

    @property
    def missing(self) -> tuple[str, ...]:
        """What is needed for the cost: `consumption`, `price`."""
        return tuple(
            name for name, known in (("consumption", self.consumption), ("price", self.price)) if known is None
        )
