"""The choice of a place from candidates."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.travel.place_names import is_park_name, name_words
from pam.travel.places import AmbiguousPlace, Place, PlaceKind, PlaceTooLarge, UnknownPlace, choose_place


def place(full_name: str, at: tuple[float, float] = (40.0, -100.0), kind: PlaceKind = "place") -> Place:
    """Return a place from `Name, State, Country`."""
    name, *surroundings = full_name.split(", ")
    country = {"United States": "US", "France": "FR", "Canada": "CA", "Australia": "AU"}.get(
        surroundings[-1] if surroundings else name
    )
    region = name if kind == "region" else surroundings[0] if len(surroundings) > 1 else None
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


def test_first_of_one_name_is_chosen_where_only_one_is_of_note() -> None:
    """“Denver” isn't the one in North Carolina, unless the state is named."""
    assert choose_place("Denver", [DENVER_CO, DENVER_NC]) == DENVER_CO
    assert choose_place("denver north carolina", [DENVER_CO, DENVER_NC]) == DENVER_NC


def test_shared_name_is_ambiguous_without_its_state() -> None:
    """The error names the candidates."""
    with pytest.raises(AmbiguousPlace) as raised:
        choose_place("Springfield", [SPRINGFIELD_IL, SPRINGFIELD_MO])
    assert "Springfield, Illinois, United States; Springfield, Missouri" in raised.value.message
    assert choose_place("Springfield, MO", [SPRINGFIELD_IL, SPRINGFIELD_MO]) == SPRINGFIELD_MO


def test_region_that_contains_the_place_is_no_rival() -> None:
    """New York is in New York; Banff lies in Banff National Park."""
    assert choose_place("New York", [NEW_YORK, NEW_YORK_STATE]) == NEW_YORK
    assert choose_place("New York", [NEW_YORK_STATE, NEW_YORK]) == NEW_YORK
    assert choose_place("new york city", [NEW_YORK_STATE, NEW_YORK]) == NEW_YORK
    assert choose_place("Banff", [BANFF, BANFF_PARK]) == BANFF


def test_distant_park_of_the_same_name_is_a_rival() -> None:
    """Zion may be a town in Illinois: it is ambiguous without the state or the user's position."""
    with pytest.raises(AmbiguousPlace):
        choose_place("Zion", [ZION_TOWN, ZION_PARK])
    assert choose_place("Zion National Park", [ZION_TOWN, ZION_PARK]) == ZION_PARK
    assert choose_place("zion utah", [ZION_TOWN, ZION_PARK]) == ZION_PARK
    assert choose_place("Zion", [ZION_TOWN, ZION_PARK], near=(36.2, -115.1)) == ZION_PARK


def test_place_in_the_user_s_country_is_a_rival() -> None:
    """Paris is in France for the French, and ambiguous for an American."""
    assert choose_place("Paris", [PARIS_FR, PARIS_TX]) == PARIS_FR
    assert choose_place("Paris", [PARIS_FR, PARIS_TX], country_code="FR") == PARIS_FR
    with pytest.raises(AmbiguousPlace):
        choose_place("Paris", [PARIS_FR, PARIS_TX], country_code="US")


def test_rival_is_chosen_by_distance_only_where_it_is_of_note() -> None:
    """From Bangor, Portland is the one in Maine; but from Minneapolis, Columbus may be the one in Ohio."""
    oregon = replace(place("Portland, Oregon, United States", (45.5, -122.7)), region_code="OR")
    maine = replace(place("Portland, Maine, United States", (43.7, -70.3)), region_code="ME")
    assert choose_place("Portland", [oregon, maine], near=(44.8, -68.8)) == maine
    ohio = replace(place("Columbus, Ohio, United States", (39.96, -83.0)), region_code="OH")
    minnesota = replace(place("Columbus, Minnesota, United States", (45.27, -93.05)), region_code="MN")
    with pytest.raises(AmbiguousPlace) as raised:
        choose_place("Columbus", [ohio, minnesota], near=(44.98, -93.6))
    assert raised.value.choices[0].text.startswith("Columbus, Minnesota")
    # In the town itself nobody means another one; and the first in Mapbox's order is chosen from farther away.
    assert choose_place("Columbus", [ohio, minnesota], near=(45.2, -93.1)) == minnesota
    assert choose_place("Columbus", [ohio, minnesota], near=(38.0, -84.0)) == ohio


