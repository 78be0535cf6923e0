"""What fuel a way takes and costs, from the road, the rig and the price, each named."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from pam.answers.distance import no_route
from pam.answers.known import Known, provenance, replace_known
from pam.answers.prices import average_price, survey
from pam.answers.shared_cache import UpstreamUnavailable
from pam.answers.sources import Sources
from pam.answers.travel_parts import TravelParts
from pam.answers.travellers import Asker, read_asker
from pam.answers.whereabouts import Whereabouts, find
from pam.platform.errors import INVALID_REQUEST, PamError
from pam.travel.fuel import Consumption, FuelEstimate, Price
from pam.travel.questions import HERE, FuelQuestion
from pam.travel.units import LITRES_PER_GALLON, Units, litres_per, litres_per_100km, metres_per
from pam.traveller.wording import money, number
from pam.upstream.deadline import Deadline
from pam.upstream.eia import Fuel
from pam.upstream.places import Place

_GIVEN = "You"


def fuel_estimate(travel: TravelParts, user_id: UUID, question: FuelQuestion) -> dict[str, Any]:
    """`{distance, volume, cost, consumption, price, missing, text, …}`; what isn't known is named in `missing`.

    Raises `PamError`: `invalid_request` without a way, and whatever finding the way raises. Without a price the
    volume is still told.
    """
    deadline = Deadline()
    asker = read_asker(travel.parts, user_id)
    metres, ends, facts = _way(travel, asker, question, deadline)
    price = _price(travel, asker, question, ends, deadline)
    estimate = FuelEstimate(metres, _consumption(asker, question), price.value if price else None)
    if price is not None and estimate.litres is not None and price.source != _GIVEN:
        facts = (*facts, price)
    own = f"{asker.rig.name} (your rig)" if asker.rig and question.consumption is None else None
    return _told(estimate, asker, ends) | provenance(asker.profile, travel.parts.clock(), *facts, own=own)


def _way(
    travel: TravelParts, asker: Asker, question: FuelQuestion, deadline: Deadline
) -> tuple[float, tuple[Whereabouts, ...], tuple[Known[Any], ...]]:
    """Metres, the ends of the way, and what that rests on."""
    if question.distance is not None and question.destination is None and question.origin is None:
        return question.distance * metres_per(question.unit or asker.units.distance_unit), (), ()
    if question.destination is None or question.distance is not None:
        raise PamError(INVALID_REQUEST, "Give a distance, or where you go from and to.", field="distance")
    ends = tuple(
        find(travel.sources, asker, name, question, deadline)
        for name in (question.origin or HERE, question.destination)
    )
    road = travel.sources.road(ends[0].point, ends[1].point, deadline)
    if road.value is None:
        raise no_route(ends[0].name, ends[1].name)
    return road.value.distance_m, ends, (*ends[0].facts, *ends[1].facts, road)


def _consumption(asker: Asker, question: FuelQuestion) -> Consumption | None:
    if question.consumption is not None:
        unit = question.consumption_unit or asker.units.consumption_unit
        return Consumption(litres_per_100km(question.consumption, unit), _GIVEN)
    if asker.rig and asker.rig.litres_per_100km:
        return Consumption(asker.rig.litres_per_100km, asker.rig.name)
    return None


def _price(
    travel: TravelParts, asker: Asker, question: FuelQuestion, ends: tuple[Whereabouts, ...], deadline: Deadline
) -> Known[Price] | None:
    """The price that was given, else the average where the way begins, else none: it's asked for, not guessed."""
    if question.price is not None:
        unit = question.price_unit or asker.units.volume_unit
        per_litre = Decimal(str(question.price)) / Decimal(str(litres_per(unit)))
        given = Price(per_litre, asker.profile.currency, _GIVEN)
        return Known(given, _GIVEN, travel.parts.clock(), cached=False)
    start = ends[0].fact.value if ends and ends[0].fact else None
    return average_where(travel.sources, asker, start, question.fuel_type or fuel_of(asker), deadline)


def average_where(
    sources: Sources, asker: Asker, start: Place | None, fuel: Fuel, deadline: Deadline
) -> Known[Price] | None:
    """A litre's average price where a way begins; None where there is no source, or it gives no answer."""
    try:
        known = average_price(sources, asker, start, fuel, deadline)
    except UpstreamUnavailable:
        return None
    if known is None:
        return None
    average = known.value
    price = Price(
        average.usd_per_gallon / Decimal(str(LITRES_PER_GALLON)),
        "USD",
        known.source,
        area=average.area.name,
        week=average.week,
    )
    return replace_known(known, price)


def fuel_of(asker: Asker) -> Fuel:
    """What the rig takes; regular where that isn't known."""
    known: dict[str, Fuel] = {"mid": "mid", "premium": "premium", "diesel": "diesel"}
    return known.get((asker.rig.fuel_type if asker.rig else None) or "", "regular")


def _told(estimate: FuelEstimate, asker: Asker, ends: tuple[Whereabouts, ...]) -> dict[str, Any]:
    units = asker.units
    return {
        "tier": 2,
        "origin": ends[0].as_json() if ends else None,
        "destination": ends[1].as_json() if ends else None,
        "distance": round(units.distance(estimate.distance_m), 1),
        "unit": units.distance_unit,
        **figures(estimate, units),
        "text": sentence(estimate, asker, ends),
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


def sentence(estimate: FuelEstimate, asker: Asker, ends: tuple[Whereabouts, ...]) -> str:
    """The estimate in words, with each figure's source; what is missing is asked for."""
    units, profile = asker.units, asker.profile
    way = f"{number(units.distance(estimate.distance_m), profile)} {units.distance_unit}"
    if ends:
        way += f" from {ends[0].name} to {ends[1].name}"
    if estimate.litres is None or estimate.consumption is None:
        return f"For {way} PAM must know what your rig uses. Say it, such as “at 10 mpg” or “at 24 l/100 km”."
    consumption = number(units.consumption(estimate.consumption.litres_per_100km), profile, 1)
    uses = f"{consumption} {_CONSUMPTION[units.consumption_unit]}"
    whose = "" if estimate.consumption.source == _GIVEN else f" ({estimate.consumption.source})"
    volume = f"{number(units.volume(float(estimate.litres)), profile, 1)} {units.volume_unit}"
    said = f"{way} at {uses}{whose} take about {volume}"
    if estimate.price is None or estimate.cost is None:
        return f"{said}. What it costs PAM can't say without a price: tell it one, such as “at $3.59 a gallon”."
    per_unit = estimate.price.per_litre * Decimal(str(litres_per(units.volume_unit)))
    price = f"{money(per_unit, estimate.price.currency, profile)} a {_SPOKEN[units.volume_unit]}"
    if estimate.price.area and estimate.price.week:
        price += f", the average of {survey(estimate.price.area, estimate.price.week, profile)}"
    return f"{said}: {money(estimate.cost, estimate.price.currency, profile)} at {price}."


_CONSUMPTION = {"mpg": "mpg", "l_per_100km": "l/100 km"}
_SPOKEN = {"gal": "gallon", "l": "litre"}
