"""What a planned trip costs, as far as it is known."""

from dataclasses import dataclass
from decimal import Decimal

from pam.answers.trip_plan import TripPlan
from pam.money.amounts import to_cents
from pam.money.exchange_rates import Conversion
from pam.travel.trips import CampingCosts
from pam.users.profile import Profile


@dataclass(frozen=True)
class TripCosts:
    """The costs of a trip: amounts with their currency, None where one isn't known.

    `fuel` is in the user's currency, at the rate of `fuel_conversion` if its price isn't. `nightly` is the average of
    the user's own camping expenses, on which `camping` rests.
    """

    fuel: Decimal | None
    fuel_conversion: Conversion | None
    camping: Decimal | None
    nightly: CampingCosts | None
    currency: str
    budget: Decimal | None

    @property
    def total(self) -> Decimal | None:
        """What is known, in the user's currency."""
        known = [amount for amount in (self.fuel, self.camping) if amount is not None]
        return sum(known, Decimal(0)) if known else None

    @property
    def left(self) -> Decimal | None:
        """What the known costs leave of the budget; negative when they are over."""
        return None if self.budget is None or self.total is None else self.budget - self.total


def trip_costs(
    plan: TripPlan,
    nightly: CampingCosts | None,
    budget: Decimal | None,
    profile: Profile,
    fuel_conversion: Conversion | None,
) -> TripCosts:
    """Return the costs of fuel, and of the nights at the average of the user's own camping expenses.

    `fuel_conversion` is from the currency of the fuel's price to the user's. Without one, the cost of fuel whose price
    is in another currency isn't known.
    """
    price, nights, fuel = plan.fuel.price, plan.night_count, plan.fuel.cost
    if fuel is not None and price is not None and price.currency != profile.currency:
        fuel = fuel_conversion.convert(fuel) if fuel_conversion else None
    else:
        fuel_conversion = None
    return TripCosts(
        fuel=fuel,
        fuel_conversion=fuel_conversion,
        camping=to_cents(nightly.average * nights) if nightly and nights else None,
        nightly=nightly if nights else None,
        currency=profile.currency,
        budget=budget,
    )
