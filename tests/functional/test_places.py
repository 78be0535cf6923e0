"""Places in answers: which are certain, what is asked back, and what the shared cache may contain."""

from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

from pam.answers.travel_sources import place_key
from pam.travel.place_names import search_text
from tests.conftest import Traveller

MOAB = {"latitude": 38.57, "longitude": -109.55}


def get(traveller: Traveller, path: str, **parameters: object) -> httpx.Response:
    return traveller.http.get(f"/v1/{path}", params={key: str(value) for key, value in parameters.items()})


def ask(traveller: Traveller, text: str, **more: Any) -> httpx.Response:
    return traveller.http.post("/v1/ask", json={"text": text, **more})


@pytest.fixture
def british(new_traveller: Callable[[], Traveller], owner: psycopg.Connection) -> Traveller:
    """A user with British settings, and a rig."""
    user = new_traveller()
    owner.execute(
        "insert into users (id, currency, time_zone, locale, units)"
        " values (%s, 'GBP', 'Europe/London', 'en_GB', 'imperial')",
        (user.id,),
    )
    return user


@pytest.mark.parametrize(
    ("disguised", "name"),
    [
        ("Laramie" + " ." * 20, "Laramie"),
        ("  RAWLINS ,,, " + "; " * 30, "rawlins"),
        ("Gillette" + "!" * 180, "Gillette"),
    ],
)
def test_refused_spelling_does_not_hide_a_place_from_others(
    new_traveller: Callable[[], Traveller], shared_table: Any, disguised: str, name: str
) -> None:
    """Whatever surrounds a name, what is cached under its key is the source's answer to the name itself."""
    shared_table.delete_item(Key={"key": place_key(name.casefold())})
    first = get(new_traveller(), "weather", place=disguised)
    second = get(new_traveller(), "weather", place=name)
    assert second.status_code == 200
    assert second.json()["place"]["name"].casefold().startswith(name.casefold())
    assert first.status_code == 200 and first.json()["place"] == second.json()["place"]


def test_text_that_is_not_sent_is_not_cached(traveller: Traveller, shared_table: Any) -> None:
    """A text of too many words is refused by us, so that the cache has no answer of the source to it."""
    text = " ".join(f"word{number}" for number in range(25))
    assert get(traveller, "weather", place=text).json()["code"] == "unknown_place"
    assert "Item" not in shared_table.get_item(Key={"key": place_key(search_text(text))})


def test_shared_keys_contain_no_typed_text(traveller: Traveller, shared_table: Any) -> None:
    """A place that a traveller typed is only found by who knows its name."""
    for path, parameters in (
        ("weather", {"place": "Evanston Wyoming"}),
        ("distance", {"origin": "Evanston Wyoming", "destination": "Rock Springs"}),
        ("parks", {"place": "Evanston Wyoming", "radius": 12.3, "unit": "mi"}),
        ("gas-prices", {"place": "Evanston Wyoming"}),
    ):
        assert get(traveller, path, **parameters).status_code == 200
    keys = [
        item["key"]
        for item in shared_table.scan(ProjectionExpression="#k", ExpressionAttributeNames={"#k": "key"})["Items"]
    ]
    assert len(keys) >= 5
    assert not [key for key in keys if "evanston" in key.casefold() or "springs" in key.casefold()]


def test_ambiguous_place_is_asked_back_with_complete_questions(traveller: Traveller) -> None:
    """Each choice of a question in words is the question with one place, which is answered."""
    reply = ask(traveller, "What's the weather in Springfield tomorrow?")
    body = reply.json()
    assert (reply.status_code, body["code"], body["field"]) == (422, "ambiguous_place", "text")
    assert 2 <= len(body["choices"]) <= 3
    for choice in body["choices"]:
        assert choice["value"] == f"What's the weather in {choice['text']} tomorrow?"
        answer = ask(traveller, choice["value"]).json()
        assert answer["intent"] == "weather" and answer["answer"]["place"]["name"] == choice["text"]
        assert answer["answer"]["period"] == "tomorrow"


def test_choices_of_a_route_are_full_names(traveller: Traveller) -> None:
    """They replace the field that the error names."""
    body = get(traveller, "distance", origin="Denver", destination="Monticello").json()
    assert (body["code"], body["field"]) == ("ambiguous_place", "destination")
    for choice in body["choices"]:
        answer = get(traveller, "distance", origin="Denver", destination=choice["value"])
        assert answer.status_code in (200, 422) and answer.json().get("code") in (None, "no_route")


