"""The areas of EIA's survey of fuel prices."""

from typing import Any

import pytest

from pam.travel.fuel_prices import UNITED_STATES, price_area

STATES = """
AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI
SC SD TN TX UT VT VA WA WV WI WY
"""


@pytest.mark.parametrize(
    ("country", "state", "fuel", "code"),
    [
        ("US", "UT", "regular", "R40"),
        ("US", "CO", "regular", "SCO"),
        ("US", "CO", "diesel", "R40"),
        ("US", "CA", "diesel", "SCA"),
        ("US", "ME", "premium", "R1X"),
        ("US", "WA", "mid", "SWA"),
        ("US", "WA", "diesel", "R5XCA"),
        ("US", None, "regular", "NUS"),
        ("US", "PR", "regular", None),
        ("AU", "NSW", "regular", None),
        ("CA", "AB", "diesel", None),
        (None, None, "regular", None),
    ],
)
def test_state_has_the_smallest_surveyed_area(country: Any, state: Any, fuel: Any, code: str | None) -> None:
    """Nine states have their own area for gasoline, one for diesel; other countries have none."""
    area = price_area(country, state, fuel)
    assert (area.code if area else None) == code


def test_every_state_has_an_area() -> None:
    """All 50 and D.C. have one for each fuel, and it isn't the whole country."""
    for state in STATES.split():
        for fuel in ("regular", "mid", "premium", "diesel"):
            assert price_area("US", state, fuel) not in {None, UNITED_STATES}
