"""The stand-in's facts: what English sentences state about their speaker, and what they don't."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.stand_ins.claude.fact_patterns import StatedFact, find_facts

# Subjects and values by sentences.
STATED = {
    "We sold the F-350, we drive a Sprinter now.": [("vehicle", "Sprinter")],
    "We traded the truck for a Class C motorhome last week": [("vehicle", "Class C motorhome")],
    "Sad day: we sold the trailer.": [("trailer", "sold the trailer")],
    "We've been looking around, and I bought a Promaster yesterday.": [("vehicle", "Promaster")],
    "We drive a Grizzly 4x4, our home base is Taos": [("vehicle", "Grizzly 4x4"), ("home base", "Taos")],
    "Our rig is a 2019 Winnebago View.": [("vehicle", "2019 Winnebago View")],
    "we relocated to Sioux Falls because of taxes": [("home base", "Sioux Falls")],
    "I’m based in Quartzsite these days": [("home base", "Quartzsite")],
    "We got a cat, Miso.": [("cats", "cat, Miso")],
    "We adopted a third dog so we have three dogs now": [("dogs", "three dogs")],
    "We joined the Escapees club.": [("membership", "Escapees club")],
    "I am allergic to bee stings.": [("allergy to bee stings", "allergic to bee stings")],
    "I'm no longer allergic to nuts": [("allergy to nuts", "no longer allergic to nuts")],
    "I went vegan in May.": [("diet", "vegan in May")],
    "My anniversary is on the 12th of June.": [("anniversary", "the 12th of June")],
    "Our dog is called Pepper.": [("name of dog", "Pepper")],
    "Our favourite campground is Goosenecks.": [("campground type", "Goosenecks")],
    "My favorite breakfast is huevos rancheros": [("favorite breakfast", "huevos rancheros")],
    "Remember that the spare key hangs behind the fridge.": [
        ("spare key hangs", "the spare key hangs behind the fridge")
    ],
}
STANDING = {
    "Always answer in km.": [("distance units", "Always answer in km")],
    "PAM, please never route us over toll roads!": [("toll roads", "never route us over toll roads")],
    "Don't suggest casinos any more": [("casinos", "Don't suggest casinos")],
    "We don't want to drive at night any more after the deer.": [("drive night", "don't want to drive at night")],
    "From now on, give temperatures in Celsius.": [("temperature units", "give temperatures in Celsius")],
    "You can suggest casinos again.": [("casinos", "You can suggest casinos")],
    "We prefer boondocking over RV resorts": [("campground type", "boondocking")],
    "I prefer oat milk.": [("preferred oat milk", "oat milk")],
    "We travel with a parrot": [("pets", "parrot")],
}
NOTHING = [
    "Should we sell the truck?",
    "If we had a van, we would sleep better.",
    "We might buy a Sprinter.",
    "We are thinking of getting a dog.",
    "We used to drive a bus.",
    "We drive to Moab tomorrow.",
    "We drive a lot.",
    "We drove a rental car in 2019 from A to B?",
    "Our tank is full.",
    "Our dog is sick.",
    "Our van is in the shop.",
    "We have a problem with the pump.",
    'The host said "we always pay cash" to everybody.',
    "The sign reads “never park here”.",
    "They drive a Sprinter.",
    "His birthday is 3 May.",
    "We moved to Moab for the week.",
    "Add $45 for gas.",
    "",
]


@pytest.mark.parametrize(("text", "facts"), [*STATED.items(), *STANDING.items()])
def test_statement_is_found(text: str, facts: list[tuple[str, str]]) -> None:
    """With its subject, its value, and whether every answer has to respect it."""
    assert find_facts(text) == [StatedFact(*fact, standing=text in STANDING) for fact in facts]


@pytest.mark.parametrize("text", NOTHING)
def test_what_is_no_statement_about_oneself_is_not_found(text: str) -> None:
    """Questions, plans, passing states, quotations, and other people."""
    assert find_facts(text) == []


@given(st.text(), st.sampled_from([*STATED, *STANDING]))
def test_values_are_quoted(noise: str, sentence: str) -> None:
    """Whatever stands around: each value is a part of the text."""
    text = f"{noise}\n{sentence}\n{noise}"
    for fact in find_facts(text):
        assert fact.value in text.replace("’", "'")
        assert fact.subject == fact.subject.lower().strip()
