"""Figures in a text: what each measures, and the values that it can have.

Values are floats: they are compared within a tolerance, and never stored or shown.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, cached_property
from typing import NamedTuple

from pam.travel.units import LITRES_PER_GALLON, METRES_PER_MILE, POUND_KG, Units, mpg_of


class FigureKind(StrEnum):
    """What a figure measures."""

    MONEY = "money"
    DISTANCE = "distance"
    VOLUME = "volume"
    MASS = "mass"
    SPEED = "speed"
    TEMPERATURE = "temperature"
    CONSUMPTION = "consumption"
    PERCENT = "percent"
    DATE = "date"
    MONTH = "month"
    TIME = "time"
    DURATION = "duration"
    DAYS = "days"
    COUNT = "count"
    DECIMAL = "decimal"
    """A number with two decimal places and no unit, as in a table of amounts."""
    RATE = "rate"
    BARE = "bare"
    """A number without a unit."""


class Hedge(StrEnum):
    """How a figure is announced: exactly, as about, as more than or as less than its value."""

    NONE = "none"
    ABOUT = "about"
    OVER = "over"
    UNDER = "under"


@dataclass(frozen=True)
class Measure:
    """A unit: its kind, and how a value in it becomes one in the kind's base unit.

    Base units are m, l, kg, m/s, °C, l/100 km, per cent, s, days; of money the currency, which `name` has, or the
    currency for a litre or a gallon.
    """

    kind: FigureKind
    name: str = ""
    scale: float = 1.0
    zero: float = 0.0
    """What is 0 in the base unit, in this one."""
    is_inverse: bool = False

    @cached_property
    def key(self) -> tuple[FigureKind, str]:
        """What values of this unit can be compared with."""
        return self.kind, self.name if self.kind is FigureKind.MONEY else ""

    def to_base(self, value: float) -> float:
        """Convert a value to the base unit."""
        if self.is_inverse:
            return mpg_of(value) if value else float("inf")
        return (value - self.zero) * self.scale


@cache
def money(currency: str, per: str = "") -> Measure:
    """Return the unit of amounts in a currency, or of prices `per` `gal` or `l`."""
    return Measure(FigureKind.MONEY, f"{currency}/{per}" if per else currency)


MILES = Measure(FigureKind.DISTANCE, "mi", METRES_PER_MILE)
KILOMETRES = Measure(FigureKind.DISTANCE, "km", 1000)
METRES = Measure(FigureKind.DISTANCE, "m")
FEET = Measure(FigureKind.DISTANCE, "ft", METRES_PER_MILE / 5280)
INCHES = Measure(FigureKind.DISTANCE, "in", METRES_PER_MILE / 5280 / 12)
YARDS = Measure(FigureKind.DISTANCE, "yd", METRES_PER_MILE / 1760)
CENTIMETRES = Measure(FigureKind.DISTANCE, "cm", 0.01)
MILLIMETRES = Measure(FigureKind.DISTANCE, "mm", 0.001)
GALLONS = Measure(FigureKind.VOLUME, "gal", LITRES_PER_GALLON)
LITRES = Measure(FigureKind.VOLUME, "l")
KILOGRAMS = Measure(FigureKind.MASS, "kg")
POUNDS = Measure(FigureKind.MASS, "lb", float(POUND_KG))
TONNES = Measure(FigureKind.MASS, "t", 1000)
SHORT_TONS = Measure(FigureKind.MASS, "ton", float(2000 * POUND_KG))
MPH = Measure(FigureKind.SPEED, "mph", 1 / Units.IMPERIAL.speed(1))
KMH = Measure(FigureKind.SPEED, "km/h", 1 / Units.METRIC.speed(1))
METRES_PER_SECOND = Measure(FigureKind.SPEED, "m/s")
FAHRENHEIT = Measure(FigureKind.TEMPERATURE, "°F", 5 / 9, zero=Units.IMPERIAL.temperature(0))
CELSIUS = Measure(FigureKind.TEMPERATURE, "°C")
MPG = Measure(FigureKind.CONSUMPTION, "mpg", is_inverse=True)
LITRES_PER_100KM = Measure(FigureKind.CONSUMPTION, "l_per_100km")
PERCENT = Measure(FigureKind.PERCENT, "%")
SECONDS = Measure(FigureKind.DURATION, "s")
MINUTES = Measure(FigureKind.DURATION, "min", 60)
HOURS = Measure(FigureKind.DURATION, "h", 3600)
DAYS = Measure(FigureKind.DAYS, "d")
WEEKS = Measure(FigureKind.DAYS, "w", 7)
COUNT = Measure(FigureKind.COUNT)
DECIMAL = Measure(FigureKind.DECIMAL)
BARE = Measure(FigureKind.BARE)
DATE = Measure(FigureKind.DATE)
MONTH = Measure(FigureKind.MONTH)
TIME = Measure(FigureKind.TIME)
RATE = Measure(FigureKind.RATE)


class Conventions(NamedTuple):
    """How a user's texts are read: by their locale and currency, and as of their date."""

    locale: str
    currency: str
    today: date


class Reading(NamedTuple):
    """A value that a figure can have, in its unit; `quantum` is the place value of its last digit as written."""

    measure: Measure
    value: float
    quantum: float

    @property
    def base(self) -> float:
        """The value as it is compared, in the base unit."""
        return unsigned(self.measure.kind, self.measure.to_base(self.value))


class Figure(NamedTuple):
    """A figure in a text, at `text[start:end]`, with everything that it can mean."""

    start: int
    end: int
    readings: tuple[Reading, ...]
    hedge: Hedge = Hedge.NONE
    per: str = ""
    """The unit of a price, or the period of a rate: `gal`, `l`, `mi`, `km`, `day`, `week`, `month`, `year`."""
    weekday: int | None = None
    """Of a date: the day of the week that is written with it, Monday is 0."""

    @property
    def kind(self) -> FigureKind:
        """What it measures, in its first reading."""
        return self.readings[0].measure.kind


def unsigned(kind: FigureKind, value: float) -> float:
    """Return a value as it is compared: “$143.70 over” is a difference of -143.70, but -3 °C isn't 3 °C."""
    return value if kind is FigureKind.TEMPERATURE else abs(value)
