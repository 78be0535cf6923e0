"""The dimensions of a vehicle in the user's units, such as `12 ft 6 in` or `3.81 m`."""

from decimal import Decimal

from pam.travel.units import INCH_M, POUND_KG
from pam.users.formatting import format_number
from pam.users.profile import Profile


def format_dimension(metres: Decimal | float, profile: Profile) -> str:
    """Format a height, width or length, to the tenth of an inch or the centimetre."""
    value = Decimal(str(metres))
    if profile.units == "metric":
        return f"{_shortest(value, profile, 2)} m"
    feet, inches = divmod(round(value / INCH_M, 1), 12)
    rest = f" {_shortest(inches, profile, 1)} in" if inches else ""
    return f"{feet:.0f} ft{rest}"


def format_weight(kilograms: Decimal | float, profile: Profile) -> str:
    """Format a weight to the pound or the kilogram."""
    value = Decimal(str(kilograms))
    if profile.units == "metric":
        return f"{format_number(value, profile)} kg"
    return f"{format_number(value / POUND_KG, profile)} lb"


def _shortest(value: Decimal, profile: Profile, places: int) -> str:
    """Format a number with as many decimal places as it has, `places` at most."""
    rounded = round(value, places).normalize()
    return format_number(rounded, profile, max(0, -int(rounded.as_tuple().exponent)))
