"""A planned trip in a few sentences: the way, the nights, the fuel, and the costs."""

from datetime import date, timedelta
from decimal import Decimal

from pam.answers.converted_sum import conversion_sentences, rate_text
from pam.answers.fuel_figures import FuelUnits, fuel_sentence
from pam.answers.rig_check import rig_check_text
from pam.answers.trip_costs import TripCosts
from pam.answers.trip_plan import CAMP_RADIUS_M, Night, TripPlan
from pam.answers.user_context import UserContext
from pam.travel.day_limit import USUAL_LIMIT, DayLimit, LimitOrigin
from pam.travel.itinerary import day_offsets, visits
from pam.travel.schedule import Schedule
from pam.travel.seasons import may_close_for_winter, season_of
from pam.users.formatting import format_dates, format_duration, format_money, format_number, pluralize
from pam.users.profile import Profile

_DAY = timedelta(days=1)
_MAX_NIGHTS_NAMED = 4
_MAX_STOPS_NAMED = 4


def trip_text(plan: TripPlan, profile: Profile, schedule: Schedule, costs: TripCosts) -> str:
    """Render a trip with its dates, as far as they are known."""
    start = schedule.start
    sentences = [_way(plan, profile, schedule), _not_checked(plan, start)]
    if plan.nights:
        sentences.append(_nights(plan, profile, start))
    if plan.detours:
        sentences.append(_stops(plan, start))
    sentences.append(_fuel(plan) + _fuel_conversion(plan, profile, costs))
    if plan.nights:
        sentences.append(_camping(plan, profile, costs))
    if costs.budget is not None:
        sentences.append(_against_budget(plan, costs, costs.budget, profile))
    return " ".join(sentences)


def not_checked(plan: TripPlan, start: date | None) -> tuple[str, ...]:
    """Return what no source was asked for, beside the clearance of the road."""
    unknown = ["weight limits", "grades", "weather"]
    if plan.nights:
        unknown.append("whether campgrounds are open or have room")
    if start is None:
        return (*unknown, "the season, without a date")
    offsets = day_offsets(plan.days)
    ends = [(start, plan.places[0].point[0])]
    ends += [(start + offset * _DAY, day.end.point[0]) for offset, day in zip(offsets, plan.days, strict=True)]
    if any(may_close_for_winter(day, latitude) for day, latitude in ends):
        unknown.append("winter closures of roads")
    return tuple(unknown)


def night_place(night: Night, user: UserContext) -> str:
    """Render where a day ends: a place, or the distance from one, with the place to camp there or degrees."""
    stop = night.stop
    if stop.metres_after is None:
        return stop.place
    after = f"{_distance(stop.metres_after, user)} after {stop.place}"
    if night.camp is not None:
        return f"{after}, near {night.camp.name}"
    return f"{after}, somewhere near {stop.point[0]:.2f}, {stop.point[1]:.2f}"


def _way(plan: TripPlan, profile: Profile, schedule: Schedule) -> str:
    stops = [place.name for place in plan.places[1:-1]]
    via = f" by way of {'; '.join(stops)}" if stops else ""
    way = f"{plan.places[0].name} to {plan.places[-1].name}{via}"
    text = (
        f"{way[0].upper()}{way[1:]}: {_distance(plan.distance_m, plan.user)} by road, "
        f"about {format_duration(plan.duration_s)} of "
        f"driving by car without breaks, in {pluralize(len(plan.days), 'day')}"
    )
    if plan.night_count > len(plan.nights):
        text += f" of driving and {plan.night_count} nights"
    if schedule.start is not None:
        text += f", {format_dates(schedule.start, schedule.start + (plan.night_count + 1) * _DAY, profile)}"
    if len(plan.days) > 1:
        longest = format_duration(plan.limit.duration_s)
        text += f", none longer than {_distance(plan.limit.distance_m, plan.user)} or {longest} at the wheel"
        if plan.limit.origin is LimitOrigin.REMEMBERED:
            text += f" ({_own_part(plan.limit)}, as PAM remembers it)"
    if schedule.leave_by is not None:
        text += f". To be in time, leave by {schedule.leave_by:%H:%M} on the last day, in the time of the destination"
    return f"{text}. {rig_check_text(plan.user)}"


def _own_part(limit: DayLimit) -> str:
    """Name the part of a remembered limit that is the traveller's own; the other is the usual one."""
    if limit.distance_m == USUAL_LIMIT.distance_m:
        return "the hours are your limit"
    return "the distance is your limit" if limit.duration_s == USUAL_LIMIT.duration_s else "your limit"


def _not_checked(plan: TripPlan, start: date | None) -> str:
    return f"Not checked either: {', '.join(not_checked(plan, start))}."


