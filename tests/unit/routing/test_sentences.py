"""The test sentences of each intent, and changes of meaning that must end a fast answer."""

import doctest
import os
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.routing import Route, Router, route
from pam.routing.grammar import GRAMMAR_DIR, Grammar, load_grammar

_GRAMMAR = load_grammar(GRAMMAR_DIR)
TESTS = [(text, intent, slots, details) for intent, cases in _GRAMMAR.tests.items() for text, slots, details in cases]
NEGATIVES = [sentence for sentences in _GRAMMAR.negatives.values() for sentence in sentences]
SENTENCES = [case[0] for case in TESTS]

# Words that change the meaning at any position.
MEANING_CHANGES = ("not", "except", "without", "if", "instead", "compared", "would", "my wife's", "delete")
# Further ones, except in the phrases below; checked in every eighth sentence.
MORE_MEANING_CHANGES = (
    *("no", "never", "excluding", "besides", "but", "unless", "or", "could", "should", "will", "might", "versus"),
    *("than", "more", "less", "most", "least", "average", "per", "each", "half", "twice", "his", "your", "you"),
    *("remove", "undo", "cancel", "why", "when", "next", "until", "since", "before", "after", "almost"),
    *("about to", "forgot to"),
)
# Phrases in which they don't: the price of gas is an average, "you" is PAM, nothing was saved before the app came.
HARMLESS = re.compile(
    r"average|most recent|next to|(i'd like|want|need) you to|(with|using) you\b|i will need|since using th(is|e) app",
    re.IGNORECASE,
)
PLACES = ("place", "origin", "destination")


@pytest.mark.parametrize(("sentence", "intent", "slots", "details"), TESTS, ids=SENTENCES)
def test_sentence_has_its_intent_and_exactly_its_slots(
    sentence: str, intent: str, slots: dict, details: dict, grammar: Grammar
) -> None:
    """Each sentence under `tests` of an intent has the route given there, beside its shared marks of currencies."""
    assert route(sentence) == Route(grammar.tiers[intent], intent, slots, details | marks_of(sentence, details))


def marks_of(sentence: str, details: dict) -> dict:
    """Return the mark of a dollar of no certain currency, and the amount whose comma may be a decimal one."""
    marks = {}
    if "currency" not in details and (mark := re.search(r"[$＄]|(?<!how many )(dollars?|bucks?)", sentence)):
        marks["currency"] = "$" if mark[0] in "$＄" else "dollars"
    if marks and (separated := re.search(r"[0-9]{1,3}(,[0-9]{3})+(?![.0-9])(?! (miles|km))", sentence)):
        marks["amount_text"] = separated[0]
    return marks


@pytest.mark.parametrize("sentence", NEGATIVES)
def test_similar_sentence_with_another_meaning_goes_to_claude(sentence: str) -> None:
    """Each sentence under `negatives` of an intent gets no fast answer."""
    assert route(sentence) == Route()


def test_sampled_sentence_has_the_intent_and_slots_of_its_template(samples: list, router: Router) -> None:
    """No two templates give the same sentence different meanings."""
    assert len(samples) > 10_000
    wrong = [
        (sentence, intent, slots, found)
        for sentence, intent, slots in samples
        if (found := router.route(sentence)).intent != intent or found.slots | found.details != slots
    ]
    assert wrong == []


def test_routes_have_exactly_the_documented_slots_and_details(samples: list, router: Router) -> None:
    """The sampled sentences use every slot and detail of docs/routing.md, and no other."""
    documented = {
        *("category", "period", "date", "amount", "place", "origin", "destination", "distance", "unit", "radius"),
        *("consumption", "consumption_unit", "price", "price_unit", "fuel_type", "measure", "limit", "group_by"),
        "kind",
    }
    found = [router.route(sentence) for sentence, _, _ in samples]
    assert {slot for route in found for slot in route.slots} == documented
    assert {detail for route in found for detail in route.details} == {
        "description",
        "currency",
        "answer_unit",
        "amount_text",
        "part_of_day",
        "weather_measure",
    }


