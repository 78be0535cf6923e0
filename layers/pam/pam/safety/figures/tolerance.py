"""The values that a figure as written can stand for: an interval around it."""

from pam.safety.figures.figure import FigureKind, Hedge, Reading
from pam.safety.figures.notation import count_trailing_zeros

_MAX_ABOUT = 0.06
"""How far “about” reaches, as a fraction of the value."""

_MAX_BEYOND = 0.1
"""How far “over” and “under” reach."""

_STEPS = (1, 2.5, 5)
_MIN_DIGITS = 2
_UNIT_ERROR = 0.001
"""Relative: a value that was rounded in one unit and then converted to another."""

_SLACK = 1e-6
_EXACT = frozenset({FigureKind.MONEY, FigureKind.PERCENT, FigureKind.COUNT, FigureKind.DECIMAL})
"""Kinds without units that are converted."""


def interval(reading: Reading, hedge: Hedge, *, is_rounded_to_minutes: bool = False) -> tuple[float, float]:
    """Return the smallest and the largest value, in the reading's unit, that are written like this.

    A number stands for what rounds to it: to its last digit, or, where it ends with zeros, to two significant digits
    at the coarsest (`$1,200` for 1,150 to 1,250). After “about” it may be rounded to a multiple of 5, 25 and so on,
    within 6 %; “over” and “under” reach one step of that rounding, within 10 %.
    """
    measure, value, half = reading
    size = abs(value)
    if half == 1:
        half = _place(reading)
    half /= 2
    if is_rounded_to_minutes:
        half = max(half, 3 / 60)  # PAM writes long durations to five minutes
    half += size * (_SLACK if measure.kind in _EXACT else _UNIT_ERROR) + 1e-9
    if hedge is Hedge.NONE:
        return value - half, value + half
    if hedge is Hedge.ABOUT:
        half = max(half, min(_coarsest_step(reading) / 2, size * _MAX_ABOUT))
        return value - half, value + half
    reach = max(half, min(_coarsest_step(reading), size * _MAX_BEYOND))
    return (value - half, value + reach) if hedge is Hedge.OVER else (value - reach, value + half)


def _place(reading: Reading) -> float:
    """Return the place value that an integer is rounded to, as far as its zeros and two significant digits allow."""
    value = reading.value
    if value % 10 or -100 < value < 100:
        return 1.0
    digits = len(str(int(abs(value))))
    return 10.0 ** min(count_trailing_zeros(value), digits - _MIN_DIGITS)


def _coarsest_step(reading: Reading) -> float:
    """Return the largest of 1, 2.5 and 5 times a power of ten that the value is a multiple of."""
    if reading.quantum < 1:
        return reading.quantum * (5 if round(reading.value / reading.quantum) % 5 == 0 else 1)
    value, largest, power = abs(int(reading.value)), 1.0, 1.0
    while value and power <= value:
        for step in _STEPS:
            if value % (step * power) == 0:
                largest = max(largest, step * power)
        power *= 10
    return largest
