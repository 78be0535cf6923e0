"""A planned trip as an answer: its way, days, nights, fuel and costs."""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from pam.answers.answer import Count, Date, Money, Seconds
from pam.answers.distance import RoadAnswer
from pam.answers.fuel_figures import FuelFigures, FuelUnits, fuel_figures
from pam.answers.json_values import json_dataclass
from pam.answers.rig_check import rig_check
from pam.answers.travel_answer import Latitude, Longitude, travel_provenance
from pam.answers.trip_costs import TripCosts
from pam.answers.trip_plan import TripPlan
from pam.answers.trip_text import night_place, not_checked, trip_text
from pam.money.amounts import Currency, to_cents
from pam.money.exchange_rates import is_simulated
from pam.travel.itinerary import DrivingDay, day_offsets, visits
from pam.travel.roads import PointOfInterest
from pam.travel.schedule import Schedule
from pam.travel.seasons import Season, season_of
from pam.users.profile import Profile

MAX_JSON_CHARS = 6000
"""The most characters of a trip's data that a model is sent; its text has up to 2,000 beside them."""

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
    nights: Count
    camp: Camp | None


@json_dataclass
class TripStop:
    """A stop: the nights there, its date and season, and how much longer it makes the way; null: not known."""

    name: str
    nights: Count
    date: Date | None
    season: Season | None
    detour: Annotated[float | None, Field(ge=0)]
    detour_s: Seconds | None


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

    stops: tuple[TripStop, ...]
    driving_s: Seconds
    daily_limit: Annotated[float, Field(gt=0, description="In `unit`: what no day exceeds.")]
    daily_limit_s: Annotated[Seconds, Field(description="Of driving: what no day exceeds either.")]
    start_date: Date | None
    arrival_date: Date | None
    leave_by: Annotated[str | None, Field(description="On the last day, in the time of the destination.")]
    nights: Count
    days: tuple[TripDay, ...]
    not_checked: tuple[str, ...]
    fuel: FuelFigures
    costs: CostFigures


def planned_trip(plan: TripPlan, profile: Profile, schedule: Schedule, costs: TripCosts, now: datetime) -> PlannedTrip:
    """Return a plan as an answer, with its dates as far as they are known."""
    units, rig, start = plan.user.units, plan.user.rig, schedule.start
    own = [f"{rig.name} (your rig)"] if rig and plan.fuel.consumption else []
    own += [profile.expenses_source] if costs.camping is not None else []
    rate_sources = _rate_sources(costs)
    own += sorted(rate_sources)
    provenance = travel_provenance(profile, now, *plan.facts, own=", ".join(own) or None)
    provenance["simulated"] = provenance["simulated"] or any(map(is_simulated, rate_sources))
    return PlannedTrip(
        **provenance,
        text=trip_text(plan, profile, schedule, costs),
        origin=plan.places[0].named_point,
        destination=plan.places[-1].named_point,
        stops=_stops(plan, start),
        distance=round(units.distance(plan.distance_m), 1),
        unit=units.distance_unit,
        rig_check=rig_check(plan.user),
        driving_s=round(plan.duration_s),
        daily_limit=round(units.distance(plan.limit.distance_m), 1),
        daily_limit_s=round(plan.limit.duration_s),
        start_date=start.isoformat() if start else None,
        arrival_date=(start + plan.night_count * _DAY).isoformat() if start else None,
        leave_by=schedule.leave_by.isoformat(timespec="minutes") if schedule.leave_by else None,
        nights=plan.night_count,
        days=tuple(
            _day(index, day, plan, start and start + offset * _DAY)
            for index, (day, offset) in enumerate(zip(plan.days, day_offsets(plan.days), strict=True))
        ),
        not_checked=("clearance", *not_checked(plan, start)),
        fuel=fuel_figures(plan.fuel, FuelUnits.of(units)),
        costs=_cost_figures(costs),
    )


def shorten(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of a trip so short that a model can read it at once.

    Of a long trip, the days have no camps: the name of one stays in `to` where a day ends between two places. Of one
    that is longer still, the last days are left out, and counted in `days_left_out`.
    """
    short = dict(data)
    if _length(short) > MAX_JSON_CHARS:
        short["days"] = [{name: day[name] for name in day if name not in ("camp", "via")} for day in data["days"]]
    while short["days"] and _length(short) > MAX_JSON_CHARS:
        short["days"] = short["days"][:-1]
        short["days_left_out"] = len(data["days"]) - len(short["days"])
    return short


def _length(data: Mapping[str, Any]) -> int:
    return len(json.dumps(data, ensure_ascii=False))


def _stops(plan: TripPlan, start: date | None) -> tuple[TripStop, ...]:
    offsets, units = day_offsets(plan.days), plan.user.units
    stops = []
    for place, visit, detour in zip(plan.places[1:-1], visits(plan.days), plan.detours, strict=False):
        day = start + offsets[visit.day] * _DAY if start else None
        stops.append(
            TripStop(
                name=place.name,
                nights=visit.nights,
                date=day.isoformat() if day else None,
                season=season_of(day, place.point[0]) if day else None,
                detour=round(units.distance(detour.distance_m), 1) if detour else None,
                detour_s=round(detour.duration_s) if detour else None,
            )
        )
    return tuple(stops)


def _day(index: int, day: DrivingDay, plan: TripPlan, on: date | None) -> TripDay:
    night = plan.nights[index] if index < len(plan.nights) else None
    return TripDay(
        day=index + 1,
        date=on.isoformat() if on else None,
        to=night_place(night, plan.user) if night else day.end.place,
        via=day.via,
        distance=round(plan.user.units.distance(day.distance_m), 1),
        driving_s=round(day.duration_s),
        nights=night.count if night else 0,
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