def test_origin_or_position_makes_a_nearer_place_a_question(traveller: Traveller) -> None:
    """Green River is the one in Wyoming, unless one in Utah is much nearer to the device or to where the way begins."""
    assert get(traveller, "weather", place="Green River").json()["place"]["name"] == "Green River, Wyoming"
    assert get(traveller, "weather", place="Green River", **MOAB).json()["code"] == "ambiguous_place"
    body = ask(traveller, "how far is it from Moab to Green River").json()
    assert body["code"] == "ambiguous_place"
    assert [choice["value"] for choice in body["choices"]] == [
        "how far is it from Moab to Green River, Utah",
        "how far is it from Moab to Green River, Wyoming",
    ]


@pytest.mark.parametrize("question", ["how far is it from Denver to Texas", "any campgrounds near Nevada"])
def test_state_in_place_of_a_town_is_said(traveller: Traveller, question: str) -> None:
    """No distance to the middle of a state, and no “no campgrounds” around it."""
    reply = ask(traveller, question)
    assert (reply.status_code, reply.json()["code"]) == (422, "place_too_large")
    assert "is a state: name a town or a park in it" in reply.json()["message"]


def test_state_has_a_price(traveller: Traveller) -> None:
    """Wyoming is the state, not the town in Michigan; so is Texas, which has a price of its own."""
    wyoming = ask(traveller, "how much is gas in Wyoming").json()["answer"]
    assert wyoming["area"] == "Rocky Mountain (PADD 4)"
    assert ask(traveller, "how much is gas in Texas").json()["answer"]["area"] == "Texas"


@pytest.mark.parametrize("place", ["Hell", "Chi", "Xyzzyville"])
def test_place_without_a_similar_one_is_left_to_claude(traveller: Traveller, place: str) -> None:
    """There is nothing to choose from."""
    assert ask(traveller, f"weather in {place}").json()["tier"] == 3


@pytest.mark.parametrize(
    ("question", "place"), [("weather in Vegas", "Las Vegas, Nevada"), ("weather in SLC", "Salt Lake City, Utah")]
)
def test_nickname_is_understood(traveller: Traveller, question: str, place: str) -> None:
    """The answer has the full name."""
    assert ask(traveller, question).json()["answer"]["place"]["name"] == place


@pytest.mark.parametrize(
    ("question", "unit"),
    [
        ("how far is it from Denver to Moab in km", "km"),
        ("number of kilometres from Denver to Moab", "km"),
        ("how many km from Denver to Moab", "km"),
        ("how far is it from Denver to Moab in miles", "mi"),
        ("how far is it from Denver to Moab", "mi"),
    ],
)
def test_distance_has_the_unit_of_the_question(traveller: Traveller, question: str, unit: str) -> None:
    """In the sentence and in the figures; without one it is the user's own."""
    answer = ask(traveller, question).json()["answer"]
    assert answer["unit"] == unit and f" {unit} by road" in answer["text"]
    assert (500 < answer["distance"] < 600) if unit == "km" else (300 < answer["distance"] < 370)


def test_volumes_have_the_unit_of_the_question(traveller: Traveller) -> None:
    """Litres where the question says litres, with the price per litre; the way is in the unit it was given in."""
    fuel = ask(traveller, "how many litres of diesel for 500 km at 20 l/100km").json()["answer"]
    assert (fuel["volume"], fuel["volume_unit"], fuel["price"]["unit"]) == (100.0, "l", "l")
    assert (fuel["distance"], fuel["unit"]) == (500.0, "km")
    assert fuel["text"].startswith("500 km at ") and " 100.0 l" in fuel["text"]
    litre = ask(traveller, "gas price per litre in Denver").json()["answer"]
    gallon = ask(traveller, "gas price per gallon in Denver").json()["answer"]
    assert (litre["unit"], gallon["unit"]) == ("l", "gal")
    assert float(gallon["price"]) == pytest.approx(float(litre["price"]) * 3.785411784, abs=0.003)


def test_weather_where_the_device_is_has_no_preposition(traveller: Traveller) -> None:
    """“Cloudy where you are now”, not “in where you are”; a period later begins a sentence with it."""
    now = get(traveller, "weather", **MOAB).json()["text"]
    assert " where you are now, with wind of " in now and " in where" not in now
    assert get(traveller, "weather", period="tomorrow", **MOAB).json()["text"].startswith("Where you are: ")
    assert " in Moab, Utah now, with wind of " in get(traveller, "weather", place="Moab").json()["text"]


def test_gallons_of_a_british_traveller_are_said_to_be_american(british: Traveller, traveller: Traveller) -> None:
    """An imperial gallon is a fifth larger; an American isn't told."""
    fuel = get(british, "fuel-estimate", distance=300, consumption=10, price=3.5).json()["text"]
    assert "10.0 mpg (US) take about 30.0 US gal" in fuel and "£3.50 a US gallon" in fuel
    price = get(british, "gas-prices", place="Denver, Colorado, United States").json()["text"]
    assert " a US gallon: " in price
    assert "US gal" not in get(traveller, "fuel-estimate", distance=300, consumption=10, price=3.5).json()["text"]
