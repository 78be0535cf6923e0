"""Which figures the evidence covers: as they are written, rounded, converted, and computed from two of it."""

import json
from datetime import date
from typing import Any

import pytest

from pam.safety.figures import Conventions, Evidence, FigureCheck, add_result

TODAY = date(2026, 11, 27)  # a Friday
US = Conventions("en_US", "USD", TODAY)

DRIVE = {"distance": 322.3, "unit": "mi", "driving_s": 21083, "breaks_s": 1800}
PRICE = {"price": "3.964", "unit": "gal", "currency": "USD", "week": "2026-11-23"}
BUDGET = {"currency": "USD", "budgeted": "1100.00", "spent": "940.62", "difference": "159.38", "percent": 85.5}
WEATHER = {
    "units": {"temperature": "°F", "speed": "mph", "rain": "mm", "snow": "cm"},
    "days": [{"date": "2026-12-01", "high": 46.8, "low": 28.0, "gusts": 13.9, "rain_chance": 0.68, "rain": 6.0}],
}


def expenses(count: int) -> dict[str, Any]:
    """Return a list of fuel expenses on one day each, the newest on November 26."""
    rows = [
        {
            "amount": f"{20 + 3 * at}.{(37 * at) % 100:02}",
            "currency": "USD",
            "category": "fuel",
            "description": f"Fuel near {_TOWNS[at % len(_TOWNS)]}",
            "date": date.fromordinal(TODAY.toordinal() - 1 - at).isoformat(),
        }
        for at in range(count)
    ]
    return {"expenses": rows}


_TOWNS = ("Moab", "Taos", "Torrey", "Page", "Kanab", "Hatch", "Bluff", "Gallup", "Cortez", "Durango", "Pueblo", "Raton")


def uncovered(text: str, *results: Any, question: str = "", conventions: Conventions = US) -> list[str]:
    """Return the figures of a text that results and question don't cover."""
    evidence = Evidence(conventions)
    evidence.add_text(question, is_question=True)
    for result in results:
        add_result(evidence, json.dumps({"data": result}))
    return [text[each.start : each.end] for each in FigureCheck(evidence).check(text).uncovered]


@pytest.mark.parametrize(
    ("result", "covered", "not_covered"),
    [
        (DRIVE, "322 mi", "332 mi"),
        (DRIVE, "322.3 miles", "322.8 miles"),
        (DRIVE, "about 320 miles", "about 340 miles"),
        (DRIVE, "519 km", "591 km"),
        (DRIVE, "over 300 miles", "over 330 miles"),
        (DRIVE, "5 h 50 min", "6 h 30 min"),
        (DRIVE, "6 hours", "7 hours"),
        (DRIVE, "6 h 20 min", "6 h 50 min"),
        (PRICE, "$3.96 a gallon", "$3.69 a gallon"),
        (PRICE, "$1.05 a liter", "$3.96 a liter"),
        (PRICE, "the week of November 23", "the week of November 16"),
        (BUDGET, "$940.62", "$904.62"),
        (BUDGET, "$941", "$951"),
        (BUDGET, "about $950", "about $1,050"),
        (BUDGET, "USD 940.62", "EUR 940.62"),
        (BUDGET, "940.62", "904.62"),
        (BUDGET, "86 %", "68 %"),
        (BUDGET, "$940.62 of $1,100 leaves $159.38", "$940.62 of $1,100 leaves $195.38"),
        (WEATHER, "47 °F", "52 °F"),
        (WEATHER, "8 °C", "12 °C"),
        (WEATHER, "gusts of 14 mph", "gusts of 41 mph"),
        (WEATHER, "gusts of 22 km/h", "gusts of 32 km/h"),
        (WEATHER, "a 68% chance", "a 86% chance"),
        (WEATHER, "0.24 in of rain", "0.42 in of rain"),
        (WEATHER, "Tuesday, December 1", "Monday, December 1"),
        (WEATHER, "December 1", "February 30"),
    ],
)
def test_figure_of_a_result_covers_it_rounded_and_converted(
    result: dict[str, Any], covered: str, not_covered: str
) -> None:
    """As far as it is written, and no further."""
    assert uncovered(covered, result) == []
    assert len(uncovered(not_covered, result)) == 1


