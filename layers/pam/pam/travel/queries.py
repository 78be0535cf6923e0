"""What questions about the road have in common: places, quantities with their units, and where the device is."""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from pam.platform.errors import INVALID_QUANTITY, INVALID_TEXT, PamError
from pam.travel.forecast import MAX_FORECAST_DAYS as FORECAST_DAYS
from pam.users.periods import WEEKDAYS

MAX_PLACE_CHARS = 200
HERE = "here"
"""The place where the device is."""

FORECAST_PERIOD_SCHEMA = {
    "type": "string",
    "enum": ["now", "today", "tonight", "tomorrow", "this_weekend", "this_week", *WEEKDAYS],
}
"""What `travel.weather.outlook` takes, as JSON schema."""


def parse_place(value: Any) -> str:
    """A place in words, 1 to 200 characters. Raises `PamError` (`invalid_text`)."""
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_PLACE_CHARS or not value.isprintable():
        raise PamError(INVALID_TEXT, f"A place is named in 1 to {MAX_PLACE_CHARS} characters.", field="place")
    return value.strip()


# As JSON and people write numbers: no underscores, spaces or digits of other scripts, and no endless exponent.
_PLAIN = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?")


class _Quantity:
    """A number from a query string or JSON, from `least` to `most`. Raises `PamError` (`invalid_quantity`)."""

    def __init__(self, name: str, least: str, most: str) -> None:
        self._name = name
        self._least = Decimal(least)
        self._most = Decimal(most)

    def __call__(self, value: Any) -> float | None:
        if value is None:
            return None
        plain = not isinstance(value, bool) and _PLAIN.fullmatch(str(value))
        if not plain or not self._least <= Decimal(str(value)) <= self._most:
            raise PamError(
                INVALID_QUANTITY,
                f"The {self._name} must be a number from {self._least} to {self._most}.",
                field=self._name,
            )
        return float(value)

    @property
    def schema(self) -> WithJsonSchema:
        """The bounds, for the description of the API."""
        return WithJsonSchema({"type": "number", "minimum": float(self._least), "maximum": float(self._most)})


def parse_days(value: Any) -> int:
    """How many days of forecast, 1 to 16. Raises `PamError` (`invalid_quantity`)."""
    days = _DAYS(value)
    if days is None or days != int(days):
        raise PamError(INVALID_QUANTITY, f"The days must be a whole number from 1 to {FORECAST_DAYS}.", field="days")
    return int(days)


_DAYS = _Quantity("days", "1", str(FORECAST_DAYS))
_LATITUDE = _Quantity("latitude", "-90", "90")
_LONGITUDE = _Quantity("longitude", "-180", "180")
_DISTANCE = _Quantity("distance", "0.1", "20000")
_RADIUS = _Quantity("radius", "0.1", "500")
_CONSUMPTION = _Quantity("consumption", "1", "200")
_PRICE = _Quantity("price", "0.01", "100")

PlaceName = Annotated[
    str,
    BeforeValidator(parse_place),
    WithJsonSchema(
        {
            "type": "string",
            "format": "place",
            "minLength": 1,
            "maxLength": MAX_PLACE_CHARS,
            "examples": ["Moab, Utah"],
        }
    ),
]
Latitude = Annotated[float | None, BeforeValidator(_LATITUDE), _LATITUDE.schema]
Longitude = Annotated[float | None, BeforeValidator(_LONGITUDE), _LONGITUDE.schema]
Distance = Annotated[float | None, BeforeValidator(_DISTANCE), _DISTANCE.schema]
Radius = Annotated[float | None, BeforeValidator(_RADIUS), _RADIUS.schema]
ConsumptionNumber = Annotated[float | None, BeforeValidator(_CONSUMPTION), _CONSUMPTION.schema]
PriceNumber = Annotated[float | None, BeforeValidator(_PRICE), _PRICE.schema]
ForecastDays = Annotated[
    int,
    BeforeValidator(parse_days),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": FORECAST_DAYS}),
]
ForecastPeriod = Annotated[str, WithJsonSchema(FORECAST_PERIOD_SCHEMA)]
DistanceUnit = Literal["mi", "km"]
VolumeUnit = Literal["gal", "l"]
FuelType = Literal["regular", "mid", "premium", "diesel"]


class LocatedQuery(BaseModel):
    """Where the device is, in degrees, if it says so. `here` as a place means this point."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    latitude: Latitude = Field(default=None, description="Where the device is; counts beside `longitude` only.")
    longitude: Longitude = Field(default=None, description="Where the device is; counts beside `latitude` only.")

    @property
    def location(self) -> tuple[float, float] | None:
        """Latitude and longitude, where both are given."""
        if self.latitude is None or self.longitude is None:
            return None
        return self.latitude, self.longitude


class WeatherQuery(LocatedQuery):
    """The weather at a place in a period (see `travel.weather.outlook`)."""

    place: PlaceName = Field(default=HERE, description="A place, or `here`: where the device is.")
    period: ForecastPeriod = Field(default="now", description="`now` is this moment and the 24 hours after.")


class DaysQuery(LocatedQuery):
    """The weather at a place, day by day."""

    place: PlaceName = Field(default=HERE, description="A place, or `here`: where the device is.")
    days: ForecastDays = Field(description="Today and the days after: how many in all.")


class DistanceQuery(LocatedQuery):
    """How far it is by road, and how long it takes."""

    origin: PlaceName = Field(default=HERE, description="Where the way begins: a place, or `here`.")
    destination: PlaceName = Field(description="Where it ends: a place, or `here`.")
    unit: DistanceUnit | None = Field(default=None, description="What to tell it in; the traveller's own by default.")


class FuelQuery(LocatedQuery):
    """What fuel a way takes: a distance, or two places. What isn't given comes from the rig and from EIA."""

    distance: Distance = Field(default=None, description="The way in `unit`; not beside places.")
    unit: DistanceUnit | None = Field(default=None, description="Without it, the traveller's own.")
    origin: PlaceName | None = Field(default=None, description="Where the way begins; without it, `here`.")
    destination: PlaceName | None = Field(default=None, description="Where it ends; goes without `distance`.")
    consumption: ConsumptionNumber = Field(default=None, description="Without it, that of the traveller's rig.")
    consumption_unit: Literal["mpg", "l_per_100km"] | None = Field(
        default=None, description="US miles a gallon, or litres for 100 km. Without it, the traveller's own."
    )
    price: PriceNumber = Field(
        default=None, description="In the traveller's currency. Without it, EIA's average where the way begins."
    )
    price_unit: VolumeUnit | None = Field(
        default=None, description="For a US gallon, or for a litre. Without it, the traveller's own."
    )
    fuel_type: FuelType | None = Field(default=None, description="Without it, that of the rig, else regular.")


class ParksQuery(LocatedQuery):
    """Places to camp within a radius of a place."""

    place: PlaceName = Field(default=HERE, description="A place, or `here`: where the device is.")
    radius: Radius = Field(default=None, description="As the crow flies, in `unit`. Without it, 25 mi or 40 km.")
    unit: DistanceUnit | None = Field(default=None, description="Of the radius. Without it, the traveller's own.")


class GasPriceQuery(LocatedQuery):
    """The regional average price of a fuel; of the whole country where no place is named."""

    place: PlaceName | None = Field(
        default=None, description="A town or a state, not `here`. Without it, the average of the whole country."
    )
    fuel_type: FuelType | None = Field(default=None, description="Without it, regular.")
