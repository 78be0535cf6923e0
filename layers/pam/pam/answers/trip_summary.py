"""A planned trip as it is told: figures, and a few sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from pam.answers.fuel_estimate import figures
from pam.answers.fuel_estimate import sentence as fuel_sentence
from pam.answers.sourced import provenance
from pam.answers.trip_plan import CAMP_WITHIN_M, Night, TripPlan
from pam.money.amounts import to_cents
from pam.travel.drive_time import MAX_DRIVING_DAY_S
from pam.travel.itinerary import MAX_DAY_DISTANCE_M, DrivingDay
from pam.travel.roads import PointOfInterest
from pam.travel.trips import CampingCosts
from pam.users.formatting import format_dates as dates
from pam.users.formatting import format_duration, format_money, format_number, pluralize
from pam.users.profile import Profile

_DAY = timedelta(days=1)
_NIGHTS_NAMED = 4


@dataclass(frozen=True)
class Costs:
    """What a trip comes to, as far as it is known: amounts with their currency, None where one isn't known."""

    fuel: Decimal | None
    fuel_currency: str | None
    camping: Decimal | None
    currency: str
    budget: Decimal | None

    @property
    def total(self) -> Decimal | None:
        """What is known, in the traveller's currency; None for fuel in another one, since no rate is known."""
        if self.fuel is not None and self.fuel_currency != self.currency:
            return None
        known = [part for part in (self.fuel, self.camping) if part is not None]
        return sum(known, Decimal(0)) if known else None

    @property
    def left(self) -> Decimal | None:
        """What the known costs leave of the budget; negative when they are over."""
        return None if self.budget is None or self.total is None else self.budget - self.total


def costs_of(plan: TripPlan, camping: CampingCosts | None, budget: Decimal | None, profile: Profile) -> Costs:
    """Fuel, and the nights at what the traveller's own camping expenses come to on average."""
    price, nights = plan.fuel.price, len(plan.nights)
    return Costs(
        fuel=plan.fuel.cost,
        fuel_currency=price.currency if price else None,
        camping=to_cents(camping.average * nights) if camping and nights else None,
        currency=profile.currency,
        budget=budget,
    )


def trip_answer(
    plan: TripPlan, profile: Profile, start: date | None, camping: CampingCosts | None, costs: Costs, now: datetime
) -> dict[str, Any]:
    """`{origin, destination, distance, unit, driving_s, start_date, days, fuel, costs, text, source, …}`."""
    units = plan.user.units
    rig = plan.user.rig
    own = [f"{rig.name} (your rig)"] if rig and plan.fuel.consumption else []
    own += [profile.expenses_source] if costs.camping is not None else []
    return {
        "origin": plan.places[0].as_json(),
        "destination": plan.places[-1].as_json(),
        "stops": [place.name for place in plan.places[1:-1]],
        "distance": round(units.distance(plan.distance_m), 1),
        "unit": units.distance_unit,
        "driving_s": round(plan.duration_s),
        "start_date": start.isoformat() if start else None,
        "days": [_day(index, day, plan, start) for index, day in enumerate(plan.days)],
        "fuel": figures(plan.fuel, units),
        "costs": {
            "currency": costs.currency,
            "camping": _text(costs.camping),
            "camping_average": _text(to_cents(camping.average)) if camping and costs.camping is not None else None,
            "camping_expenses": camping.count if camping and costs.camping is not None else None,
            "total": _text(costs.total),
            "budget": _text(costs.budget),
            "left": _text(costs.left),
        },
        "text": sentence(plan, profile, start, camping, costs),
    } | provenance(profile, now, *plan.facts, own=", ".join(own) or None)


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _day(index: int, day: DrivingDay, plan: TripPlan, start: date | None) -> dict[str, Any]:
    units = plan.user.units
    night = plan.nights[index] if index < len(plan.nights) else None
    return {
        "day": index + 1,
        "date": (start + index * _DAY).isoformat() if start else None,
        "to": _place(night, plan) if night else day.end.place,
        "via": list(day.via),
        "distance": round(units.distance(day.distance_m), 1),
        "driving_s": round(day.duration_s),
        "camp": _camp(night.camp, plan) if night and night.camp else None,
    }


def _camp(camp: PointOfInterest, plan: TripPlan) -> dict[str, Any]:
    return {
        "name": camp.name,
        "address": camp.address,
        "latitude": round(camp.latitude, 4),
        "longitude": round(camp.longitude, 4),
        "distance": round(plan.user.units.distance(camp.distance_m), 1),
    }


def _place(night: Night, plan: TripPlan) -> str:
    """A place by its name; on the road the way from one, and the place to camp there, or only degrees."""
    halt = night.halt
    if halt.metres_after is None:
        return halt.place
    after = f"{_distance(halt.metres_after, plan)} after {halt.place}"
    if night.camp is not None:
        return f"{after}, near {night.camp.name}"
    return f"{after}, somewhere near {halt.point[0]:.2f}, {halt.point[1]:.2f}"


