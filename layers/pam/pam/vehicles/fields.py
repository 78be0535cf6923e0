"""The fields of a vehicle as travellers state them, and as they are stored."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StrictBool, WithJsonSchema

from pam.platform.validation import optional
from pam.travel.queries import FuelType
from pam.users.profile import Profile
from pam.users.text import TextParser
from pam.users.whole_numbers import WholeNumberParser
from pam.vehicles.measures import (
    AS_TYPED,
    CONSUMPTION,
    HEIGHT,
    LENGTH,
    TANK,
    WEIGHT,
    WIDTH,
    MeasureParser,
    TypedMeasure,
)

MAX_NAME_CHARS = 100

_TEXT = WithJsonSchema({"type": "string"})
_COUNT = WithJsonSchema({"type": "integer"})

parse_vehicle_name = TextParser("name", MAX_NAME_CHARS, required=True)
_parse_make, _parse_model, _parse_towed = (TextParser(name, MAX_NAME_CHARS) for name in ("make", "model", "towed"))


class VehicleKind(StrEnum):
    """The kind of a vehicle."""

    MOTORHOME = "motorhome"
    CAMPERVAN = "campervan"
    TRAILER = "trailer"
    FIFTH_WHEEL = "fifth_wheel"
    TRUCK = "truck"
    CAR = "car"


VehicleName = Annotated[str, BeforeValidator(parse_vehicle_name), _TEXT]

_Height = Annotated[TypedMeasure | None, BeforeValidator(HEIGHT.parse), AS_TYPED, _TEXT]
_Length = Annotated[TypedMeasure | None, BeforeValidator(LENGTH.parse), AS_TYPED, _TEXT]
_Width = Annotated[TypedMeasure | None, BeforeValidator(WIDTH.parse), AS_TYPED, _TEXT]
_Weight = Annotated[TypedMeasure | None, BeforeValidator(WEIGHT.parse), AS_TYPED, _TEXT]
_Tank = Annotated[TypedMeasure | None, BeforeValidator(TANK.parse), AS_TYPED, _TEXT]
_Consumption = Annotated[TypedMeasure | None, BeforeValidator(CONSUMPTION.parse), AS_TYPED, _TEXT]


class VehicleDetails(BaseModel):
    """What a traveller states of a vehicle; None for what isn't stated. Measures are text with a unit, or numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    make: Annotated[str | None, optional(_parse_make), _TEXT] = None
    model: Annotated[str | None, optional(_parse_model), _TEXT] = None
    year: Annotated[int | None, optional(WholeNumberParser("year", 1950, 2100)), _COUNT] = None
    fuel: FuelType | None = None
    consumption: _Consumption = None
    tank: _Tank = None
    height: _Height = None
    length: _Length = None
    width: _Width = None
    weight: _Weight = None
    axles: Annotated[int | None, optional(WholeNumberParser("axles", 1, 12)), _COUNT] = None
    propane: StrictBool | None = None
    towed: Annotated[str | None, optional(_parse_towed), _TEXT] = None


class VehicleFields(VehicleDetails):
    """What a traveller states of a vehicle, with its name and kind."""

    name: Annotated[str | None, optional(parse_vehicle_name), _TEXT] = None
    kind: VehicleKind | None = None

    def columns(self, profile: Profile) -> dict[str, Any]:
        """Return the stated fields as columns of the table, in metric units.

        Raises `PamError`: `invalid_quantity` for what is out of range, `ambiguous_unit`.
        """
        stated = {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}
        return {_COLUMNS.get(name, name): _stored(name, value, profile) for name, value in stated.items()}


# A measure with its column, and the decimal places that are stored of it.
_MEASURES: dict[str, tuple[MeasureParser, str, int]] = {
    "consumption": (CONSUMPTION, "consumption_l_per_100km", 5),
    "tank": (TANK, "tank_l", 3),
    "height": (HEIGHT, "height_m", 4),
    "length": (LENGTH, "length_m", 4),
    "width": (WIDTH, "width_m", 4),
    "weight": (WEIGHT, "weight_kg", 3),
}
_COLUMNS = {"year": "model_year", "fuel": "fuel_type", "propane": "carries_propane"} | {
    name: column for name, (_, column, _) in _MEASURES.items()
}


def _stored(name: str, value: Any, profile: Profile) -> Any:
    if name not in _MEASURES:
        return value.value if isinstance(value, VehicleKind) else value
    measure, _, places = _MEASURES[name]
    return round(measure.read(value, profile).value, places)
