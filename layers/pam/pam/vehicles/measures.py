"""Measures as travellers write them, such as `12 ft 6 in`, `13,000 lb`, `3.8 m` or `10 mpg`, read into metric ones.

A number without a unit is in the traveller's own. A library of units isn't used: it doesn't know the traveller's locale
and country, which decide on separators and gallons.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel.numbers import NumberFormatError, parse_decimal
from pydantic import PlainSerializer

from pam.platform.errors import AMBIGUOUS_UNIT, INVALID_QUANTITY, ErrorChoice, PamError
from pam.travel.units import INCH_M, MILE_KM, POUND_KG, US_GALLON_L
from pam.users.profile import Profile

MAX_MEASURE_CHARS = 40

_QUOTES = str.maketrans({"’": "'", "‘": "'", "′": "'", "”": '"', "“": '"', "″": '"'})
_NUMBER = r"(?:[0-9]{1,3}(?: [0-9]{3})+|[0-9]{1,12})(?:[.,][0-9]{1,12})*"
_PART = re.compile(rf"({_NUMBER})([^0-9]*)")
_SHAPE = re.compile(rf"(?:{_NUMBER}[^0-9]*){{1,2}}")
_DECIMAL = re.compile(r"[0-9]+(?:[.,](?:[0-9]{1,2}|[0-9]{4,}))?|0[.,][0-9]+")
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:(?:\.[0-9]{3})+|(?:,[0-9]{3})+)")
_PER_100_KM = re.compile(r"(?:l|lit(?:er|re)s?) ?(?:/|per) ?100 ?(?:km|kilomet(?:er|re)s)")

_UK_GALLON = Decimal("4.54609")

_LENGTHS = {"m": Decimal(1), "cm": Decimal("0.01"), "mm": Decimal("0.001"), "ft": 12 * INCH_M, "in": INCH_M}
_WEIGHTS = {"kg": Decimal(1), "t": Decimal(1000), "lb": POUND_KG}
_VOLUMES = {"l": Decimal(1), "us gal": US_GALLON_L, "uk gal": _UK_GALLON}
_DISTANCES = {"km": Decimal(1), "mi": MILE_KM}
# Litres for 100 km at one of each; all but the first are distances per volume.
_CONSUMPTIONS = {
    "lphkm": Decimal(1),
    "km/l": Decimal(100),
    "us mpg": 100 * US_GALLON_L / MILE_KM,
    "uk mpg": 100 * _UK_GALLON / MILE_KM,
}
_DISTANCES_PER_VOLUME = ("km/l", "us mpg", "uk mpg")

_SPELLINGS = {
    "'": "ft", "foot": "ft", "feet": "ft", '"': "in", "''": "in", "inch": "in", "inches": "in",
    "meter": "m", "metre": "m", "meters": "m", "metres": "m",
    "lbs": "lb", "pound": "lb", "pounds": "lb", "kilogram": "kg", "kilograms": "kg", "kilos": "kg",
    "tonne": "t", "tonnes": "t", "metric tons": "t",
    "liter": "l", "litre": "l", "liters": "l", "litres": "l",
    "mile": "mi", "miles": "mi", "kilometer": "km", "kilometre": "km", "kilometers": "km", "kilometres": "km",
    "km per l": "km/l",
}  # fmt: skip
_GALLONS = re.compile(
    r"(?:(?P<before>us|u s|uk|u k|imperial|imp) )?(?P<unit>mpg|miles per gallon|gal|gallons?)"
    r"(?: (?P<after>us|u s|uk|u k|imperial|imp))?"
)


@dataclass(frozen=True)
class TypedMeasure:
    """A measure as it was written; a bare number has no `text`.

    `numbers` are those in it, as they are read in most locales: the policy of tools compares them with what the user
    wrote.
    """

    text: str
    numbers: tuple[Decimal, ...]

    def __str__(self) -> str:
        return self.text or f"{self.numbers[0]:f}"


AS_TYPED = PlainSerializer(str, when_used="json-unless-none")
"""Writes what was typed as text where an argument is shown or sent as JSON."""


@dataclass(frozen=True)
class ReadMeasure:
    """A measure in its metric unit, `value`, and the value of one step of its last digit as it was written."""

    value: Decimal
    step: Decimal = Decimal(0)


class MeasureParser:
    """A kind of measure: its units, those of a number without one, and its metric limits."""

    def __init__(
        self,
        name: str,
        units: dict[str, Decimal],
        own: tuple[str, str],
        bounds: tuple[str, str, str],
        example: str,
        *,
        is_in_thousands: bool = False,
    ) -> None:
        """`own` are the imperial and the metric unit of a bare number, `bounds` the metric limits and their unit.

        `is_in_thousands` is for what nobody writes with three decimal places: a separator before three digits is of
        thousands, in any locale.
        """
        self.name = name
        self._is_in_thousands = is_in_thousands
        self._units = units
        self._own = own
        self._minimum, self._maximum, self._unit = Decimal(bounds[0]), Decimal(bounds[1]), bounds[2]
        self._example = example

    def parse(self, value: Any) -> TypedMeasure | None:
        """Return what can be read in some locale; None for None. Raises `PamError` (`invalid_quantity`)."""
        if value is None or isinstance(value, TypedMeasure):
            return value
        if isinstance(value, Decimal | int) and not isinstance(value, bool):
            number = Decimal(value)
            if not number.is_finite() or not 0 <= number < 10**9 or abs(int(number.as_tuple().exponent)) > 12:
                raise self._out_of_range()
            return TypedMeasure("", (number,))
        if not isinstance(value, str) or len(value) > MAX_MEASURE_CHARS:
            raise self._unreadable()
        text = _normalize(value)
        if not _SHAPE.fullmatch(text):
            raise self._unreadable()
        for _, unit in _parts(text):
            if unit and unit not in self._units and f"us {unit}" not in self._units:
                raise self._unreadable()
        return TypedMeasure(text, tuple(_likely_number(number) for number, _ in _parts(text)))

    def read(self, typed: TypedMeasure, profile: Profile) -> ReadMeasure:
        """Return a parsed measure in its metric unit. Raises `PamError` (`invalid_quantity`, `ambiguous_unit`)."""
        parts = self._numbers(typed.text, profile) if typed.text else [(typed.numbers[0], "")]
        number, unit = parts[0]
        if len(parts) == 1:
            read = self._convert(number, unit or self._own[profile.units == "metric"], profile)
        elif unit == "ft" and parts[1][1] in ("in", "") and parts[1][0] < 12:
            read = ReadMeasure((12 * number + parts[1][0]) * INCH_M)
        else:
            raise self._unreadable()
        if not self._minimum <= read.value <= self._maximum:
            raise self._out_of_range()
        return read

    def _numbers(self, text: str, profile: Profile) -> list[tuple[Decimal, str]]:
        return [(self._number(number, unit, profile), unit) for number, unit in _parts(text)]

    def _number(self, text: str, unit: str, profile: Profile) -> Decimal:
        """Return a number; one separator before three digits is read as the locale has it.

        No vehicle has a thousand tonnes: there it is a decimal separator.
        """
        compact = text.replace(" ", "")
        if self._is_in_thousands and unit != "t" and _THOUSANDS.fullmatch(compact):
            return Decimal(re.sub(r"[.,]", "", compact))
        if _DECIMAL.fullmatch(compact):
            return Decimal(compact.replace(",", "."))
        try:
            return parse_decimal(compact, locale=profile.locale, strict=True)
        except NumberFormatError:
            raise self._unreadable() from None

    def _convert(self, number: Decimal, unit: str, profile: Profile) -> ReadMeasure:
        if unit not in self._units:  # a gallon, of which there are two
            unit = f"{self._gallon(number, unit, profile)} {unit}"
        factor = self._units[unit]
        if unit in _DISTANCES_PER_VOLUME:
            if number <= 0:
                raise self._out_of_range()
            return ReadMeasure(factor / number)
        return ReadMeasure(number * factor, factor.scaleb(min(0, int(number.as_tuple().exponent))))

    def _gallon(self, number: Decimal, unit: str, profile: Profile) -> str:
        """Return whose gallons a traveller means. Raises `PamError` (`ambiguous_unit`) outside of the United States.

        A British traveller may mean either: PAM's own answers have US gallons and say so.
        """
        if profile.locale.endswith("_US"):
            return "us"
        texts = [f"{number:f} {unit} {which}" for which in ("US", "UK")]
        raise PamError(
            AMBIGUOUS_UNIT,
            f"A UK gallon is a fifth larger than a US one. Is it {texts[0]} or {texts[1]}?",
            field=self.name,
            choices=[ErrorChoice(text, text) for text in texts],
        )

    def _unreadable(self) -> PamError:
        return PamError(
            INVALID_QUANTITY, f"PAM can't read that {self.name}. Write it such as {self._example}.", field=self.name
        )

    def _out_of_range(self) -> PamError:
        bounds = f"from {self._minimum:f} to {self._maximum:,f} {self._unit}"
        return PamError(
            INVALID_QUANTITY, f"The {self.name} must be {bounds}, written such as {self._example}.", field=self.name
        )


def _normalize(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.translate(_QUOTES)).translate(_QUOTES).casefold()
    return _PER_100_KM.sub("lphkm", " ".join(text.split()))


def _parts(text: str) -> list[tuple[str, str]]:
    return [(number, _unit(unit)) for number, unit in _PART.findall(text)]


def _likely_number(text: str) -> Decimal:
    compact = text.replace(" ", "")
    if _THOUSANDS.fullmatch(compact):
        return Decimal(re.sub(r"[.,]", "", compact))
    whole, _, fraction = compact.replace(",", ".").rpartition(".")
    return Decimal(f"{whole.replace('.', '')}.{fraction}" if whole else fraction)


def _unit(written: str) -> str:
    """Return the name of a unit, such as `ft`, `us gal`, or `gal` without a country; any other text unchanged."""
    text = " ".join(re.sub(r"[().,]", " ", written).split())
    if found := _GALLONS.fullmatch(text):
        unit = "mpg" if found["unit"].startswith("m") else "gal"
        country = found["before"] or found["after"]
        return unit if country is None else f"{'us' if country in ('us', 'u s') else 'uk'} {unit}"
    return _SPELLINGS.get(text, text)


HEIGHT = MeasureParser("height", _LENGTHS, ("ft", "m"), ("1", "6", "m"), "12 ft 6 in or 3.8 m")
LENGTH = MeasureParser("length", _LENGTHS, ("ft", "m"), ("2", "30", "m"), "32 ft or 9.8 m")
WIDTH = MeasureParser("width", _LENGTHS, ("ft", "m"), ("1", "4", "m"), "8 ft 6 in or 2.55 m")
WEIGHT = MeasureParser(
    "weight", _WEIGHTS, ("lb", "kg"), ("200", "60000", "kg"), "13,000 lb or 5,900 kg", is_in_thousands=True
)
TANK = MeasureParser("tank", _VOLUMES, ("gal", "l"), ("1", "2000", "l"), "55 gal or 90 l")
CONSUMPTION = MeasureParser(
    "consumption", _CONSUMPTIONS, ("mpg", "lphkm"), ("1", "100", "l/100 km"), "10 mpg US, 12 mpg UK or 24 l/100 km"
)
FUEL_VOLUME = MeasureParser("volume", _VOLUMES, ("gal", "l"), ("0.1", "2000", "l"), "32.5 gal or 123 l")
ODOMETER = MeasureParser(
    "odometer", _DISTANCES, ("mi", "km"), ("0", "5000000", "km"), "45,210 mi or 72,700 km", is_in_thousands=True
)
INTERVAL = MeasureParser(
    "interval", _DISTANCES, ("mi", "km"), ("1", "500000", "km"), "5,000 mi or 8,000 km", is_in_thousands=True
)
