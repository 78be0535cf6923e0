"""The average price of a fuel in a region: called an average, since no prices of single stations are known."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from pam.answers.answer import Date
from pam.answers.ask_request import AskRequest, Slots
from pam.answers.dependencies import TravelDependencies
from pam.answers.fuel_price import average_price, survey_text, volume_name
from pam.answers.json_values import json_dataclass
from pam.answers.resolved_place import resolve_place
from pam.answers.sourced import Sourced
from pam.answers.travel_answer import TravelAnswer, UnitOfVolume, UnitPrice, travel_provenance
from pam.answers.user_context import read_user_context
from pam.platform.deadline import Deadline
from pam.platform.errors import LOCATION_NEEDED, NO_PRICE_SOURCE, PamError
from pam.travel.places import Place
from pam.travel.queries import HERE, FuelType, GasPriceQuery
from pam.travel.units import LITRES_PER_GALLON, litres_per
from pam.users.formatting import format_money

_FUEL_NAMES = {"regular": "regular gas", "mid": "mid-grade gas", "premium": "premium gas", "diesel": "diesel"}


@json_dataclass
class GasPrice(TravelAnswer):
    """The average price of a fuel in a region: no single station's."""

    fuel_type: FuelType
    area: Annotated[str, Field(examples=["Rocky Mountain (PADD 4)"])]
    week: Annotated[Date, Field(description="The Monday of the week it is the average of.")]
    price: UnitPrice
    unit: UnitOfVolume
    currency: Literal["USD"]


def gas_prices(dependencies: TravelDependencies, user_id: UUID, query: GasPriceQuery, deadline: Deadline) -> GasPrice:
    """Return a weekly regional average.

    Raises `PamError`: `location_needed` for `here` (a region is known by name only), `no_price_source` outside of
    the United States, `unknown_place`, `ambiguous_place`, `source_unavailable`, `source_not_configured`.
    """
    user = read_user_context(dependencies, user_id, deadline)
    if query.place is not None and query.place.casefold() == HERE:
        raise PamError(LOCATION_NEEDED, "Name a town or a state: PAM knows prices by region.", field="place")
    facts: tuple[Sourced[Place], ...] = ()
    where = ""
    if query.place is not None:
        resolved = resolve_place(dependencies.sources, user, query.place, query, deadline, use="area")
        facts, where = resolved.facts, f" {resolved.locative}"
    place = facts[0].value if facts else None
    found = average_price(dependencies.sources, user, place, query.fuel_type or "regular", deadline)
    if found is None:
        raise PamError(NO_PRICE_SOURCE, "PAM has a source of fuel prices only for the United States.")
    average, unit = found.value, query.unit or user.units.volume_unit
    price = average.usd_per_gallon * Decimal(str(litres_per(unit))) / Decimal(str(LITRES_PER_GALLON))
    price_text = format_money(price.quantize(Decimal("0.01")), "USD", user.profile)
    return GasPrice(
        **travel_provenance(user.profile, dependencies.clock(), *facts, found),
        text=f"The average price of {_FUEL_NAMES[average.fuel]}{where} is {price_text} a {volume_name(unit, user)}: "
        f"that of {survey_text(average.area.name, average.week, user.profile)}.",
        fuel_type=average.fuel,
        area=average.area.name,
        week=average.week.isoformat(),
        price=str(price.quantize(Decimal("0.001"))),
        unit=unit,
        currency="USD",
    )


def gas_prices_from_slots(request: AskRequest, slots: Slots) -> GasPrice:
    """Answer a question in words."""
    fields = {_FIELDS.get(name, name): value for name, value in slots.items()}
    query = GasPriceQuery(**request.at_location(fields))
    return gas_prices(request.dependencies, request.user_id, query, request.source_deadline)


# The fields of a query whose slots have another name.
_FIELDS = {"answer_unit": "unit"}
