"""Figures that are found in a text, and numbers that are none."""

import time
from datetime import date

import pytest

from pam.safety.figures.extraction import MAX_FIGURES, extract_figures
from pam.safety.figures.figure import Conventions, Figure, FigureKind, Hedge

TODAY = date(2026, 11, 27)
US = Conventions("en_US", "USD", TODAY)
DE = Conventions("de_DE", "EUR", TODAY)
FR = Conventions("fr_FR", "EUR", TODAY)
CA = Conventions("en_CA", "CAD", TODAY)


def found(text: str, conventions: Conventions = US) -> list[tuple[str, str, float]]:
    """Return each figure as written, its unit and its likeliest value."""
    figures = extract_figures(text, conventions)
    return [(text[each.start : each.end], each.readings[0].measure.name, each.readings[0].value) for each in figures]


def only(text: str, conventions: Conventions = US) -> Figure:
    """Return the only figure of a text."""
    (figure,) = extract_figures(text, conventions)
    return figure


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It cost $1,204.50.", ("$1,204.50", "USD", 1204.5)),
        ("**$45** in all", ("$45", "USD", 45)),
        ("US$ 45, paid", ("US$ 45", "USD", 45)),
        ("CA$27.05 for tacos", ("CA$27.05", "CAD", 27.05)),
        ("45 euros", ("45 euros", "EUR", 45)),
        ("CHF 1'234.50", ("CHF 1'234.50", "CHF", 1234.5)),
        ("R450 a night", ("R450", "ZAR", 450)),
        ("about $1.2k", ("$1.2k", "USD", 1200)),
        ("96 cents a liter", ("96 cents", "USD", 0.96)),
        ("12 thousand miles", ("12 thousand miles", "mi", 12000)),
        ("a 30-foot rig", ("30-foot", "ft", 30)),
        ("three miles on", ("three miles", "mi", 3)),
        ("60 miles per hour", ("60 miles per hour", "mph", 60)),
        ("9.0 mpg", ("9.0 mpg", "mpg", 9)),
        ("26.1 l/100 km", ("26.1 l/100", "l_per_100km", 26.1)),
        ("0.5 in of rain", ("0.5 in", "in", 0.5)),
        ("-3 °C at night", ("-3 °C", "°C", -3)),
        ("45 degrees F", ("45 degrees F", "°F", 45)),
        ("31 per cent", ("31 per cent", "%", 31)),
        ("31%", ("31%", "%", 31)),
        ("5 h 50 min", ("5 h 50 min", "h", 5 + 5 / 6)),
        ("5 hours and 50 minutes", ("5 hours and 50 minutes", "h", 5 + 5 / 6)),
        ("65 expenses", ("65 expenses", "", 65)),
    ],
)
def test_figure_is_found_with_its_unit(text: str, expected: tuple[str, str, float]) -> None:
    """As it is written, with what belongs to it."""
    ((written, unit, value),) = found(text)
    assert (written, unit, pytest.approx(value)) == expected


