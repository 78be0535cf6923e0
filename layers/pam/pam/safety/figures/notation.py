"""Numbers as they are written in any locale: `1,204.50`, `1.204,50`, `1 204,50` and `1'204.50`.

The locale doesn't decide between them: Claude writes in the traveller's language, whatever their locale is. Where a
number can be read in two ways, such as `1.204`, both are returned.
"""

import re

GROUP_SPACES = "\u00a0\u2007\u2009\u202f"
"""Spaces that separate groups of digits, beside the ordinary one."""

_GROUPED = re.compile(r"\d{1,3}([.,'’\u00a0\u2007\u2009\u202f ])\d{3}(?:\1\d{3})*")
_DECIMAL = re.compile(r"(\d+|\d{1,3}(?:([.,'’\u00a0\u2007\u2009\u202f ])\d{3})(?:\2\d{3})*)([.,])(\d+)")

Number = tuple[float, float]
"""A value, and the place value of its last digit."""


def read_number(text: str) -> tuple[Number, ...]:
    """Return the values that a number can have, the likelier one first; none if it isn't a number."""
    if text.isdecimal():
        return ((float(text), 1.0),)
    # The usual cases first: a single dot that isn't before three digits, and one comma that is.
    whole, dot, fraction = text.rpartition(".")
    if dot and fraction.isdecimal():
        if len(fraction) != 3 and whole.isdecimal():
            return ((float(text), 10.0 ** -len(fraction)),)
        thousands, comma, hundreds = whole.partition(",")
        if comma and _is_grouped(thousands, hundreds):
            return ((float(f"{thousands}{hundreds}.{fraction}"), 10.0 ** -len(fraction)),)
    elif not dot:
        thousands, comma, hundreds = text.partition(",")
        if comma and _is_grouped(thousands, hundreds):
            return ((float(thousands + hundreds), 1.0), (float(f"{thousands}.{hundreds}"), 10.0**-3))
    numbers: list[Number] = []
    if found := _GROUPED.fullmatch(text):
        numbers.append((float(text.replace(found[1], "")), 1.0))
    found = _DECIMAL.fullmatch(text)
    if found and found[2] != found[3]:
        whole, fraction = found[1].replace(found[2] or " ", ""), found[4]
        numbers.append((float(f"{whole}.{fraction}"), 10.0 ** -len(fraction)))
    # A comma before three digits separates thousands far more often than decimals do.
    return tuple(numbers)


def _is_grouped(thousands: str, hundreds: str) -> bool:
    return len(hundreds) == 3 and len(thousands) <= 3 and hundreds.isdecimal() and thousands.isdecimal()


def count_trailing_zeros(value: float) -> int:
    """Return how many zeros an integer ends with; 0 for 0."""
    whole, zeros = int(value), 0
    while whole and whole % 10 == 0:
        whole //= 10
        zeros += 1
    return zeros
