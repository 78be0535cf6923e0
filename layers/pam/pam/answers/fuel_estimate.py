"""The fuel for a way and its cost, from the road, the rig and the price, each with its source."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from pam.answers.ask_request import AskRequest, Slots
from pam.answers.dependencies import TravelDependencies
from pam.answers.distance import existing_road
from pam.answers.fuel_figures import FROM_USER, FuelFigures, FuelUnits, fuel_figures, fuel_sentence
from pam.answers.fuel_price import average_price
from pam.answers.json_values import json_dataclass
from pam.answers.resolved_place import NamedPoint, ResolvedPlace, resolve_ends
from pam.answers.rig_check import RigCheck, rig_check, rig_check_text
from pam.answers.sourced import Sourced
from pam.answers.travel_answer import TravelAnswer, UnitOfDistance, travel_provenance
from pam.answers.travel_sources import TravelSources
from pam.answers.user_context import UserContext, read_user_context
from pam.cache.source_unavailable import SourceUnavailable
from pam.money.currency_marks import currencies_of, possible_currencies
from pam.platform.deadline import Deadline
from pam.platform.errors import INVALID_REQUEST, PamError
from pam.travel.fuel import Consumption, FuelEstimate, FuelUnitPrice
from pam.travel.fuel_prices import Fuel, FuelPrice
from pam.travel.places import Place
from pam.travel.queries import HERE, FuelQuery
from pam.travel.rig import rig_from_row
from pam.travel.units import LITRES_PER_GALLON, litres_per, litres_per_100km, metres_per
from pam.users.profile import read_profile
from pam.vehicles.vehicles import find_vehicle


@json_dataclass
class FuelNeeded(FuelFigures, TravelAnswer):
    """The fuel that a way takes, and what it costs, as far as that is known."""

    origin: NamedPoint | None
    destination: NamedPoint | None
    distance: Annotated[float, Field(ge=0, description="In `unit`.", examples=[355.2])]
    unit: UnitOfDistance
    rig_check: RigCheck | None


@dataclass(frozen=True)
class _Way:
    """A length in metres, the places where it begins and ends, if it has any, and the facts that it rests on."""

    distance_m: float
    ends: tuple[ResolvedPlace, ...] = ()
    facts: tuple[Sourced[Any], ...] = ()

    @property
    def ends_text(self) -> str:
        return f" from {self.ends[0].name} to {self.ends[1].name}" if self.ends else ""


def fuel_estimate(
    dependencies: TravelDependencies, user_id: UUID, query: FuelQuery, deadline: Deadline, vehicle: str | None = None
) -> FuelNeeded:
    """Return the fuel for a way; what isn't known is named in `missing`.

    `vehicle` is the name of one of the user's, by default the one that questions are about. Raises `PamError`:
    `invalid_request` without a way, `vehicle_not_found`, `ambiguous_vehicle`, and whatever resolving the way raises.
    Without a price the volume is still returned.
    """
    user = read_user_context(dependencies, user_id, deadline)
    if vehicle is not None:
        with dependencies.database.session(user_id, deadline) as connection:
            user = replace(user, rig=rig_from_row(vars(find_vehicle(connection, user_id, vehicle))))
    way = _resolve_way(dependencies.sources, user, query, deadline)
    price = _price(dependencies, user, query, way, deadline)
    estimate = FuelEstimate(way.distance_m, _consumption(user, query), price.value if price else None)
    units = _units(user, query)
    facts = way.facts
    if price is not None and estimate.litres is not None and price.source != FROM_USER:
        facts = (*facts, price)
    text = fuel_sentence(estimate, user, units, way.ends_text)
    if way.ends:
        text += f" {rig_check_text(user)}"
    own = f"{user.rig.name} (your rig)" if user.rig and query.consumption is None else None
    return FuelNeeded(
        **travel_provenance(user.profile, dependencies.clock(), *facts, own=own),
        **vars(fuel_figures(estimate, units)),
        text=text,
        origin=way.ends[0].named_point if way.ends else None,
        destination=way.ends[1].named_point if way.ends else None,
        distance=round(estimate.distance_m / metres_per(units.distance), 1),
        unit=units.distance,
        rig_check=rig_check(user) if way.ends else None,
    )


def fuel_estimate_from_slots(request: AskRequest, slots: Slots) -> FuelNeeded | None:
    """Answer a question in words; None for a price that isn't certainly in the user's currency."""
    fields = request.at_location({_FIELDS.get(name, name): value for name, value in slots.items()})
    if mark := fields.pop("currency", None):
        with request.dependencies.database.session(request.user_id, request.deadline) as connection:
            profile = read_profile(connection, request.user_id)
        candidates = currencies_of(mark, profile.locale)
        if possible_currencies(candidates, profile.currency, profile.locale) != [profile.currency]:
            return None
    query = FuelQuery(**fields)
    return fuel_estimate(request.dependencies, request.user_id, query, request.source_deadline)


# The fields of a query whose slots have another name.
_FIELDS = {"answer_unit": "volume_unit"}


_VOLUMES = {"mpg": "gal", "l_per_100km": "l"}
"""The volume of each unit of consumption."""


def _units(user: UserContext, query: FuelQuery) -> FuelUnits:
    """Return the units of the answer: those of the question, where a price or a consumption names the volume, too."""
    consumption = query.consumption_unit if query.consumption is not None else None
    price = query.price_unit if query.price is not None else None
    volume = query.volume_unit or price or (_VOLUMES[consumption] if consumption else None)
    return FuelUnits.of(user.units, query.unit, volume, consumption)


def _resolve_way(sources: TravelSources, user: UserContext, query: FuelQuery, deadline: Deadline) -> _Way:
    if query.distance is not None and query.destination is None and query.origin is None:
        return _Way(query.distance * metres_per(query.unit or user.units.distance_unit))
    if query.destination is None or query.distance is not None:
        raise PamError(INVALID_REQUEST, "Give a distance, or where you go from and to.", field="distance")
    names = (query.origin or HERE, query.destination)
    origin, destination = resolve_ends(sources, user, names, query, deadline)
    road = existing_road(sources.road(origin.point, destination.point, deadline), origin, destination)
    return _Way(road.value.distance_m, (origin, destination), (*origin.facts, *destination.facts, road))


def _consumption(user: UserContext, query: FuelQuery) -> Consumption | None:
    if query.consumption is not None:
        unit = query.consumption_unit or user.units.consumption_unit
        return Consumption(litres_per_100km(query.consumption, unit), FROM_USER)
    return rig_consumption(user)


def rig_consumption(user: UserContext) -> Consumption | None:
    """Return the consumption of the user's rig; None where it isn't known."""
    if user.rig is None or not user.rig.litres_per_100km:
        return None
    return Consumption(user.rig.litres_per_100km, user.rig.name)


def _price(
    dependencies: TravelDependencies, user: UserContext, query: FuelQuery, way: _Way, deadline: Deadline
) -> Sourced[FuelUnitPrice] | None:
    """Return the price that was given, else the average where the way begins, else None: no price is guessed."""
    if query.price is not None:
        unit = query.price_unit or user.units.volume_unit
        per_litre = Decimal(str(query.price)) / Decimal(str(litres_per(unit)))
        given = FuelUnitPrice(per_litre, user.profile.currency, FROM_USER)
        return Sourced(given, FROM_USER, simulated=False, as_of=dependencies.clock(), cached=False)
    start = way.ends[0].fact.value if way.ends and way.ends[0].fact else None
    return average_unit_price(dependencies.sources, user, start, query.fuel_type or rig_fuel(user), deadline)


def average_unit_price(
    sources: TravelSources, user: UserContext, start: Place | None, fuel: Fuel, deadline: Deadline
) -> Sourced[FuelUnitPrice] | None:
    """Return a litre's average price where a way begins; None where there is no source, or it is unavailable."""
    try:
        found = average_price(sources, user, start, fuel, deadline)
    except SourceUnavailable:
        return None
    if found is None:
        return None
    source = found.source

    def per_litre(average: FuelPrice) -> FuelUnitPrice:
        usd = average.usd_per_gallon / Decimal(str(LITRES_PER_GALLON))
        return FuelUnitPrice(usd, "USD", source, area=average.area.name, week=average.week)

    return found.map(per_litre)


def rig_fuel(user: UserContext) -> Fuel:
    """Return the fuel of the user's rig; regular where that isn't known."""
    fuels: dict[str, Fuel] = {"mid": "mid", "premium": "premium", "diesel": "diesel"}
    return fuels.get((user.rig.fuel_type if user.rig else None) or "", "regular")