def test_fast_answer_has_the_slots_that_it_needs(samples: list) -> None:
    """A write has an amount and a category, a distance a destination, and a number its unit."""
    required = {
        "add_expense": [{"amount", "category"}],
        "correct_expense": [{"amount"}, {"category"}, {"date"}],
        "distance": [{"destination"}],
        "fuel_estimate": [{"distance", "unit"}, {"destination"}],
        "spend_summary": [{"category"}, {"period"}, {"group_by"}],
        "nearby_parks": [set()],
    }
    for sentence, intent, slots in samples:
        assert any(names <= slots.keys() for names in required.get(intent, [set()])), sentence
        for number, unit in (("radius", "unit"), ("consumption", "consumption_unit"), ("price", "price_unit")):
            assert number not in slots or unit in slots, sentence


@pytest.mark.soak
def test_meaning_changing_word_at_any_position_ends_the_fast_answer(router: Router) -> None:
    """Inserted at any position of a test sentence, such a word leads to another route. `make soak` tries them all."""
    unchanged = []
    every = 1 if "PAM_CASES" in os.environ else 3
    for number, (sentence, intent, slots, _) in list(enumerate(TESTS))[::every]:
        words = sentence.split()
        for at in range(len(words) + 1):
            for change in MEANING_CHANGES + MORE_MEANING_CHANGES * (number % 8 == 0):
                changed = " ".join([*words[:at], change, *words[at:]])
                found = router.route(changed)
                if change in MORE_MEANING_CHANGES and (HARMLESS.search(changed) or is_oregon(found)):
                    continue
                if found.intent == intent and outside_places(found.slots) == outside_places(slots):
                    unchanged.append(changed)
    assert unchanged == []


def is_oregon(found: Route) -> bool:
    return any(str(value).endswith(" or") for value in found.slots.values())


def outside_places(slots: dict) -> dict:
    return {slot: value for slot, value in slots.items() if slot not in PLACES}


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("Moab", "moab"),
        ("the Grand Canyon", "grand canyon"),
        ("Salt Lake City, Utah", "salt lake city utah"),
        ("Denver, CO", "denver co"),
        ("Portland, OR", "portland or"),
        ("Lake of the Woods", "lake of the woods"),
        ("Coeur d'Alene", "coeur d'alene"),
        ("Martha’s Vineyard", "martha's vineyard"),
        ("St. George", "st george"),
        ("Winston-Salem", "winston salem"),
        ("Québec", "québec"),
        ("84532", "84532"),
        ("Great Smoky Mountains National Park", "great smoky mountains national park"),
    ],
)
def test_place_has_up_to_five_words(written: str, place: str) -> None:
    """Its value has the normalised spelling, without "the" and without punctuation."""
    assert route(f"weather in {written}") == Route(2, "weather", {"place": place})
    assert route(f"how far is it from {written} to {written}?").slots == {"origin": place, "destination": place}


@pytest.mark.parametrize(
    "written",
    [
        *("the moon", "the beach", "my house", "Bob's", "March", "the fall", "a national park", "of Moab", "or"),
        *("Moab and Zion", "Moab not Zion", "Moab without wind", "Moab instead", "Moab next month", "Moab vs Zion"),
        *("Moab yesterday", "Moab 4", "I-70", "1234", "the cheapest campground", "Moab avoiding tolls"),
        *("here and there", "Moab via Vail", "heaven", "the nearest town", "Moab 🌧", "Москва"),
    ],
)
def test_words_that_may_change_the_meaning_are_no_place(written: str) -> None:
    """A place has no word that asks, joins, negates, counts or compares."""
    assert route(f"weather in {written}") == Route()
    assert route(f"how far is it to {written}") == Route()


