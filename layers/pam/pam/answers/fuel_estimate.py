"""What fuel a way takes and costs, from the road, the rig and the price, each named."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from pam.answers.dependencies import TravelDependencies
from pam.answers.distance import no_route
from pam.answers.fuel_price import average_price, survey
from pam.answers.resolved_place import ResolvedPlace, resolve_place
from pam.answers.sourced import Sourced, provenance, replace_sourced
from pam.answers.travel_sources import TravelSources
from pam.answers.user_context import UserContext, read_user_context
from pam.cache.source_unavailable import SourceUnavailable
from pam.platform.deadline import Deadline
from pam.platform.errors import INVALID_REQUEST, PamError
from pam.travel.fuel import Consumption, FuelEstimate, FuelUnitPrice
from pam.travel.fuel_prices import Fuel
from pam.travel.places import Place
from pam.travel.queries import HERE, FuelQuery
from pam.travel.units import LITRES_PER_GALLON, Units, litres_per, litres_per_100km, metres_per
from pam.users.formatting import format_money, format_number

_GIVEN = "You"


def fuel_estimate(travel: TravelDependencies, user_id: UUID, question: FuelQuery) -> dict[str, Any]:
    """`{distance, volume, cost, consumption, price, missing, text, …}`; what isn't known is named in `missing`.

    Raises `PamError`: `invalid_request` without a way, and whatever finding the way raises. Without a price the
    volume is still told.
    """
    deadline = Deadline()
    user = read_user_context(travel, user_id, deadline)
    metres, ends, facts = _way(travel, user, question, deadline)
    price = _price(travel, user, question, ends, deadline)
    estimate = FuelEstimate(metres, _consumption(user, question), price.value if price else None)
    if price is not None and estimate.litres is not None and price.source != _GIVEN:
        facts = (*facts, price)
    own = f"{user.rig.name} (your rig)" if user.rig and question.consumption is None else None
    return _told(estimate, user, ends) | provenance(user.profile, travel.clock(), *facts, own=own)


def _way(
    travel: TravelDependencies, user: UserContext, question: FuelQuery, deadline: Deadline
) -> tuple[float, tuple[ResolvedPlace, ...], tuple[Sourced[Any], ...]]:
    """Metres, the ends of the way, and what that rests on."""
    if question.distance is not None and question.destination is None and question.origin is None:
        return question.distance * metres_per(question.unit or user.units.distance_unit), (), ()
    if question.destination is None or question.distance is not None:
        raise PamError(INVALID_REQUEST, "Give a distance, or where you go from and to.", field="distance")
    ends = tuple(
        resolve_place(travel.sources, user, name, question, deadline)
        for name in (question.origin or HERE, question.destination)
    )
    road = travel.sources.road(ends[0].point, ends[1].point, deadline)
    if road.value is None:
        raise no_route(ends[0].name, ends[1].name)
    return road.value.distance_m, ends, (*ends[0].facts, *ends[1].facts, road)


def _consumption(user: UserContext, question: FuelQuery) -> Consumption | None:
    if question.consumption is not None:
        unit = question.consumption_unit or user.units.consumption_unit
        return Consumption(litres_per_100km(question.consumption, unit), _GIVEN)
    if user.rig and user.rig.litres_per_100km:
        return Consumption(user.rig.litres_per_100km, user.rig.name)
    return None


def _price(
    travel: TravelDependencies,
    user: UserContext,
    question: FuelQuery,
    ends: tuple[ResolvedPlace, ...],
    deadline: Deadline,
) -> Sourced[FuelUnitPrice] | None:
    """The price that was given, else the average where the way begins, else none: it's asked for, not guessed."""
    if question.price is not None:
        unit = question.price_unit or user.units.volume_unit
        per_litre = Decimal(str(question.price)) / Decimal(str(litres_per(unit)))
        given = FuelUnitPrice(per_litre, user.profile.currency, _GIVEN)
        return Sourced(given, _GIVEN, travel.clock(), cached=False)
    start = ends[0].fact.value if ends and ends[0].fact else None
    return average_where(travel.sources, user, start, question.fuel_type or fuel_of(user), deadline)


