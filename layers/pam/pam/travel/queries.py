"""The parameters of travel answers: places, quantities with units, and the position of the device."""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from pam.platform.errors import INVALID_QUANTITY, INVALID_TEXT, PamError
from pam.safety.redaction import redact
from pam.travel.forecast import MAX_FORECAST_DAYS
from pam.users.periods import WEEKDAYS

MAX_PLACE_CHARS = 200
MAX_RADIUS = 500
"""In either unit."""
DEGREE_DIGITS = 5
"""The decimal places of a position in degrees: the last one is about a metre."""

HERE = "here"
"""The name of the place where the device is."""

FORECAST_PERIOD_SCHEMA = {
    "type": "string",
    "enum": ["now", "today", "tonight", "tomorrow", "this_weekend", "this_week", *WEEKDAYS],
}
"""Periods of `travel.outlook.outlook`, as a JSON schema; a tool has a number of days beside them."""

_ALL_PERIODS_SCHEMA = {
    "anyOf": [
        FORECAST_PERIOD_SCHEMA,
        {"type": "string", "enum": ["day_after_tomorrow", "next_week"]},
        {"type": "string", "pattern": "^next_([1-9]|1[0-6])_days$"},
    ]
}


def parse_place(value: Any) -> str:
    """Return the redacted name of a place, 1 to 200 characters. Raises `PamError` (`invalid_text`)."""
    if not isinstance(value, str) or len(value) > MAX_PLACE_CHARS or not value.strip() or not value.isprintable():
        raise PamError(INVALID_TEXT, f"A place is named in 1 to {MAX_PLACE_CHARS} characters.", field="place")
    return redact(value.strip())[:MAX_PLACE_CHARS]


# Numbers as in JSON: no underscores, spaces or digits of other scripts, and a short exponent.
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?")


class _Quantity:
    """A parser of numbers from `minimum` to `maximum`. Raises `PamError` (`invalid_quantity`)."""

    def __init__(self, name: str, minimum: str, maximum: str, digits: int | None = None) -> None:
        """`digits` is the number of decimal places that the value is rounded to."""
        self._name = name
        self._digits = digits
        self._minimum = Decimal(minimum)
        self._maximum = Decimal(maximum)

    def __call__(self, value: Any) -> float | None:
        if value is None:
            return None
        is_number = not isinstance(value, bool) and _NUMBER.fullmatch(str(value))
        if not is_number or not self._minimum <= Decimal(str(value)) <= self._maximum:
            raise PamError(
                INVALID_QUANTITY,
                f"The {self._name} must be a number from {self._minimum} to {self._maximum}.",
                field=self._name,
            )
        return float(value) if self._digits is None else round(float(value), self._digits)

    @property
    def schema(self) -> WithJsonSchema:
        """The bounds, for the description of the API."""
        return WithJsonSchema({"type": "number", "minimum": float(self._minimum), "maximum": float(self._maximum)})


def parse_forecast_days(value: Any) -> int:
    """Return a number of days of forecast, 1 to 16. Raises `PamError` (`invalid_quantity`)."""
    days = _DAYS(value)
    if days is None or days != int(days):
        raise PamError(
            INVALID_QUANTITY, f"The days must be a whole number from 1 to {MAX_FORECAST_DAYS}.", field="days"
        )
    return int(days)


_DAYS = _Quantity("days", "1", str(MAX_FORECAST_DAYS))
_LATITUDE = _Quantity("latitude", "-90", "90", DEGREE_DIGITS)
_LONGITUDE = _Quantity("longitude", "-180", "180", DEGREE_DIGITS)
_DISTANCE = _Quantity("distance", "0.1", "20000")
_RADIUS = _Quantity("radius", "0.1", str(MAX_RADIUS))
_DAILY_DISTANCE = _Quantity("max_daily", "20", "1000")
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
DailyDistance = Annotated[float | None, BeforeValidator(_DAILY_DISTANCE), _DAILY_DISTANCE.schema]
Radius = Annotated[float | None, BeforeValidator(_RADIUS), _RADIUS.schema]
ConsumptionNumber = Annotated[float | None, BeforeValidator(_CONSUMPTION), _CONSUMPTION.schema]
PriceNumber = Annotated[float | None, BeforeValidator(_PRICE), _PRICE.schema]
ForecastDays = Annotated[
    int,
    BeforeValidator(parse_forecast_days),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_FORECAST_DAYS}),
]
ForecastPeriod = Annotated[str, WithJsonSchema(FORECAST_PERIOD_SCHEMA)]
PartOfDay = Literal["morning", "noon", "afternoon", "evening", "night"]
WeatherMeasure = Literal[
    "temperature",
    "high",
    "low",
    "freezing",
    "feels_like",
    "rain",
    "snow",
    "sleet",
    "hail",
    "storm",
    "fog",
    "wind",
    "humidity",
    "uv",
    "sun",
    "cloud",
    "sunrise",
    "sunset",
]
"""What a question about the weather asks for. The answer's text states it, with all other figures beside it."""

