"""Which place is meant, by rules alone: candidates in, a place or a refusal out."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.travel.places import (
    AmbiguousPlace,
    Place,
    PlaceKind,
    UnknownPlace,
    choose_place,
    is_park_name,
    name_words,
)


def place(full_name: str, at: tuple[float, float] = (40.0, -100.0), kind: PlaceKind = "place") -> Place:
    """A place out of `Name, State, Country`."""
    name, *around = full_name.split(", ")
    country = {"United States": "US", "France": "FR", "Canada": "CA", "Australia": "AU"}.get(
        around[-1] if around else name
    )
    region = name if kind == "region" else around[0] if len(around) > 1 else None
    return Place(name, full_name, kind, *at, country_code=country, region=region, region_code=None)


DENVER_CO = place("Denver, Colorado, United States", (39.74, -104.98))
DENVER_NC = place("Denver, North Carolina, United States", (35.53, -81.03))
SPRINGFIELD_IL = place("Springfield, Illinois, United States", (39.8, -89.65))
SPRINGFIELD_MO = place("Springfield, Missouri, United States", (37.2, -93.3))
PARIS_FR = place("Paris, France", (48.86, 2.35))
PARIS_TX = place("Paris, Texas, United States", (33.66, -95.56))
NEW_YORK = place("New York, New York, United States", (40.71, -74.0))
NEW_YORK_STATE = place("New York, United States", (42.9, -75.5), "region")
ZION_PARK = place("Zion National Park, Utah, United States", (37.3, -113.03), "park")
ZION_TOWN = place("Zion, Illinois, United States", (42.45, -87.83))
BANFF = place("Banff, Alberta, Canada", (51.18, -115.57))
BANFF_PARK = place("Banff National Park, Alberta, Canada", (51.5, -115.93), "park")


def test_the_first_of_namesakes_is_meant_where_only_one_is_of_note() -> None:
    """Nobody who says Denver means the one in North Carolina."""
    assert choose_place("Denver", [DENVER_CO, DENVER_NC]) == DENVER_CO
    assert choose_place("denver north carolina", [DENVER_CO, DENVER_NC]) == DENVER_NC


def test_namesakes_of_note_are_ambiguous_without_their_state() -> None:
    """The candidates are named, for whoever asks back."""
    with pytest.raises(AmbiguousPlace) as refused:
        choose_place("Springfield", [SPRINGFIELD_IL, SPRINGFIELD_MO])
    assert refused.value.candidates == (SPRINGFIELD_IL, SPRINGFIELD_MO)
    assert "Springfield, Missouri" in refused.value.message
    assert choose_place("Springfield, MO", [SPRINGFIELD_IL, SPRINGFIELD_MO]) == SPRINGFIELD_MO


def test_what_holds_a_place_is_no_rival() -> None:
    """New York is in New York; Banff lies in Banff National Park."""
    assert choose_place("New York", [NEW_YORK, NEW_YORK_STATE]) == NEW_YORK
    assert choose_place("New York", [NEW_YORK_STATE, NEW_YORK]) == NEW_YORK_STATE
    assert choose_place("new york city", [NEW_YORK_STATE, NEW_YORK]) == NEW_YORK
    assert choose_place("Banff", [BANFF, BANFF_PARK]) == BANFF


def test_a_park_far_from_its_namesake_is_a_rival() -> None:
    """Zion may be a town in Illinois: one asks, unless it's said, or clear from where the traveller is."""
    with pytest.raises(AmbiguousPlace):
        choose_place("Zion", [ZION_TOWN, ZION_PARK])
    assert choose_place("Zion National Park", [ZION_TOWN, ZION_PARK]) == ZION_PARK
    assert choose_place("zion utah", [ZION_TOWN, ZION_PARK]) == ZION_PARK
    assert choose_place("Zion", [ZION_TOWN, ZION_PARK], near=(36.2, -115.1)) == ZION_PARK


def test_abroad_and_at_home() -> None:
    """For a Frenchman it's Paris, for a Texan one asks."""
    assert choose_place("Paris", [PARIS_FR, PARIS_TX]) == PARIS_FR
    assert choose_place("Paris", [PARIS_FR, PARIS_TX], country_code="FR") == PARIS_FR
    with pytest.raises(AmbiguousPlace):
        choose_place("Paris", [PARIS_FR, PARIS_TX], country_code="US")


@pytest.mark.parametrize(
    "text", ["Denver excluding tolls", "not Denver", "Denver Kansas", "", "the Denver", "Denv", "CO"]
)
def test_every_word_must_be_explained(text: str) -> None:
    """A stray word makes it no place."""
    with pytest.raises(UnknownPlace):
        choose_place(text, [DENVER_CO, DENVER_NC])


def test_a_short_form_is_a_state_only_behind_a_name() -> None:
    """WA is Washington or Western Australia, whichever is there."""
    perth = place("Perth, Western Australia, Australia")
    seattle = place("Seattle, Washington, United States")
    assert choose_place("Perth WA", [perth]) == perth
    assert choose_place("Seattle, WA, USA", [seattle]) == seattle


@pytest.mark.parametrize(
    ("name", "park"),
    [
        ("Zion National Park", True),
        ("Denali National Park and Preserve", True),
        ("Custer State Park", True),
        ("Zion National Park Lodge", False),
        ("National Park", False),
        ("Central Park", False),
    ],
)
def test_a_park_is_known_by_the_end_of_its_name(name: str, park: bool) -> None:
    """What is in a park, or a park in a town, isn't one."""
    assert is_park_name(name) == park


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("St. George", ("saint", "george")),
        ("Coeur d’Alene", ("coeur", "dalene")),
        ("Québec", ("quebec",)),
        ("Washington, D.C.", ("washington", "dc")),
        ("Winston-Salem", ("winston", "salem")),
    ],
)
def test_words_are_compared_without_accents_and_points(text: str, expected: tuple[str, ...]) -> None:
    """As people type them."""
    assert name_words(text) == expected


@given(
    st.text(max_size=80),
    st.lists(
        st.builds(place, st.from_regex(r"[A-Za-zäé .'-]{1,12}(, [A-Z][a-z]{1,8}){0,2}", fullmatch=True)), max_size=6
    ),
    st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
)
def test_any_words_and_candidates_are_a_place_or_a_refusal(
    text: str, candidates: list[Place], near: tuple[float, float] | None
) -> None:
    """And a place that is picked explains the first word."""
    found = None
    with suppress(UnknownPlace, AmbiguousPlace):
        found = choose_place(text, candidates, near=near, country_code="US")
    if found is not None:
        assert found in candidates
        assert set(name_words(text)) & set(name_words(found.full_name))