def average_where(
    sources: TravelSources, user: UserContext, start: Place | None, fuel: Fuel, deadline: Deadline
) -> Sourced[FuelUnitPrice] | None:
    """A litre's average price where a way begins; None where there is no source, or it gives no answer."""
    try:
        known = average_price(sources, user, start, fuel, deadline)
    except SourceUnavailable:
        return None
    if known is None:
        return None
    average = known.value
    price = FuelUnitPrice(
        average.usd_per_gallon / Decimal(str(LITRES_PER_GALLON)),
        "USD",
        known.source,
        area=average.area.name,
        week=average.week,
    )
    return replace_sourced(known, price)


def fuel_of(user: UserContext) -> Fuel:
    """What the rig takes; regular where that isn't known."""
    known: dict[str, Fuel] = {"mid": "mid", "premium": "premium", "diesel": "diesel"}
    return known.get((user.rig.fuel_type if user.rig else None) or "", "regular")


def _told(estimate: FuelEstimate, user: UserContext, ends: tuple[ResolvedPlace, ...]) -> dict[str, Any]:
    units = user.units
    return {
        "tier": 2,
        "origin": ends[0].as_json() if ends else None,
        "destination": ends[1].as_json() if ends else None,
        "distance": round(units.distance(estimate.distance_m), 1),
        "unit": units.distance_unit,
        **figures(estimate, units),
        "text": sentence(estimate, user, ends),
    }


def figures(estimate: FuelEstimate, units: Units) -> dict[str, Any]:
    """`{volume, volume_unit, cost, currency, consumption, price, missing}`, each figure with its source."""
    price, consumption = estimate.price, estimate.consumption
    return {
        "volume": None if estimate.litres is None else round(units.volume(float(estimate.litres)), 1),
        "volume_unit": units.volume_unit,
        "cost": None if estimate.cost is None else str(estimate.cost),
        "currency": price.currency if price else None,
        "consumption": consumption
        and {
            "value": round(units.consumption(consumption.litres_per_100km), 1),
            "unit": units.consumption_unit,
            "source": consumption.source,
        },
        "price": price
        and {
            "value": str((price.per_litre * Decimal(str(litres_per(units.volume_unit)))).quantize(Decimal("0.001"))),
            "unit": units.volume_unit,
            "source": price.source,
            "area": price.area,
            "week": price.week.isoformat() if price.week else None,
        },
        "missing": list(estimate.missing),
    }


def sentence(estimate: FuelEstimate, user: UserContext, ends: tuple[ResolvedPlace, ...]) -> str:
    """The estimate in words, with each figure's source; what is missing is asked for."""
    units, profile = user.units, user.profile
    way = f"{format_number(units.distance(estimate.distance_m), profile)} {units.distance_unit}"
    if ends:
        way += f" from {ends[0].name} to {ends[1].name}"
    if estimate.litres is None or estimate.consumption is None:
        return f"For {way} PAM must know what your rig uses. Say it, such as “at 10 mpg” or “at 24 l/100 km”."
    consumption = format_number(units.consumption(estimate.consumption.litres_per_100km), profile, 1)
    uses = f"{consumption} {_CONSUMPTION[units.consumption_unit]}"
    whose = "" if estimate.consumption.source == _GIVEN else f" ({estimate.consumption.source})"
    volume = f"{format_number(units.volume(float(estimate.litres)), profile, 1)} {units.volume_unit}"
    said = f"{way} at {uses}{whose} take about {volume}"
    if estimate.price is None or estimate.cost is None:
        return f"{said}. What it costs PAM can't say without a price: tell it one, such as “at $3.59 a gallon”."
    per_unit = estimate.price.per_litre * Decimal(str(litres_per(units.volume_unit)))
    price = f"{format_money(per_unit, estimate.price.currency, profile)} a {_SPOKEN[units.volume_unit]}"
    if estimate.price.area and estimate.price.week:
        price += f", the average of {survey(estimate.price.area, estimate.price.week, profile)}"
    return f"{said}: {format_money(estimate.cost, estimate.price.currency, profile)} at {price}."


_CONSUMPTION = {"mpg": "mpg", "l_per_100km": "l/100 km"}
_SPOKEN = {"gal": "gallon", "l": "litre"}