def test_village_named_after_a_state_is_no_rival_of_it() -> None:
    """Where an area is enough; a large town is, as Washington."""
    california = place("California, United States", (37.2, -119.6), "region")
    village = place("California, Maryland, United States", (38.3, -76.5))
    assert choose_place("California", [california, village], country_code="US", use="area") == california


def test_prominent_town_is_asked_about_beside_one_in_the_surroundings() -> None:
    """From Moab, Frisco may be the one in Colorado; a part of a city is not prominent."""
    frisco_tx = place("Frisco, Texas, United States", (33.15, -96.82))
    frisco_co = place("Frisco, Colorado, United States", (39.57, -106.1))
    with pytest.raises(AmbiguousPlace):
        choose_place("Frisco", [frisco_tx, frisco_co], near=(38.57, -109.55))
    assert choose_place("Frisco", [frisco_tx, frisco_co], near=(35.2, -101.8)) == frisco_tx
    astoria_ny = place("Astoria, New York, United States", (40.77, -73.93))
    astoria_or = place("Astoria, Oregon, United States", (46.19, -123.83))
    with pytest.raises(AmbiguousPlace):
        choose_place("Astoria", [astoria_ny, astoria_or])


def test_first_place_is_always_among_the_choices() -> None:
    """The nearest ones are small, and not what most people mean."""
    columbus = place("Columbus, Ohio, United States", (39.96, -83.0))
    others = [
        place(f"Columbus, {state}, United States", at)
        for state, at in (
            ("Nebraska", (41.43, -97.37)),
            ("Montana", (45.64, -109.25)),
            ("New Mexico", (31.83, -107.64)),
            ("Texas", (29.71, -96.54)),
        )
    ]
    with pytest.raises(AmbiguousPlace) as raised:
        choose_place("Columbus", [columbus, *others], near=(39.74, -104.98), country_code="US")
    assert [choice.text for choice in raised.value.choices] == [
        "Columbus, Nebraska",
        "Columbus, Montana",
        "Columbus, Ohio",
    ]


@pytest.mark.parametrize(
    "text", ["Denver excluding tolls", "not Denver", "Denver Kansas", "", "the Denver", "Denv", "CO"]
)
def test_text_with_an_unknown_word_is_an_unknown_place(text: str) -> None:
    """A single word that isn't in the full name is enough."""
    with pytest.raises(UnknownPlace):
        choose_place(text, [DENVER_CO, DENVER_NC])


def test_abbreviation_matches_any_of_its_states() -> None:
    """WA is Washington or Western Australia, whichever the candidate has."""
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
def test_park_is_recognised_by_the_end_of_its_name(name: str, park: bool) -> None:
    """A lodge in a park, or a park in a town, is none."""
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
def test_name_words_have_no_accents_and_punctuation(text: str, expected: tuple[str, ...]) -> None:
    """Names match as people type them."""
    assert name_words(text) == expected


@given(
    st.text(max_size=80),
    st.lists(
        st.builds(place, st.from_regex(r"[A-Za-zäé .'-]{1,12}(, [A-Z][a-z]{1,8}){0,2}", fullmatch=True)), max_size=6
    ),
    st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
)
def test_any_text_and_candidates_give_a_place_or_an_error(
    text: str, candidates: list[Place], near: tuple[float, float] | None
) -> None:
    """A chosen place is a candidate that shares a word with the text."""
    found = None
    with suppress(UnknownPlace, AmbiguousPlace, PlaceTooLarge):
        found = choose_place(text, candidates, near=near, country_code="US")
    if found is not None:
        assert found in candidates
        assert set(name_words(text)) & set(name_words(found.full_name))