@pytest.mark.parametrize(
    ("written", "slots"),
    [
        ("8 mpg", {"consumption": 8, "consumption_unit": "mpg"}),
        ("8.5 miles per gallon", {"consumption": 8.5, "consumption_unit": "mpg"}),
        ("14L/100km", {"consumption": 14, "consumption_unit": "l_per_100km"}),
        ("14.5 litres per 100 kilometres", {"consumption": 14.5, "consumption_unit": "l_per_100km"}),
        ("$3.59/gal", {"price": 3.59, "price_unit": "gal"}),
        ("$3.599 a gallon", {"price": 3.599, "price_unit": "gal"}),
        ("1.899 per litre", {"price": 1.899, "price_unit": "l"}),
        ("two dollars a litre", {"price": 2, "price_unit": "l"}),
        ("8 mpg and $4 a gallon", {"consumption": 8, "consumption_unit": "mpg", "price": 4, "price_unit": "gal"}),
        ("$4 a gallon and 8 mpg", {"consumption": 8, "consumption_unit": "mpg", "price": 4, "price_unit": "gal"}),
        ("$3.59", None),
        ("8", None),
        ("8 km per litre", None),
        ("0 mpg", None),
        ("$3,59 a gallon", None),
    ],
)
def test_consumption_and_price_need_their_units(written: str, slots: dict | None) -> None:
    """Their values are numbers; without a unit, or with an unknown one, the sentence goes to Claude."""
    details = marks_of(written, {})
    expected = Route(2, "fuel_estimate", {"distance": 1200, "unit": "mi"} | slots, details) if slots else Route()
    assert route(f"fuel for 1,200 miles at {written}") == expected


@pytest.mark.parametrize(
    ("written", "amount", "currency"),
    [
        ("$45", 45, "$"),
        ("$ 45", 45, "$"),
        ("45$", 45, "$"),
        ("45 dollars", 45, "dollars"),
        ("$45.50", 45.5, "$"),
        ("$45.5", 45.5, "$"),
        ("$45.00", 45, "$"),
        ("$1,234.56", 1234.56, "$"),
        ("$999,999.99", 999999.99, "$"),
        ("$0.01", 0.01, "$"),
        ("A$12", 12, "AUD"),
        ("a$ 12", 12, "AUD"),
        ("$12 AUD", 12, "AUD"),
        ("A$12 dollars", 12, "AUD"),
        ("12 Aussie dollars", 12, "AUD"),
        ("C$12", 12, "CAD"),
        ("US$12", 12, "USD"),
        ("NZ$12", 12, "NZD"),
        ("£9", 9, "GBP"),
        ("9 quid", 9, "GBP"),
        ("$9 dollars", 9, "dollars"),
        ("MX$9", 9, "MXN"),
        ("9 pesos", 9, "MXN"),
        ("CHF 9", 9, "CHF"),
        ("9 francs", 9, "CHF"),
        ("kr 9", 9, "kr"),
        ("9 NOK", 9, "NOK"),
        ("9 kronor", 9, "SEK"),
        ("9 rand", 9, "ZAR"),
        ("€9.99", 9.99, "EUR"),
        ("9€", 9, "EUR"),
        ("forty-five dollars", 45, "dollars"),
        ("two hundred bucks", 200, "dollars"),
        ("＄４５", 45, "$"),
    ],
)
def test_amount_has_its_value_and_the_named_currency(written: str, amount: float, currency: str | None) -> None:
    """The value is a number; the currency is a code, or the mark that several share."""
    found = route(f"add {written} for laundry")
    details = {"currency": currency} if currency else {}
    assert found == Route(2, "add_expense", {"amount": amount, "category": "laundry"}, details)
    assert type(found.slots["amount"]) is type(amount)


@pytest.mark.parametrize(
    ("written", "amount", "text", "currency"),
    [
        ("45,50 €", 45.5, "45,50", "EUR"),
        ("€45,50", 45.5, "45,50", "EUR"),
        ("0,99 euros", 0.99, "0,99", "EUR"),
        ("1.200,50 €", 1200.5, "1.200,50", "EUR"),
        ("1200,00 kr", 1200, "1200,00", "kr"),
        ("kr 45,00", 45, "45,00", "kr"),
    ],
)
def test_decimal_comma_is_read_beside_a_currency_that_is_written_with_one(
    written: str, amount: float, text: str, currency: str
) -> None:
    """The text goes with the value, since the user's locale has the last word."""
    details = {"amount_text": text, "currency": currency}
    assert route(f"spent {written} on groceries") == Route(
        2, "add_expense", {"amount": amount, "category": "groceries"}, details
    )


