"""A planned trip as an answer: its way, days, nights, fuel and costs."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from pam.answers.answer import Count, Date, Money, Seconds
from pam.answers.distance import RoadAnswer
from pam.answers.fuel_figures import FuelFigures, fuel_figures
from pam.answers.json_values import json_dataclass
from pam.answers.rig_check import rig_check
from pam.answers.travel_answer import Latitude, Longitude, travel_provenance
from pam.answers.trip_costs import TripCosts
from pam.answers.trip_plan import TripPlan
from pam.answers.trip_text import night_place, trip_text
from pam.money.amounts import Currency, to_cents
from pam.money.exchange_rates import is_simulated
from pam.travel.itinerary import DrivingDay
from pam.travel.roads import PointOfInterest
from pam.users.profile import Profile

_DAY = timedelta(days=1)


@json_dataclass
class Camp:
    """The nearest place to camp at the end of a day."""

    name: str
    address: str | None
    latitude: Latitude
    longitude: Longitude
    distance: Annotated[float, Field(ge=0, description="As the crow flies, in the trip's `unit`.")]


@json_dataclass
class TripDay:
    """A day of driving."""

    day: Annotated[int, Field(ge=1)]
    date: Date | None
    to: str
    via: tuple[str, ...]
    distance: Annotated[float, Field(ge=0)]
    driving_s: Seconds
    camp: Camp | None


@json_dataclass
class CostFigures:
    """The costs beside fuel, and all together. Null: not known."""

    currency: Currency
    fuel: Annotated[Money | None, Field(description="Converted where the price of the fuel isn't in `currency`.")]
    fuel_rate_date: Annotated[Date | None, Field(description="The day of the exchange rate of converted fuel.")]
    camping: Money | None
    camping_average: Money | None
    camping_expenses: Annotated[Count | None, Field(description="How many expenses the average is of.")]
    total: Money | None
    budget: Money | None
    left: Money | None


@json_dataclass
class PlannedTrip(RoadAnswer):
    """A trip by road."""

    stops: tuple[str, ...]
    driving_s: Seconds
    start_date: Date | None
    days: tuple[TripDay, ...]
    fuel: FuelFigures
    costs: CostFigures


def planned_trip(plan: TripPlan, profile: Profile, start: date | None, costs: TripCosts, now: datetime) -> PlannedTrip:
    """Return a plan as an answer; `start` is the first day of driving, if it is known."""
    units, rig = plan.user.units, plan.user.rig
    own = [f"{rig.name} (your rig)"] if rig and plan.fuel.consumption else []
    own += [profile.expenses_source] if costs.camping is not None else []
    rate_sources = _rate_sources(costs)
    own += sorted(rate_sources)
    provenance = travel_provenance(profile, now, *plan.facts, own=", ".join(own) or None)
    provenance["simulated"] = provenance["simulated"] or any(map(is_simulated, rate_sources))
    return PlannedTrip(
        **provenance,
        text=trip_text(plan, profile, start, costs),
        origin=plan.places[0].named_point,
        destination=plan.places[-1].named_point,
        stops=tuple(place.name for place in plan.places[1:-1]),
        distance=round(units.distance(plan.distance_m), 1),
        unit=units.distance_unit,
        rig_check=rig_check(plan.user),
        driving_s=round(plan.duration_s),
        start_date=start.isoformat() if start else None,
        days=tuple(_day(index, day, plan, start) for index, day in enumerate(plan.days)),
        fuel=fuel_figures(plan.fuel, units),
        costs=_cost_figures(costs),
    )


def _day(index: int, day: DrivingDay, plan: TripPlan, start: date | None) -> TripDay:
    night = plan.nights[index] if index < len(plan.nights) else None
    return TripDay(
        day=index + 1,
        date=(start + index * _DAY).isoformat() if start else None,
        to=night_place(night, plan.user) if night else day.end.place,
        via=day.via,
        distance=round(plan.user.units.distance(day.distance_m), 1),
        driving_s=round(day.duration_s),
        camp=_camp(night.camp, plan) if night and night.camp else None,
    )


def _camp(camp: PointOfInterest, plan: TripPlan) -> Camp:
    return Camp(
        name=camp.name,
        address=camp.address,
        latitude=round(camp.latitude, 4),
        longitude=round(camp.longitude, 4),
        distance=round(plan.user.units.distance(camp.distance_m), 1),
    )


def _rate_sources(costs: TripCosts) -> frozenset[str]:
    of_fuel = [costs.fuel_conversion.source] if costs.fuel_conversion else []
    of_camping = costs.nightly.spending.rate_sources if costs.nightly else []
    return frozenset([*of_fuel, *of_camping])


def _cost_figures(costs: TripCosts) -> CostFigures:
    return CostFigures(
        currency=costs.currency,
        fuel=_money(costs.fuel),
        fuel_rate_date=costs.fuel_conversion.day.isoformat() if costs.fuel_conversion else None,
        camping=_money(costs.camping),
        camping_average=_money(to_cents(costs.nightly.average)) if costs.nightly else None,
        camping_expenses=costs.nightly.count if costs.nightly else None,
        total=_money(costs.total),
        budget=_money(costs.budget),
        left=_money(costs.left),
    )


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
