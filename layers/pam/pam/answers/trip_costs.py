"""What a planned trip costs, as far as it is known."""

from dataclasses import dataclass
from decimal import Decimal

from pam.answers.trip_plan import TripPlan
from pam.money.amounts import to_cents
from pam.travel.trips import CampingCosts
from pam.users.profile import Profile


@dataclass(frozen=True)
class TripCosts:
    """The costs of a trip: amounts with their currency, None where one isn't known.

    `nightly` is the average of the user's own camping expenses, on which `camping` rests.
    """

    fuel: Decimal | None
    fuel_currency: str | None
    camping: Decimal | None
    nightly: CampingCosts | None
    currency: str
    budget: Decimal | None

    @property
    def total(self) -> Decimal | None:
        """What is known, in the user's currency; None for fuel in another one, since no rate is known."""
        if self.fuel is not None and self.fuel_currency != self.currency:
            return None
        known = [amount for amount in (self.fuel, self.camping) if amount is not None]
        return sum(known, Decimal(0)) if known else None

    @property
    def left(self) -> Decimal | None:
        """What the known costs leave of the budget; negative when they are over."""
        return None if self.budget is None or self.total is None else self.budget - self.total


def trip_costs(plan: TripPlan, nightly: CampingCosts | None, budget: Decimal | None, profile: Profile) -> TripCosts:
    """Return the costs of fuel, and of the nights at the average of the user's own camping expenses."""
    price, nights = plan.fuel.price, len(plan.nights)
    return TripCosts(
        fuel=plan.fuel.cost,
        fuel_currency=price.currency if price else None,
        camping=to_cents(nightly.average * nights) if nightly and nights else None,
        nightly=nightly if nights else None,
        currency=profile.currency,
        budget=budget,
    )
