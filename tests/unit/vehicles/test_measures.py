"""Measures as travellers write them, in their units and their locale."""

import uuid
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.platform.errors import PamError
from pam.travel.dimensions import format_dimension, format_weight
from pam.users.profile import Profile, default_profile
from pam.vehicles.measures import (
    CONSUMPTION,
    FUEL_VOLUME,
    HEIGHT,
    INTERVAL,
    LENGTH,
    ODOMETER,
    TANK,
    WEIGHT,
    MeasureParser,
)

AMERICAN = default_profile(uuid.uuid4())
GERMAN = replace(AMERICAN, locale="de_DE", units="metric", currency="EUR")
BRITISH = replace(AMERICAN, locale="en_GB", currency="GBP")
CANADIAN = replace(AMERICAN, locale="en_CA", units="metric", currency="CAD")


def read(measure: MeasureParser, value: Any, profile: Profile = AMERICAN) -> Decimal:
    parsed = measure.parse(value)
    assert parsed is not None
    return measure.read(parsed, profile).value


@pytest.mark.parametrize(
    "written",
    [
        "12 ft 6 in", "12ft 6in", "12' 6\"", "12′6″", "12’6”", "12'6", "12 feet 6 inches", "12.5 ft", "150 in",
        "12 Ft. 6 In.", Decimal("12.5"), "12.5", "3.81 m", "381 cm", "3810 mm", "3,81 m", "１２ ft 6 in",
    ],
)  # fmt: skip
def test_notations_of_a_height_are_the_same(written: Any) -> None:
    """A bare number is in the user's own unit, here feet."""
    assert read(HEIGHT, written) == Decimal("3.81")


@pytest.mark.parametrize(
    ("measure", "written", "profile", "value"),
    [
        (WEIGHT, "13,000 lb", AMERICAN, "5896.70081"),
        (WEIGHT, "13000 lbs", AMERICAN, "5896.70081"),
        (WEIGHT, "13 000 lb", AMERICAN, "5896.70081"),
        (WEIGHT, Decimal(13000), AMERICAN, "5896.70081"),
        (WEIGHT, "5.9 t", AMERICAN, "5900"),
        (WEIGHT, "5.900 kg", GERMAN, "5900"),
        (WEIGHT, "5900", GERMAN, "5900"),
        (HEIGHT, "3,8", GERMAN, "3.8"),
        (HEIGHT, "3.8 m", GERMAN, "3.8"),
        (HEIGHT, "12 ft 6 in", GERMAN, "3.81"),
        (LENGTH, "32 ft", AMERICAN, "9.7536"),
        (TANK, "55 gal", AMERICAN, "208.19764812"),
        (TANK, "55 UK gal", BRITISH, "250.03495"),
        (TANK, "55 gallons (UK)", AMERICAN, "250.03495"),
        (TANK, "90", CANADIAN, "90"),
        (TANK, "24 US gallons", CANADIAN, "90.849882816"),
        (CONSUMPTION, "26 l/100 km", AMERICAN, "26"),
        (CONSUMPTION, "26 litres per 100 km", AMERICAN, "26"),
        (CONSUMPTION, "11,5", GERMAN, "11.5"),
        (CONSUMPTION, "10 km/l", AMERICAN, "10"),
        (ODOMETER, "45,210 mi", AMERICAN, "72758.44224"),
        (ODOMETER, "45.210 km", GERMAN, "45210"),
        (INTERVAL, "5,000 miles", GERMAN, "8046.72"),
        (ODOMETER, "45.210", AMERICAN, "72758.44224"),
        (ODOMETER, "1,045,210.5 km", AMERICAN, "1045210.5"),
        (FUEL_VOLUME, "123,018 l", GERMAN, "123.018"),
        (FUEL_VOLUME, "32.497 gal", AMERICAN, "123.014526745"),
    ],
)
def test_units_and_separators(measure: MeasureParser, written: Any, profile: Profile, value: str) -> None:
    """One separator before three digits is of thousands or decimal, as the locale has it."""
    assert read(measure, written, profile) == pytest.approx(Decimal(value))


@pytest.mark.parametrize(
    ("written", "profile", "value"),
    [
        ("10 mpg", AMERICAN, 23.5215),
        (Decimal(10), AMERICAN, 23.5215),
        ("10 mpg UK", AMERICAN, 28.2481),
        ("10 mpg (imp)", AMERICAN, 28.2481),
        ("10 imperial mpg", CANADIAN, 28.2481),
        ("10 US mpg", BRITISH, 23.5215),
        ("10 miles per gallon", AMERICAN, 23.5215),
        ("10 mpg (U.S.)", CANADIAN, 23.5215),
    ],
)
def test_gallons_are_those_of_the_country(written: Any, profile: Profile, value: float) -> None:
    """Or of the one that is named."""
    assert float(read(CONSUMPTION, written, profile)) == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize("profile", [CANADIAN, BRITISH])
