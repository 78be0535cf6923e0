"""For any value: it covers itself in every notation, rounding and unit, and hardly any other figure."""

import json
import random
from datetime import date, timedelta

import pytest
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from hypothesis import given
from hypothesis import strategies as st

from pam.safety.figures import Conventions, Evidence, FigureCheck, add_result
from pam.travel.units import LITRES_PER_GALLON, METRES_PER_MILE, Units

TODAY = date(2026, 11, 27)
LOCALES = {
    "en_US": "USD",
    "en_CA": "CAD",
    "de_DE": "EUR",
    "fr_FR": "EUR",
    "es_MX": "MXN",
    "de_CH": "CHF",
    "nb_NO": "NOK",
}

amounts = st.integers(min_value=100, max_value=9_999_999).map(lambda cents: cents / 100)
locales = st.sampled_from(sorted(LOCALES))


def uncovered(text: str, result: object, locale: str = "en_US") -> list[str]:
    """Return the figures of a text that a result doesn't cover."""
    evidence = Evidence(Conventions(locale, LOCALES[locale], TODAY))
    add_result(evidence, json.dumps(result))
    report = FigureCheck(evidence).check(text)
    assert report.checked, text
    return [text[each.start : each.end] for each in report.uncovered]


@given(amounts, locales, st.sampled_from(["{}", "**{}**", "({})", "| {} |", "{}."]))
def test_amount_is_covered_in_the_notation_of_any_locale(amount: float, locale: str, frame: str) -> None:
    """To the cent and to the unit."""
    currency = LOCALES[locale]
    result = {"amount": f"{amount:.2f}", "currency": currency}
    exact = format_currency(amount, currency, locale=locale)
    whole = format_currency(round(amount), currency, format="¤#,##0", locale=locale, currency_digits=False)
    for written in (exact, whole):
        assert uncovered(frame.format(written), result, locale) == [], written


@given(st.floats(min_value=1, max_value=5000), st.sampled_from([0, 1]), locales)
def test_distance_is_covered_in_both_units(miles: float, places: int, locale: str) -> None:
    """Rounded after the conversion."""
    result = {"distance": round(miles, 3), "unit": "mi"}
    for value, unit in ((miles, "mi"), (miles * METRES_PER_MILE / 1000, "km")):
        written = format_decimal(round(value, places), locale=locale)
        assert uncovered(f"{written} {unit}", result, locale) == []


@given(st.floats(min_value=0.5, max_value=500))
def test_volume_is_covered_in_both_units(gallons: float) -> None:
    """US gallons and litres."""
    result = {"volume": round(gallons, 3), "volume_unit": "gal"}
    assert uncovered(f"{gallons:.1f} gallons", result) == []
    assert uncovered(f"{gallons * LITRES_PER_GALLON:.1f} liters", result) == []


@given(st.floats(min_value=-40, max_value=125))
def test_temperature_is_covered_in_both_units(fahrenheit: float) -> None:
    """With its sign."""
    result = {"units": {"temperature": "°F"}, "high": round(fahrenheit, 2)}
    celsius = (fahrenheit - Units.IMPERIAL.temperature(0)) * 5 / 9
    assert uncovered(f"{fahrenheit:.0f} °F", result) == []
    assert uncovered(f"{celsius:.0f} °C", result) == []


@given(st.dates(date(2026, 1, 1), date(2027, 11, 1)), st.sampled_from(["en_US", "de_DE", "fr_FR", "es_MX"]))
def test_date_is_covered_in_the_words_of_a_locale(day: date, locale: str) -> None:
    """Long, medium, with its weekday, and as ISO 8601."""
    result = {"start_date": day.isoformat()}
    for written in (*(format_date(day, width, locale=locale) for width in ("full", "long", "medium")), day.isoformat()):
        assert uncovered(f"– {written} –", result, locale) == [], written


@given(st.dates(date(2026, 1, 1), date(2027, 11, 1)), st.integers(1, 6))
def test_date_with_a_wrong_weekday_isnt_covered(day: date, days: int) -> None:
    """The weekday must be the date's."""
    weekday = format_date(day + timedelta(days=days), "EEEE", locale="en")
    text = f"{weekday}, {format_date(day, 'MMMM d, y', locale='en')}"
    assert len(uncovered(text, {"start_date": day.isoformat()})) == 1


@given(amounts, amounts)
def test_sum_and_difference_of_two_amounts_are_covered(one: float, other: float) -> None:
    """Of one object, without being quoted."""
    result = {"spent": f"{one:.2f}", "limit": f"{other:.2f}", "currency": "USD"}
    assert uncovered(f"${one + other:,.2f}", result) == []
    if abs(one - other) >= 0.01:
        assert uncovered(f"${abs(one - other):,.2f}", result) == []


@pytest.mark.parametrize(("rows", "digits", "max_covered"), [(30, 2, 0.02), (30, 0, 0.1), (8, 2, 0.005), (8, 0, 0.12)])
def test_random_amounts_are_mostly_not_covered(rows: int, digits: int, max_covered: float) -> None:
    """By lists of thirty expenses, and of eight, which have many sums and differences."""
    chance = random.Random(7)
    covered = 0
    for _ in range(40):
        amounts = [
            {"amount": f"{chance.uniform(4, 180):.2f}", "currency": "USD", "category": "fuel"} for _ in range(rows)
        ]
        evidence = Evidence(Conventions("en_US", "USD", TODAY))
        add_result(evidence, json.dumps({"expenses": amounts}))
        check = FigureCheck(evidence)
        covered += sum(not check.check(f"It was ${chance.uniform(4, 400):.{digits}f}.").uncovered for _ in range(25))
    assert covered <= max_covered * 1000


@given(st.text(alphabet="0123456789$€., -–\n%kmih°FCDec:/+*`[]()", max_size=300))
def test_any_text_is_checked_without_an_error(text: str) -> None:
    """Each figure is a part of the text, and those that aren't covered are among the checked ones, in their order."""
    evidence = Evidence(Conventions("en_US", "USD", TODAY))
    evidence.add_text(text, is_question=True)
    add_result(evidence, text)
    report = FigureCheck(evidence).check(text)
    assert all(0 <= each.start < each.end <= len(text) for each in report.checked)
    assert [each for each in report.checked if each in report.uncovered] == report.uncovered