@pytest.mark.parametrize(
    "written",
    [
        *("45,50", "45,5 €", "1.20,50 €", "012,50 €", "45,50 pounds", "$45,50 eur"),
        *("$0", "-$5", "$-5", "$5-6", "$5/6", "5%", "$.5", "$045", "$1e3", "$12k", "$1000000"),
        *("$1.234", "$1.200,50", "$9,5", "$1,00", "$12,34", "$1,2345", "€9£", "£9$", "٤٥", "$٤٥"),
    ],
)
def test_ambiguous_amount_goes_to_claude(written: str) -> None:
    """So do signs, foreign separators, three decimals, multipliers, two currencies and zero."""
    assert route(f"add {written} for laundry").tier == 3


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("yesterday", "yesterday"),
        ("on Monday", "monday"),
        ("on 2024-02-29", "2024-02-29"),
        ("on Feb 29, 2024", "2024-02-29"),
        ("on February 29th", "02-29"),
        ("on the 1st of September", "09-01"),
        ("on 3 sept", "09-03"),
        ("on 2023-02-29", None),
        ("on February 29, 2023", None),
        ("on April 31", None),
        ("on 2026-13-01", None),
        ("on March 0", None),
        ("last Monday", None),
        ("on 3/4", None),
        ("in March", None),
        ("on March 14, 1926", None),
    ],
)
def test_date_is_a_symbol_or_an_existing_day(written: str, date: str | None) -> None:
    """A date is YYYY-MM-DD, or MM-DD without a year; a day that doesn't exist or is ambiguous goes to Claude."""
    slots = {"amount": 45, "category": "laundry", "date": date}
    expected = Route(2, "add_expense", slots, {"currency": "$"}) if date else Route()
    assert route(f"add $45 for laundry {written}") == expected


@given(st.decimals(min_value="0.01", max_value="999999.99", places=2), st.booleans())
def test_any_amount_in_range_has_its_value(amount: Decimal, grouped: bool) -> None:
    """The value is exact to the cent, with or without commas between thousands."""
    written = f"{amount:,}" if grouped else str(amount)
    assert route(f"add ${written} for laundry").slots["amount"] == float(amount)


WORDS = (
    "moab",
    "the",
    "of",
    "or",
    "not",
    "and",
    "lake",
    "84532",
    "7",
    "via",
    "o'fallon",
    "bob's",
    ",",
    "?",
    "me",
    "new",
)


@given(st.lists(st.sampled_from(WORDS), max_size=9))
def test_place_consists_of_consecutive_words_of_the_sentence(words: list[str]) -> None:
    """It has at most five words, in their order, and none that may change the meaning."""
    text = " ".join(words)
    place = route(f"weather in {text}").slots.get("place", "")
    assert place in " ".join(re.findall(r"[a-z0-9']+", text))
    assert len(place.split()) <= 5
    assert not {"not", "and", "via", "7"} & set(place.split())


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 12, 31)))
def test_any_day_of_the_calendar_is_recognised(day: date) -> None:
    """It can be an ISO date, or in words with or without the year."""
    for written in (day.isoformat(), f"{day:%B} {day.day}, {day.year}", f"the {day.day} of {day:%b} {day.year}"):
        assert route(f"add $5 for laundry on {written}").slots["date"] == day.isoformat()
    assert route(f"add $5 for laundry on {day:%B} {day.day}").slots["date"] == f"{day:%m-%d}"


def test_examples_of_the_documentation_are_correct() -> None:
    """The examples of docs/routing.md have the output shown there."""
    page = (Path(__file__).parents[3] / "docs" / "routing.md").read_text(encoding="utf-8")
    example = page.partition("```python\n")[2].partition("```")[0]
    test = doctest.DocTestParser().get_doctest(example, {}, "docs/routing.md", None, 0)
    assert doctest.DocTestRunner().run(test) == (0, 4)