DistanceUnit = Literal["mi", "km"]
VolumeUnit = Literal["gal", "l"]
FuelType = Literal["regular", "mid", "premium", "diesel"]


class LocatedQuery(BaseModel):
    """The position of the device in degrees, where it is known. `here` as a place means this position."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    latitude: Latitude = Field(default=None, description="Latitude of the device; requires `longitude`.")
    longitude: Longitude = Field(default=None, description="Longitude of the device; requires `latitude`.")

    @property
    def location(self) -> tuple[float, float] | None:
        """Latitude and longitude, or None where one is missing."""
        if self.latitude is None or self.longitude is None:
            return None
        return self.latitude, self.longitude


class WeatherQuery(LocatedQuery):
    """The weather at a place in a period."""

    place: PlaceName = Field(default=HERE, description="A place, or `here` for the position of the device.")
    period: Annotated[str, WithJsonSchema(_ALL_PERIODS_SCHEMA)] = Field(
        default="now", description="`now` is the present and the next 24 hours."
    )
    part_of_day: PartOfDay | None = Field(default=None, description="Of the day; with `now` the next one.")
    measure: WeatherMeasure | None = Field(default=None, description="What the text states. Default: a summary.")


class DaysQuery(LocatedQuery):
    """The weather at a place, day by day."""

    place: PlaceName = Field(default=HERE, description="A place, or `here` for the position of the device.")
    days: ForecastDays = Field(description="Number of days, today included.")


class DistanceQuery(LocatedQuery):
    """The distance by road between two places, and the driving time."""

    origin: PlaceName = Field(default=HERE, description="The start: a place, or `here`.")
    destination: PlaceName = Field(description="The end: a place, or `here`.")
    unit: DistanceUnit | None = Field(default=None, description="Unit of the distance. Default: the traveller's own.")


class FuelQuery(LocatedQuery):
    """Fuel for a distance, or for a route between two places. Defaults come from the rig and from EIA."""

    distance: Distance = Field(default=None, description="The distance in `unit`; not together with places.")
    unit: DistanceUnit | None = Field(default=None, description="Default: the traveller's own.")
    origin: PlaceName | None = Field(default=None, description="The start. Default: `here`.")
    destination: PlaceName | None = Field(default=None, description="The end; not together with `distance`.")
    consumption: ConsumptionNumber = Field(default=None, description="Default: that of the traveller's rig.")
    consumption_unit: Literal["mpg", "l_per_100km"] | None = Field(
        default=None, description="Miles per US gallon, or litres per 100 km. Default: the traveller's own."
    )
    price: PriceNumber = Field(
        default=None, description="In the traveller's currency. Default: EIA's average at the start."
    )
    price_unit: VolumeUnit | None = Field(
        default=None, description="Per US gallon, or per litre. Default: the traveller's own."
    )
    fuel_type: FuelType | None = Field(default=None, description="Default: that of the rig, else regular.")
    volume_unit: VolumeUnit | None = Field(
        default=None, description="Unit of the fuel and its price in the answer. Default: the traveller's own."
    )


class ParksQuery(LocatedQuery):
    """Places to camp within a radius of a place."""

    place: PlaceName = Field(default=HERE, description="A place, or `here` for the position of the device.")
    radius: Radius = Field(default=None, description="As the crow flies, in `unit`. Default: 25 mi or 40 km.")
    unit: DistanceUnit | None = Field(default=None, description="Unit of the radius. Default: the traveller's own.")


class GasPriceQuery(LocatedQuery):
    """The regional average price of a fuel, or that of the whole country."""

    place: PlaceName | None = Field(
        default=None, description="A town or a state, not `here`. Default: the whole country."
    )
    fuel_type: FuelType | None = Field(default=None, description="Default: regular.")
    unit: VolumeUnit | None = Field(default=None, description="Unit of the volume. Default: the traveller's own.")
