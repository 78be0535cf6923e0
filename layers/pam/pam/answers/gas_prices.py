"""What fuel costs on average in a region: called an average, since no single station is known."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from pam.answers.dependencies import TravelDependencies
from pam.answers.fuel_price import average_price, survey
from pam.answers.sourced import provenance
from pam.answers.user_context import read_user_context
from pam.platform.deadline import FAST_ANSWER_TIMEOUT_S, Deadline
from pam.platform.errors import LOCATION_NEEDED, NO_PRICE_SOURCE, PamError
from pam.travel.queries import HERE, GasPriceQuery
from pam.travel.units import LITRES_PER_GALLON, litres_per
from pam.users.formatting import format_money

_FUELS = {"regular": "regular gas", "mid": "mid-grade gas", "premium": "premium gas", "diesel": "diesel"}
_SPOKEN = {"gal": "gallon", "l": "litre"}


def gas_prices(
    travel: TravelDependencies, user_id: UUID, question: GasPriceQuery, within_s: float = FAST_ANSWER_TIMEOUT_S
) -> dict[str, Any]:
    """`{fuel_type, area, week, price, unit, currency, text, …}`: a weekly regional average.

    Raises `PamError`: `location_needed` for `here` (a region is known by name only), `no_price_source` outside of
    the United States, `unknown_place`, `ambiguous_place`, `source_unavailable`, `source_not_configured`.
    """
    deadline = Deadline(within_s)
    user = read_user_context(travel, user_id, deadline)
    if question.place is not None and question.place.casefold() == HERE:
        raise PamError(LOCATION_NEEDED, "Name a town or a state: PAM knows prices by region.", field="place")
    place = (
        travel.sources.place(question.place, question.location, user.country_code, deadline) if question.place else None
    )
    known = average_price(
        travel.sources, user, place.value if place else None, question.fuel_type or "regular", deadline
    )
    if known is None:
        raise PamError(NO_PRICE_SOURCE, "PAM has a source of fuel prices only for the United States.")
    average, unit = known.value, user.units.volume_unit
    price = average.usd_per_gallon * Decimal(str(litres_per(unit))) / Decimal(str(LITRES_PER_GALLON))
    said = format_money(price.quantize(Decimal("0.01")), "USD", user.profile)
    return {
        "tier": 2,
        "fuel_type": average.fuel,
        "area": average.area.name,
        "week": average.week.isoformat(),
        "price": str(price.quantize(Decimal("0.001"))),
        "unit": unit,
        "currency": "USD",
        "text": f"The average price of {_FUELS[average.fuel]} is {said} a {_SPOKEN[unit]}: that of "
        f"{survey(average.area.name, average.week, user.profile)}.",
    } | provenance(user.profile, travel.clock(), *([place] if place else []), known)