@pytest.mark.parametrize(
    ("question", "covered", "not_covered"),
    [
        ("I earn $4,200 and pay $1,150 for the rig.", "That leaves $3,050.", "That leaves $3,500."),
        ("We drive 300 miles at 10 mpg.", "That takes 30 gallons.", "That takes 36 gallons."),
        ("A site is $42.50, for 4 nights?", "That is $170.", "That is $190."),
        ("I pay 45 a night", "$45 it is.", "$54 it is."),
        ("I leave next Friday", "Friday, December 4", "Friday, December 18"),
        ("A trip of 10 days from December 4", "Until December 14", "Until December 16"),
    ],
)
def test_question_covers_and_is_computed_with(question: str, covered: str, not_covered: str) -> None:
    """Its sums, differences and products; its numbers have no unit."""
    assert uncovered(covered, question=question) == []
    assert len(uncovered(not_covered, question=question)) == 1


def test_sum_and_difference_of_results_cover() -> None:
    """Of the same field, and of what the answer quotes."""
    other = {**DRIVE, "distance": 325.2, "driving_s": 21273}
    assert uncovered("647.5 mi in all, about 11 h 45 min", DRIVE, other) == []
    assert uncovered("The second is 2.9 mi longer", DRIVE, other) == []
    assert uncovered("676 mi in all", DRIVE, other) == ["676 mi"]
    assert (
        uncovered(
            "$940.62 for fuel and $12.10 for tolls, together $952.72", BUDGET, {"total": "12.10", "currency": "USD"}
        )
        == []
    )


def test_figures_of_a_long_list_cover_exactly_or_near_their_row() -> None:
    """Thirty amounts are near to most whole numbers: a rounded one needs a word or a date of its row."""
    listed = expenses(30)
    amount = listed["expenses"][4]["amount"]
    assert amount == "32.48"
    assert uncovered(f"You paid ${amount}.", listed) == []
    assert uncovered("On November 22 you paid $32.", listed) == []
    assert uncovered("At some time you paid $32.", listed) == ["$32"]
    assert uncovered("You paid $32.84.", listed) == ["$32.84"]


def test_amount_with_the_day_of_another_row_isnt_covered() -> None:
    """The day is marked."""
    listed = expenses(30)
    assert uncovered("On November 22 you paid $32.48.", listed) == []
    assert uncovered("On November 12 you paid $32.48.", listed) == ["November 12"]


def test_total_of_a_list_covers() -> None:
    """Also of its first rows."""
    listed = expenses(12)
    amounts = [float(row["amount"]) for row in listed["expenses"]]
    assert uncovered(f"All together ${sum(amounts):.2f}.", listed) == []
    assert uncovered(f"The last three came to ${sum(amounts[:3]):.2f}.", listed) == []
    assert uncovered(f"All together ${sum(amounts) + 10:.2f}.", listed) == [f"${sum(amounts) + 10:.2f}"]


@pytest.mark.parametrize(
    ("text", "is_covered"),
    [
        ("So far in November 2026", True),  # today's
        ("By December 2026", True),  # of the forecast
        ("In March 2027", True),  # of the reservation
        ("Since August 2026", True),  # of a row of a long list
        ("In May 2026", True),  # of the question's date
        ("In April 2026", False),
        ("In November 2025", False),
        ("By March 2026", False),
        ("By February 2027", False),
    ],
)
def test_date_covers_its_month(text: str, is_covered: bool) -> None:
    """Exactly that one, in any result and in the question."""
    reservation = {"from": "2027-03-05", "nights": 3}
    found = uncovered(text, WEATHER, reservation, expenses(100), question="How much since 2026-05-14?")
    assert found == ([] if is_covered else [" ".join(text.split()[-2:])])


