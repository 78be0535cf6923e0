"""The test sentences beside each intent, and what must not survive a change of meaning."""

import doctest
from pathlib import Path

import pytest

from pam.routing import Route, Router, route
from pam.routing.compiler import SOURCES, Grammar, load

_GRAMMAR = load(SOURCES)
TESTS = [(sentence, intent, slots) for intent, cases in _GRAMMAR.tests.items() for sentence, slots in cases]
NEGATIVES = [sentence for sentences in _GRAMMAR.negatives.values() for sentence in sentences]

MEANING_CHANGERS = [
    *(
        "not",
        "no",
        "never",
        "except",
        "excluding",
        "without",
        "besides",
        "but",
        "if",
        "unless",
        "instead",
        "or",
    ),
    *(
        "would",
        "could",
        "should",
        "will",
        "might",
        "compared",
        "versus",
        "than",
        "more",
        "less",
        "most",
        "least",
    ),
    *(
        "average",
        "per",
        "each",
        "half",
        "twice",
        "my wife's",
        "his",
        "your",
        "you",
        "delete",
        "remove",
        "undo",
    ),
    *(
        "cancel",
        "why",
        "when",
        "next",
        "until",
        "since",
        "before",
        "after",
        "almost",
        "about to",
        "forgot to",
    ),
]


@pytest.mark.parametrize(("sentence", "intent", "slots"), TESTS, ids=[sentence for sentence, _, _ in TESTS])
def test_each_test_sentence_gets_its_intent_and_exactly_its_slots(
    sentence: str, intent: str, slots: dict, grammar: Grammar
) -> None:
    """A sentence that stands beside the templates routes as written there."""
    assert route(sentence) == Route(grammar.tiers[intent], intent, slots)


@pytest.mark.parametrize("sentence", NEGATIVES)
def test_a_sentence_close_by_with_another_meaning_goes_to_claude(sentence: str) -> None:
    """A near miss gets no fast answer."""
    assert route(sentence) == Route(3, "chat", {})


def test_every_sampled_sentence_routes_to_its_own_template(
    samples: list, router: Router, grammar: Grammar
) -> None:
    """Whatever a template generates is understood as that template means it: no two templates are at odds."""
    assert len(samples) > 2_000
    wrong = [
        (sentence, intent, slots, found)
        for sentence, intent, slots in samples
        if (found := router.route(sentence)) != Route(grammar.tiers[intent], intent, slots)
    ]
    assert wrong == []


def test_a_fast_answer_always_has_something_to_go_by(samples: list) -> None:
    """No template is understood without a slot, and a write always has its amount and category."""
    for sentence, intent, slots in samples:
        assert slots, sentence
        if intent == "add_expense":
            assert {"amount", "category"} <= slots.keys(), sentence
            assert slots["amount"] > 0, sentence


def test_a_meaning_changing_word_anywhere_ends_the_fast_answer(router: Router) -> None:
    """No word that turns the meaning can be put anywhere into a sentence and leave its answer standing."""
    standing = []
    for sentence, intent, slots in TESTS:
        words = sentence.split()
        for at in range(len(words) + 1):
            for changer in MEANING_CHANGERS:
                changed = " ".join([*words[:at], changer, *words[at:]])
                found = router.route(changed)
                if (found.intent, found.slots) == (intent, slots):
                    standing.append(changed)
    assert standing == []


@pytest.mark.parametrize(
    ("written", "amount", "currency"),
    [
        ("$45", 45, None),
        ("$ 45", 45, None),
        ("45$", 45, None),
        ("45 dollars", 45, None),
        ("$45.50", 45.5, None),
        ("$45.5", 45.5, None),
        ("$45.00", 45, None),
        ("$1,234.56", 1234.56, None),
        ("$999,999.99", 999999.99, None),
        ("$0.01", 0.01, None),
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
        ("€9.99", 9.99, "EUR"),
        ("9€", 9, "EUR"),
        ("forty-five dollars", 45, None),
        ("two hundred bucks", 200, None),
        ("＄４５", 45, None),
    ],
)
def test_an_amount_is_read_to_the_cent_with_the_currency_that_was_named(
    written: str, amount: float, currency: str | None
) -> None:
    """An amount is a number; a currency is given only when it isn't the user's own dollar."""
    slots = {"amount": amount, "category": "laundry"} | ({"currency": currency} if currency else {})
    found = route(f"add {written} for laundry")
    assert found == Route(2, "add_expense", slots)
    assert type(found.slots["amount"]) is type(amount)


@pytest.mark.parametrize(
    "written",
    [
        *("$0", "-$5", "$-5", "$5-6", "$5/6", "5%", "$.5", "$045", "$1e3", "$12k", "$1000000"),
        *("$1.234", "$1.200,50", "$9,5", "$1,00", "$12,34", "$1,2345", "€9£", "£9$", "٤٥", "$٤٥"),
    ],
)
def test_an_amount_that_may_be_read_in_two_ways_is_not_an_amount(written: str) -> None:
    """Signs, foreign separators, three decimals, multipliers, two currencies and zero all go to Claude."""
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
def test_a_date_is_a_symbol_or_a_day_that_exists(written: str, date: str | None) -> None:
    """A day is ISO with its year and MM-DD without; a day that doesn't exist, or may be two, is Claude's."""
    expected = (
        Route(2, "add_expense", {"amount": 45, "category": "laundry", "date": date}) if date else Route()
    )
    assert route(f"add $45 for laundry {written}") == expected


def test_the_documentation_shows_what_happens() -> None:
    """The examples of docs/routing.md give what they say."""
    page = (Path(__file__).parents[3] / "docs" / "routing.md").read_text(encoding="utf-8")
    example = page.partition("```python\n")[2].partition("```")[0]
    test = doctest.DocTestParser().get_doctest(example, {}, "docs/routing.md", None, 0)
    assert doctest.DocTestRunner().run(test) == (0, 3)
