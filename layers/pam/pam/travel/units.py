"""Units of measure: SI in the code, the user's own in answers, converted here."""

from decimal import Decimal
from enum import StrEnum

MILE_KM = Decimal("1.609344")
INCH_M = Decimal("0.0254")
POUND_KG = Decimal("0.45359237")
US_GALLON_L = Decimal("3.785411784")

METRES_PER_MILE = float(1000 * MILE_KM)
LITRES_PER_GALLON = float(US_GALLON_L)
"""In a US gallon."""

_MPS_PER_MPH = float(MILE_KM / Decimal("3.6"))
_CM_PER_INCH = float(100 * INCH_M)
_MPS_PER_KMH = 1 / 3.6


class Units(StrEnum):
    """A system of units: miles, gallons and °F, or kilometres, litres and °C."""

    IMPERIAL = "imperial"
    METRIC = "metric"

    @property
    def distance_unit(self) -> str:
        """`mi` or `km`."""
        return "mi" if self is Units.IMPERIAL else "km"

    @property
    def volume_unit(self) -> str:
        """`gal` or `l`."""
        return "gal" if self is Units.IMPERIAL else "l"

    @property
    def speed_unit(self) -> str:
        """`mph` or `km/h`."""
        return "mph" if self is Units.IMPERIAL else "km/h"

    @property
    def temperature_unit(self) -> str:
        """`°F` or `°C`."""
        return "°F" if self is Units.IMPERIAL else "°C"

    @property
    def consumption_unit(self) -> str:
        """`mpg` or `l_per_100km`."""
        return "mpg" if self is Units.IMPERIAL else "l_per_100km"

    def distance(self, metres: float) -> float:
        """Convert metres."""
        return metres / metres_per(self.distance_unit)

    def volume(self, litres: float) -> float:
        """Convert litres."""
        return litres / litres_per(self.volume_unit)

    def speed(self, metres_per_second: float) -> float:
        """Convert metres per second."""
        return metres_per_second / (_MPS_PER_MPH if self is Units.IMPERIAL else _MPS_PER_KMH)

    def temperature(self, celsius: float) -> float:
        """Convert degrees Celsius."""
        return celsius * 9 / 5 + 32 if self is Units.IMPERIAL else celsius

    @property
    def snow_unit(self) -> str:
        """`in` or `cm`."""
        return "in" if self is Units.IMPERIAL else "cm"

    @property
    def rain_unit(self) -> str:
        """`in` or `mm`."""
        return "in" if self is Units.IMPERIAL else "mm"

    def snow(self, centimetres: float) -> float:
        """Convert centimetres of snow."""
        return centimetres / _CM_PER_INCH if self is Units.IMPERIAL else centimetres

    def rain(self, millimetres: float) -> float:
        """Convert millimetres of rain."""
        return millimetres / 10 / _CM_PER_INCH if self is Units.IMPERIAL else millimetres

    def consumption(self, litres_per_100km: float) -> float:
        """Convert litres per 100 km."""
        return consumption_in(self.consumption_unit, litres_per_100km)


def metres_per(unit: str) -> float:
    """Return the metres in one `mi` or `km`. Raises `KeyError` for any other unit."""
    return {"mi": METRES_PER_MILE, "km": 1000.0}[unit]


def litres_per(unit: str) -> float:
    """Return the litres in one `gal` (US) or `l`. Raises `KeyError` for any other unit."""
    return {"gal": LITRES_PER_GALLON, "l": 1.0}[unit]


def litres_per_100km(consumption: float, unit: str) -> float:
    """Convert a consumption in `mpg` (US) or `l_per_100km` to litres per 100 km. Raises `KeyError` for other units."""
    return {"mpg": mpg_of(consumption), "l_per_100km": consumption}[unit]


def consumption_in(unit: str, litres_for_100km: float) -> float:
    """Convert litres per 100 km to `mpg` (US) or `l_per_100km`. Raises `KeyError` for any other unit."""
    return {"mpg": mpg_of(litres_for_100km), "l_per_100km": litres_for_100km}[unit]


def mpg_of(litres_for_100km: float) -> float:
    """Convert litres per 100 km to miles per US gallon, or back: the formula is its own inverse."""
    return 100 * LITRES_PER_GALLON / (METRES_PER_MILE / 1000) / litres_for_100km