@pytest.mark.parametrize(
    "text",
    ["You are at 38.573, -109.55.", "(38.57° N, 109.55° W)", "latitude 38.573 and longitude -109.55", "109.55 W"],
)
def test_position_of_the_device_covers(text: str) -> None:
    """From the question's context."""
    context = "Device: latitude 38.573, longitude -109.55 (tools: here)"
    assert uncovered(text, question=context) == []
    assert len(uncovered(text.replace("109", "106"), question=context)) == 1


def test_month_of_the_question_covers() -> None:
    """In every language of a month's name that is read."""
    german = Conventions("de_DE", "EUR", TODAY)
    assert uncovered("Im März 2024", question="Was war im März 2024?", conventions=german) == []
    assert uncovered("Im Mai 2024", question="Was war im März 2024?", conventions=german) == ["Mai 2024"]


def test_first_and_last_days_of_the_calendar_are_read() -> None:
    """A source may write them for “never”."""
    never = {"from": "0001-01-01", "until": "9999-12-31"}
    assert uncovered("Until December 9999, of 60 days", never, question="for 60 days?") == []


def test_amounts_are_compared_within_their_currency() -> None:
    """At the exchange rate that the evidence has, and no other."""
    paid = {
        "amount": "45.00",
        "currency": "EUR",
        "converted": {"amount": "53.12", "currency": "USD", "rate": "1.18050000"},
    }
    assert uncovered("€45 is $53.12", paid) == []
    assert uncovered("€45 is $45", paid) == ["$45"]


def test_dollar_is_that_of_the_user() -> None:
    """Or the US dollar."""
    canadian = Conventions("en_CA", "CAD", TODAY)
    assert uncovered("$45.50", {"amount": "45.50", "currency": "CAD"}, conventions=canadian) == []
    assert uncovered("$45.50", {"amount": "45.50", "currency": "USD"}, conventions=canadian) == []
    assert uncovered("$45.50", {"amount": "45.50", "currency": "CAD"}) == ["$45.50"]


@pytest.mark.parametrize(
    "text",
    [
        "Use `price = 4.99 $` or [this](https://x.example/a?cost=$4.99&d=12%20mi).",
        "See https://x.example/12mi/$99 or mail a12mi@x.example.",
        "Have a break of 15 minutes every 2 hours; leave at 8 AM or 7:30.",
        "I'm 100% sure that three of the campgrounds are open for two weeks.",
        "Take I-80 to site 34, open 24/7.",
        "Stop every 2-3 hours, or every 2 to 3 hours; the pumps are open 24 hours a day.",
        "Take I-90 to exit 42 near mile marker 120, and call (435) 259-2102 by 3:30 pm.",
        "1. Built in 1935, the 3rd of 10–15\n12. Plug in 50-amp hookups on day 2 of the 1990s loop",
    ],
)
def test_what_states_no_fact_isnt_checked(text: str) -> None:
    """Code, addresses, advice, idioms, small counts and names."""
    assert uncovered(text) == []


def test_cut_result_is_read_as_text() -> None:
    """What was shortened isn't JSON any more."""
    evidence = Evidence(US)
    add_result(evidence, '{"data":{"text":"It is 322 mi by road", "more": "abc')
    assert FigureCheck(evidence).check("322 mi or 323 mi").uncovered[0].start == len("322 mi or ")


def test_deep_and_odd_results_are_read() -> None:
    """Nothing of them raises an error."""
    for content in (
        "[" * 50_000,
        '"' + "1" * 5_000 + '"',
        "null",
        '{"a": [1, [2, {"b": [{}]}]], "date": "2026-99-99"}',
    ):
        evidence = Evidence(US)
        add_result(evidence, content)
        FigureCheck(evidence).check("$45")


def test_order_of_parts_and_total_makes_no_difference() -> None:
    """A total may stand first."""
    listed = [{"amount": "65.66", "currency": "USD"}, {"amount": "54.93", "currency": "USD"}]
    assert uncovered("$120.59 in all: $65.66 and $54.93", *listed) == []
    assert uncovered("$65.66 and $54.93, $120.59 in all", *listed) == []
