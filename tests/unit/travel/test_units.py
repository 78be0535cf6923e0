"""Conversions between SI units and those of users."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.travel.units import Units, litres_per, litres_per_100km, metres_per, mpg_of

sizes = st.floats(0.01, 1e6)


@pytest.mark.parametrize(
    ("value", "unit", "litres"),
    [(10, "mpg", 23.521), (8, "mpg", 29.402), (22, "l_per_100km", 22.0), (23.5214583, "mpg", 10.0)],
)
def test_consumption_is_converted_from_both_units(value: float, unit: str, litres: float) -> None:
    """US miles per gallon and litres per 100 km differ by the known factor 235.215."""
    assert litres_per_100km(value, unit) == pytest.approx(litres, rel=1e-4)


@given(sizes)
def test_mpg_conversion_is_its_own_inverse(value: float) -> None:
    """Converting twice returns the value."""
    assert mpg_of(mpg_of(value)) == pytest.approx(value)


def test_known_sizes_are_converted() -> None:
    """A mile, a gallon, a storm and a freezing night."""
    american, metric = Units.IMPERIAL, Units.METRIC
    assert american.distance(1609.344) == pytest.approx(1) and metric.distance(1000) == 1
    assert american.volume(3.785411784) == pytest.approx(1) and metric.volume(1) == 1
    assert american.speed(20.5) == pytest.approx(45.86, abs=0.01) and metric.speed(10) == pytest.approx(36)
    assert american.temperature(0) == 32 and american.temperature(100) == 212 and metric.temperature(-3) == -3
    assert [unit.consumption_unit for unit in Units] == ["mpg", "l_per_100km"]


@pytest.mark.parametrize("convert", [metres_per, litres_per, lambda unit: litres_per_100km(1, unit)])
def test_unknown_unit_is_an_error(convert: object) -> None:
    """Nautical miles and imperial gallons have no conversion."""
    with pytest.raises(KeyError):
        convert("nm")  # type: ignore[operator]