def _nights(plan: TripPlan, profile: Profile, start: date | None) -> str:
    named = []
    offsets = day_offsets(plan.days)
    for index, night in enumerate(plan.nights[:_MAX_NIGHTS_NAMED]):
        evening = start + offsets[index] * _DAY if start else None
        when = f"{format_dates(evening, evening + night.count * _DAY, profile)}:" if evening else f"{index + 1}."
        nights = f" ({night.count} nights)" if night.count > 1 else ""
        named.append(f"{when} {_night(night, plan.user)}{nights}")
    more = len(plan.nights) - len(named)
    end = f"; and {more} more" if more else ""
    unknown = "" if all(night.searched for night in plan.nights) else " PAM couldn't look for all places to camp."
    return f"Nights: {'; '.join(named)}{end}.{unknown}"


def _stops(plan: TripPlan, start: date | None) -> str:
    named = []
    offsets = day_offsets(plan.days)
    stops = list(zip(plan.places[1:-1], visits(plan.days), plan.detours, strict=False))
    for place, visit, detour in stops[:_MAX_STOPS_NAMED]:
        parts = [pluralize(visit.nights, "night") if visit.nights else "no night"]
        if start is not None and (season := season_of(start + offsets[visit.day] * _DAY, place.point[0])):
            parts.append(f"in {season}")
        if detour is None:
            parts.append("detour not known")
        else:
            parts.append(
                f"{_distance(detour.distance_m, plan.user)} and {format_duration(detour.duration_s)} of detour"
            )
        named.append(f"{place.name} ({', '.join(parts)})")
    more = len(stops) - len(named)
    return f"Stops: {'; '.join(named)}{f'; and {more} more' if more else ''}."


def _night(night: Night, user: UserContext) -> str:
    place = night_place(night, user)
    if night.camp is not None:
        away = f"{_distance(night.camp.distance_m, user, 1)} away"
        at_a_place = night.stop.metres_after is None
        return f"{place}, near {night.camp.name} ({away})" if at_a_place else f"{place} ({away})"
    if night.searched:
        return f"{place} (no place to camp known within {_distance(CAMP_RADIUS_M, user)})"
    return place


def _fuel(plan: TripPlan) -> str:
    if plan.fuel.cost is not None:
        return f"Fuel: {fuel_sentence(plan.fuel, plan.user, FuelUnits.of(plan.user.units))}"
    names = {"consumption": "what your rig uses", "price": "a fuel price where the trip begins"}
    missing = " and ".join(names[name] for name in plan.fuel.missing)
    text = f"What the fuel costs PAM can't say: it doesn't know {missing}."
    if plan.fuel.litres is None:
        return text
    volume = plan.user.units.volume(float(plan.fuel.litres))
    return f"It takes about {format_number(volume, plan.user.profile, 1)} {plan.user.units.volume_unit} of fuel. {text}"


def _fuel_conversion(plan: TripPlan, profile: Profile, costs: TripCosts) -> str:
    """Render the cost of fuel in the user's currency, after a space; empty where its price is in that currency."""
    price = plan.fuel.price
    if plan.fuel.cost is None or price is None or price.currency == profile.currency:
        return ""
    if costs.fuel is None or costs.fuel_conversion is None:
        return f" PAM has no exchange rate to {profile.currency} for it now."
    value = format_money(costs.fuel, costs.currency, profile)
    return f" That is {value} at {rate_text(costs.fuel_conversion, profile)}."


def _camping(plan: TripPlan, profile: Profile, costs: TripCosts) -> str:
    nights = pluralize(plan.night_count, "night")
    if costs.nightly is None or costs.camping is None:
        return f"What camping costs for {nights} isn't known."
    return (
        f"Camping: {format_money(costs.camping, costs.currency, profile)} for {nights}, if each costs what your "
        f"{pluralize(costs.nightly.count, 'camping expense')} of the last 365 days came to on average, "
        f"{format_money(costs.nightly.average, costs.currency, profile)}."
        f"{conversion_sentences(costs.nightly.spending, profile)}"
    )


def _against_budget(plan: TripPlan, costs: TripCosts, budget: Decimal, profile: Profile) -> str:
    limit = format_money(budget, costs.currency, profile)
    if costs.total is None or costs.left is None:
        why = "no costs are known" + (f" in {costs.currency}" if plan.fuel.cost is not None else "")
        return f"PAM can't compare that with your budget of {limit}: {why}."
    known = [name for name, cost in (("fuel", costs.fuel), ("camping", costs.camping)) if cost is not None]
    subject = " and ".join(known).capitalize() + (" together" if len(known) > 1 else " alone")
    total = format_money(costs.total, costs.currency, profile)
    difference = format_money(abs(costs.left), costs.currency, profile)
    result = f"{difference} over" if costs.left < 0 else f"{difference} within"
    return f"{subject}, {total}, is {result} your budget of {limit}."


def _distance(metres: float, user: UserContext, places: int = 0) -> str:
    return f"{format_number(user.units.distance(metres), user.profile, places)} {user.units.distance_unit}"