@pytest.mark.parametrize(
    ("text", "conventions", "expected"),
    [
        ("1.234,56 € im Monat", DE, ("1.234,56 €", "EUR", 1234.56)),
        ("rund 3.200 €", DE, ("3.200 €", "EUR", 3200)),
        ("12,5 km weiter", DE, ("12,5 km", "km", 12.5)),
        ("1 234,56 €", FR, ("1 234,56 €", "EUR", 1234.56)),
        ("1\u202f234,56\u00a0€", FR, ("1\u202f234,56\u00a0€", "EUR", 1234.56)),
        ("$45", CA, ("$45", "CAD", 45)),
        ("20 Prozent", DE, ("20 Prozent", "%", 20)),
    ],
)
def test_notation_of_a_locale_is_read(text: str, conventions: Conventions, expected: tuple[str, str, float]) -> None:
    """With its separators, its spaces and its words."""
    assert found(text, conventions) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "Take I-80, US-191 and Highway 12 in Utah to site 34.",
        "Open 24/7, call (435) 259-2102 or 435-259-2102.",
        "1. First\n2. Second\n\n3) Third",
        "Two dogs and 4 people in a 2015 E-450.",
        "The 3rd of them, in 2026.",
        "Use code 4431 at loop B, 84532 Moab.",
        "Version 3.5 is 10x better, 50/50.",
        "It takes one day.",
        "No figure here.",
        "",
    ],
)
def test_number_without_a_unit_is_no_figure(text: str) -> None:
    """Names, lists, years, ordinals, phone numbers, codes."""
    assert extract_figures(text, US) == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("27–48 °F", [27, 48]),
        ("-3 to 9 °C", [-3, 9]),
        ("$40–60 a night", [40, 60]),
        ("between 300 and 350 miles", [300, 350]),
        ("$1.05 and $0.78 a liter", [1.05, 0.78]),
    ],
)
def test_both_ends_of_a_range_have_its_unit(text: str, values: list[float]) -> None:
    """It is written once."""
    figures = extract_figures(text, US)
    assert [each.readings[0].value for each in figures] == values
    assert len({(each.kind, each.per) for each in figures}) == 1


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Friday, December 4", [date(2026, 12, 4)]),
        ("Dec 4, 2027", [date(2027, 12, 4)]),
        ("on December 4: rain", [date(2026, 12, 4)]),
        ("Dec 4 – 5, 2026", [date(2026, 12, 4), date(2026, 12, 5)]),
        ("November 27 to 29", [date(2026, 11, 27), date(2026, 11, 29)]),
        ("2026-12-04", [date(2026, 12, 4)]),
        ("4 December", [date(2026, 12, 4)]),
        ("the 4th of December 2026", [date(2026, 12, 4)]),
    ],
)
def test_date_is_found(text: str, days: list[date]) -> None:
    """With its year, or in the nearest ones."""
    figures = extract_figures(text, US)
    assert [each.kind for each in figures] == [FigureKind.DATE] * len(days)
    assert [date.fromordinal(int(each.readings[0].value)) for each in figures] == days


def test_date_in_another_language_is_found() -> None:
    """In that of the locale."""
    assert [date.fromordinal(int(each.readings[0].value)) for each in extract_figures("am 4. Dezember", DE)] == [
        date(2026, 12, 4)
    ]
    assert only("le 23 novembre", FR).kind is FigureKind.DATE
    assert only("4.12.2026", DE).readings[0].value == date(2026, 12, 4).toordinal()


def test_verbs_are_no_months() -> None:
    """“May” and “march” are months only with a capital letter and a day or a year."""
    assert extract_figures("You may march on. May I?", US) == []
    assert only("May 2026").kind is FigureKind.MONTH


@pytest.mark.parametrize(
    ("text", "hedge"),
    [
        ("$45", Hedge.NONE),
        ("about $45", Hedge.ABOUT),
        ("~$45", Hedge.ABOUT),
        ("roughly **$45**", Hedge.ABOUT),
        ("just under $45", Hedge.UNDER),
        ("(more than $45)", Hedge.OVER),
        ("300+ miles", Hedge.OVER),
        ("over by $45", Hedge.NONE),
        ("rund 45 €", Hedge.ABOUT),
    ],
)
def test_hedge_is_read(text: str, hedge: Hedge) -> None:
    """Of the words right before a figure."""
    assert only(text).hedge is hedge


@pytest.mark.parametrize(
    ("text", "per"), [("$3.96 a gallon", "gal"), ("$3.96/gal", "gal"), ("1,05 €/l", "l"), ("$45 per night", "day")]
)
def test_price_has_its_unit(text: str, per: str) -> None:
    """Behind it."""
    assert only(text).per == per


def test_weekday_belongs_to_its_date() -> None:
    """The one right before it."""
    assert only("Friday, December 4").weekday == 4
    assert only("On Friday we leave; December 4").weekday is None


@pytest.mark.parametrize("unit", ["$1 ", "1 ", "1,", "1.1.1.", "Dec ", "1:1", "$1–", "1 2 3 ", "twotwo "])
def test_long_text_takes_linear_time(unit: str) -> None:
    """Whatever is repeated in it. The best of three: other processes make single measurements longer."""

    def measure(text: str) -> float:
        began = time.process_time()
        assert len(extract_figures(text, US)) <= MAX_FIGURES
        return time.process_time() - began

    short, long = (min(measure(unit * times) for _ in range(3)) for times in (2_000, 16_000))
    assert long < 30 * short + 0.05