@pytest.mark.parametrize(
    ("measure", "written"), [(CONSUMPTION, "10 mpg"), (TANK, "20 gal"), (FUEL_VOLUME, "20 gallons")]
)
def test_gallon_is_ambiguous_outside_of_the_united_states(
    measure: MeasureParser, written: str, profile: Profile
) -> None:
    """Each choice means only one of them."""
    with pytest.raises(PamError) as raised:
        read(measure, written, profile)
    assert raised.value.error.code == "ambiguous_unit" and raised.value.field == measure.name
    us, uk = (read(measure, choice.value, profile) for choice in raised.value.choices)
    assert float(max(us, uk) / min(us, uk)) == pytest.approx(1.20095, abs=1e-4)


@pytest.mark.parametrize(
    ("measure", "written"),
    [
        (HEIGHT, ""), (HEIGHT, "tall"), (HEIGHT, "12 lb"), (HEIGHT, "-3 m"), (HEIGHT, True), (HEIGHT, ["3 m"]),
        (HEIGHT, "12 ft 13 in"), (HEIGHT, "12 ft 6 ft"), (HEIGHT, "6 in 12 ft"), (HEIGHT, "1 ft 2 in 3 in"),
        (HEIGHT, "3 m 20 cm"), (HEIGHT, "0.99 m"), (HEIGHT, "6.01 m"), (HEIGHT, "40"), (HEIGHT, "3." + "8" * 50),
        (LENGTH, "1.9 m"), (LENGTH, "30.1 m"), (WEIGHT, "199 kg"), (WEIGHT, "60,001 kg"), (WEIGHT, "1,30,00 lb"),
        (WEIGHT, "6 tons"), (TANK, "0 l"), (TANK, "2001 l"), (CONSUMPTION, "0 mpg"), (CONSUMPTION, "101 l/100 km"),
        (CONSUMPTION, "0.9 l/100 km"), (CONSUMPTION, "10 mph"), (ODOMETER, "5000001 km"), (ODOMETER, Decimal(-1)),
        (ODOMETER, Decimal("1e900")), (ODOMETER, Decimal("1e-900")), (ODOMETER, "45,210 m"), (INTERVAL, "0 km"),
    ],
)  # fmt: skip
def test_what_is_no_measure_is_rejected(measure: MeasureParser, written: Any) -> None:
    """With the field, and an example of what is right."""
    with pytest.raises(PamError) as raised:
        read(measure, written)
    assert raised.value.error.code == "invalid_quantity"
    assert raised.value.field == measure.name and raised.value.message[-1] == "."


@given(st.text("0123456789 .,'\"ftinmlbkgpuskaov/", max_size=14) | st.text(max_size=42))
def test_any_text_is_read_or_rejected(text: str) -> None:
    for measure in (HEIGHT, WEIGHT, CONSUMPTION, TANK):
        try:
            assert read(measure, text, CANADIAN) > 0
        except PamError as error:
            assert error.error.code in ("invalid_quantity", "ambiguous_unit")


@pytest.mark.parametrize(
    ("measure", "written", "numbers"),
    [(HEIGHT, "12 ft 6.5 in", ["12", "6.5"]), (WEIGHT, "13,000 lb", ["13000"]), (ODOMETER, Decimal(7), ["7"])],
)
def test_numbers_are_known_as_they_were_written(measure: MeasureParser, written: Any, numbers: list[str]) -> None:
    """So that they can be compared with the user's own words."""
    parsed = measure.parse(written)
    assert parsed is not None and parsed.numbers == tuple(map(Decimal, numbers))


@given(st.integers(40, 236))
def test_inches_survive_storage(inches: int) -> None:
    """Metres to the tenth of a millimetre show the same feet and inches again."""
    feet, rest = divmod(inches, 12)
    written = f"{feet} ft {rest} in" if rest else f"{feet} ft"
    assert format_dimension(round(read(HEIGHT, written), 4), AMERICAN) == written


@given(st.integers(500, 130_000))
def test_pounds_survive_storage(pounds: int) -> None:
    """Kilograms to the gram show the same pounds again."""
    assert format_weight(round(read(WEIGHT, f"{pounds:,} lb"), 3), AMERICAN) == f"{pounds:,} lb"


def test_metric_measures_are_shown_in_metres_and_kilograms() -> None:
    """With the separators of the locale."""
    assert (format_dimension(Decimal("3.8000"), GERMAN), format_weight(Decimal("5900.4"), GERMAN)) == (
        "3,8 m",
        "5.900 kg",
    )