def sentence(plan: TripPlan, profile: Profile, start: date | None, camping: CampingCosts | None, costs: Costs) -> str:
    """The trip in a few sentences: the way, the nights, the fuel, and what it comes to."""
    said = [_way(plan, profile, start)]
    if plan.nights:
        said.append(_nights(plan, profile, start))
    said += [_fuel(plan), *_costs(plan, profile, camping, costs)]
    return " ".join(said)


def _way(plan: TripPlan, profile: Profile, start: date | None) -> str:
    stops = [place.name for place in plan.places[1:-1]]
    via = f" by way of {'; '.join(stops)}" if stops else ""
    way = f"{plan.places[0].name} to {plan.places[-1].name}{via}"
    said = (
        f"{way[0].upper()}{way[1:]}: {_distance(plan.distance_m, plan)} by road, "
        f"about {format_duration(plan.duration_s)} of "
        f"driving without breaks, in {pluralize(len(plan.days), 'day')}"
    )
    if start is not None:
        said += f", {dates(start, start + len(plan.days) * _DAY, profile)}"
    if len(plan.days) > 1:
        longest = format_duration(MAX_DRIVING_DAY_S)
        said += f", none longer than {_distance(MAX_DAY_DISTANCE_M, plan)} or {longest} at the wheel"
    return f"{said}."


def _nights(plan: TripPlan, profile: Profile, start: date | None) -> str:
    named = []
    for index, night in enumerate(plan.nights[:_NIGHTS_NAMED]):
        evening = start + index * _DAY if start else None
        when = f"{dates(evening, evening + _DAY, profile)}:" if evening else f"{index + 1}."
        named.append(f"{when} {_where(night, plan)}")
    more = len(plan.nights) - len(named)
    end = f"; and {more} more" if more else ""
    unknown = [] if all(night.asked for night in plan.nights) else [" PAM couldn't look for all places to camp."]
    return f"Nights: {'; '.join(named)}{end}.{''.join(unknown)}"


def _where(night: Night, plan: TripPlan) -> str:
    place = _place(night, plan)
    if night.camp is not None:
        away = f"{_distance(night.camp.distance_m, plan, 1)} away"
        at_a_place = night.halt.metres_after is None
        return f"{place}, near {night.camp.name} ({away})" if at_a_place else f"{place} ({away})"
    if night.asked:
        return f"{place} (no place to camp known within {_distance(CAMP_WITHIN_M, plan)})"
    return place


def _fuel(plan: TripPlan) -> str:
    if plan.fuel.cost is not None:
        return f"Fuel: {fuel_sentence(plan.fuel, plan.user, ())}"
    lacking = {"consumption": "what your rig uses", "price": "a fuel price where the trip begins"}
    missing = " and ".join(lacking[name] for name in plan.fuel.missing)
    said = f"What the fuel costs PAM can't say: it doesn't know {missing}."
    if plan.fuel.litres is None:
        return said
    volume = plan.user.units.volume(float(plan.fuel.litres))
    return f"It takes about {format_number(volume, plan.user.profile, 1)} {plan.user.units.volume_unit} of fuel. {said}"


def _costs(plan: TripPlan, profile: Profile, camping: CampingCosts | None, costs: Costs) -> Sequence[str]:
    nights = pluralize(len(plan.nights), "night")
    said = []
    if plan.nights and camping is not None and costs.camping is not None:
        said.append(
            f"Camping: {format_money(costs.camping, costs.currency, profile)} for {nights}, if each costs what your "
            f"{pluralize(camping.count, 'camping expense')} of the last 365 days came to on average, "
            f"{format_money(camping.average, costs.currency, profile)}."
        )
    elif plan.nights:
        said.append(f"What camping costs for {nights} isn't known.")
    if costs.budget is not None:
        said.append(_against_budget(costs, costs.budget, profile))
    return said


def _against_budget(costs: Costs, budget: Decimal, profile: Profile) -> str:
    limit = format_money(budget, costs.currency, profile)
    if costs.total is None or costs.left is None:
        why = "the fuel isn't in your currency" if costs.fuel is not None else "no costs are known"
        return f"PAM can't compare that with your budget of {limit}: {why}."
    parts = [name for name, part in (("fuel", costs.fuel), ("camping", costs.camping)) if part is not None]
    what = " and ".join(parts).capitalize() + (" together" if len(parts) > 1 else " alone")
    total = format_money(costs.total, costs.currency, profile)
    apart = format_money(abs(costs.left), costs.currency, profile)
    how = f"{apart} over" if costs.left < 0 else f"{apart} within"
    return f"{what}, {total}, is {how} your budget of {limit}."


def _distance(metres: float, plan: TripPlan, places: int = 0) -> str:
    units = plan.user.units
    return f"{format_number(units.distance(metres), plan.user.profile, places)} {units.distance_unit}"
