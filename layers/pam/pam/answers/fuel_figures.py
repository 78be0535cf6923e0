"""The fuel for a distance, its consumption and its price, in the user's units."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from pam.answers.answer import Date, Money, one_of
from pam.answers.fuel_price import survey_text, us_gallons, volume_name
from pam.answers.json_values import json_dataclass
from pam.answers.travel_answer import UnitOfVolume, UnitPrice
from pam.answers.user_context import UserContext
from pam.money.amounts import Currency
from pam.travel.fuel import Consumption, FuelEstimate, FuelUnitPrice
from pam.travel.units import Units, consumption_in, litres_per, metres_per
from pam.users.formatting import format_money, format_number

FROM_USER = "You"
"""The source of a consumption or a price that the user gave."""

_CONSUMPTION_UNITS = {"mpg": "mpg", "l_per_100km": "l/100 km"}


@json_dataclass
class ConsumptionFigure:
    """What the rig uses."""

    value: Annotated[float, Field(gt=0, examples=[9.5])]
    unit: Annotated[str, one_of(*_CONSUMPTION_UNITS)]
    source: Annotated[str, Field(description="`You`, or the rig's name.")]


@json_dataclass
class PriceFigure:
    """What a gallon or a litre costs."""

    value: UnitPrice
    unit: UnitOfVolume
    source: Annotated[str, Field(description="`You`, or EIA.")]
    area: Annotated[str | None, Field(description="The region of an average.", examples=["Rocky Mountain (PADD 4)"])]
    week: Annotated[Date | None, Field(description="The Monday of an average's week.")]


@json_dataclass
class FuelFigures:
    """The fuel for a distance and its cost, as far as they are known."""

    volume: Annotated[
        float | None, Field(ge=0, description="In `volume_unit`; null without a consumption.", examples=[37.4])
    ]
    volume_unit: UnitOfVolume
    cost: Annotated[Money | None, Field(description="Null without a consumption or a price.")]
    currency: Annotated[Currency | None, Field(description="Of the cost and the price.")]
    consumption: ConsumptionFigure | None
    price: PriceFigure | None
    missing: Annotated[
        tuple[Annotated[str, one_of("consumption", "price")], ...],
        Field(description="What PAM must be told before it knows the cost."),
    ]


@dataclass(frozen=True)
class FuelUnits:
    """The units of an answer about fuel: `mi` or `km`, `gal` or `l`, `mpg` or `l_per_100km`."""

    distance: str
    volume: str
    consumption: str

    @classmethod
    def of(
        cls, units: Units, distance: str | None = None, volume: str | None = None, consumption: str | None = None
    ) -> "FuelUnits":
        """Return those of a question, and the user's own where it names none."""
        return cls(distance or units.distance_unit, volume or units.volume_unit, consumption or units.consumption_unit)


def fuel_figures(estimate: FuelEstimate, units: FuelUnits) -> FuelFigures:
    """Return an estimate as clients get it, each figure with its source."""
    price, consumption = estimate.price, estimate.consumption
    unit = units.volume
    return FuelFigures(
        volume=None if estimate.litres is None else round(float(estimate.litres) / litres_per(unit), 1),
        volume_unit=unit,
        cost=None if estimate.cost is None else str(estimate.cost),
        currency=price.currency if price else None,
        consumption=_consumption_figure(consumption, units) if consumption else None,
        price=_price_figure(price, unit) if price else None,
        missing=estimate.missing,
    )


def _consumption_figure(consumption: Consumption, units: FuelUnits) -> ConsumptionFigure:
    return ConsumptionFigure(
        value=round(consumption_in(units.consumption, consumption.litres_per_100km), 1),
        unit=units.consumption,
        source=consumption.source,
    )


def _price_figure(price: FuelUnitPrice, unit: str) -> PriceFigure:
    return PriceFigure(
        value=str(unit_price(price.per_litre, unit)),
        unit=unit,
        source=price.source,
        area=price.area,
        week=price.week.isoformat() if price.week else None,
    )


def fuel_sentence(estimate: FuelEstimate, user: UserContext, units: FuelUnits, ends: str = "") -> str:
    """Render the estimate with each figure's source, and ask for what is missing.

    `ends` names where the way begins and ends, such as ` from Denver to Moab`.
    """
    profile = user.profile
    way = f"{format_number(estimate.distance_m / metres_per(units.distance), profile)} {units.distance}{ends}"
    if estimate.litres is None or estimate.consumption is None:
        return f"For {way} PAM must know what your rig uses. Say it in mpg or in l/100 km."
    uses = consumption_text(estimate.consumption.litres_per_100km, user, units.consumption)
    rig = "" if estimate.consumption.source == FROM_USER else f" ({estimate.consumption.source})"
    text = f"{way} at {uses}{rig} take about {volume_text(estimate.litres, user, units.volume)}"
    if estimate.price is None or estimate.cost is None:
        return f"{text}. What it costs PAM can't say without a price: tell it one, by the gallon or the litre."
    price = per_unit_text(estimate.price.per_litre, estimate.price.currency, user, units.volume)
    if estimate.price.area and estimate.price.week:
        price += f", the average of {survey_text(estimate.price.area, estimate.price.week, profile)}"
    return f"{text}: {format_money(estimate.cost, estimate.price.currency, profile)} at {price}."


def consumption_text(litres_per_100km: float, user: UserContext, unit: str | None = None) -> str:
    """Render a consumption in `mpg` or `l_per_100km`, the user's own by default, such as `9.5 mpg`."""
    unit = unit or user.units.consumption_unit
    value = format_number(consumption_in(unit, litres_per_100km), user.profile, 1)
    return f"{value} {us_gallons(_CONSUMPTION_UNITS[unit], user)}"


def volume_text(litres: Decimal, user: UserContext, unit: str | None = None) -> str:
    """Render a volume in `gal` or `l`, the user's own by default, such as `32.5 gal`."""
    unit = unit or user.units.volume_unit
    return f"{format_number(float(litres) / litres_per(unit), user.profile, 1)} {us_gallons(unit, user)}"


def per_unit_text(per_litre: Decimal, currency: str, user: UserContext, unit: str | None = None) -> str:
    """Render the price of one `gal` or `l`, the user's own by default, such as `$3.60 a gallon`."""
    unit = unit or user.units.volume_unit
    return f"{format_money(_price_per(per_litre, unit), currency, user.profile)} a {volume_name(unit, user)}"


def unit_price(per_litre: Decimal, unit: str) -> Decimal:
    """Convert the price of a litre to that of one `gal` or `l`, to a tenth of a cent."""
    return _price_per(per_litre, unit).quantize(Decimal("0.001"))


def _price_per(per_litre: Decimal, unit: str) -> Decimal:
    return per_litre * Decimal(str(litres_per(unit)))
