"""Distances and bounding boxes on the sphere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.travel.geography import EARTH_RADIUS_M, box_around, great_circle_m


def test_distance_matches_known_distances() -> None:
    """Denver to Moab, the equator to the pole, and a pair of points across the date line."""
    assert great_circle_m(39.7392, -104.9847, 38.5733, -109.5498) == pytest.approx(414_000, rel=0.01)
    assert great_circle_m(0, 0, 90, 0) == pytest.approx(EARTH_RADIUS_M * 3.14159265 / 2, rel=1e-6)
    assert great_circle_m(0, 179.9, 0, -179.9) == pytest.approx(22_239, rel=0.01)


@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(1, 1_000_000))
def test_box_contains_its_circle(latitude: float, longitude: float, radius_m: float) -> None:
    """It lies on the map everywhere, and each edge is at least the radius away, unless the map ends."""
    west, south, east, north = box_around(latitude, longitude, radius_m)
    assert -180 <= west <= longitude <= east <= 180
    assert -90 <= south <= latitude <= north <= 90
    if north < 90:
        assert great_circle_m(latitude, longitude, north, longitude) >= radius_m * 0.999
    if east < 180 and abs(latitude) < 85:
        assert great_circle_m(latitude, longitude, latitude, east) >= radius_m * 0.999
