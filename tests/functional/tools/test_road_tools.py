"""What Claude can find out about the road: from named sources, in the traveller's units, never invented."""

import json
import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from pam.platform.errors import PamError
from pam.tools.catalog.travel import estimate_travel_time, find_cheap_gas, find_rv_parks, get_weather_forecast
from tests.functional.test_travel import StandIn, uncached_point
from tests.functional.tools.conftest import Caller

MOAB = (38.57, -109.55)
TOOLS = (estimate_travel_time, find_cheap_gas, find_rv_parks, get_weather_forecast)


@pytest.fixture
def australian(caller: Caller, owner: psycopg.Connection) -> Caller:
    """Somebody who measures and pays as Australians do."""
    owner.execute(
        "insert into users (id, currency, time_zone, locale, units)"
        " values (%s, 'AUD', 'Australia/Sydney', 'en_AU', 'metric')",
        (caller.id,),
    )
    return caller


def refusal(call: Callable[[], Any]) -> PamError:
    with pytest.raises(PamError) as caught:
        call()
    return caught.value


# What can't be answered is said, with the code that the HTTP routes have for it.


@pytest.mark.parametrize(
    ("tool", "raw", "code"),
    [
        (find_cheap_gas, "", "invalid_request"),
        (find_cheap_gas, '{"place": "here"}', "location_needed"),
        (find_cheap_gas, '{"place": "Moab", "fuel": "lpg"}', "invalid_request"),
        (find_cheap_gas, '{"place": "Moab", "radius": 20}', "invalid_request"),
        (find_cheap_gas, '{"place": "Sydney, Australia"}', "no_price_source"),
        (find_cheap_gas, '{"place": "Springfield"}', "ambiguous_place"),
        (find_cheap_gas, '{"place": "Xyzzyville"}', "unknown_place"),
        (find_cheap_gas, '{"place": "\\u0000"}', "invalid_text"),
        (find_cheap_gas, '{"place": ""}', "invalid_text"),
        (find_cheap_gas, '{"place": 5}', "invalid_text"),
        (find_cheap_gas, '{"place": "' + "x" * 201 + '"}', "invalid_text"),
        (get_weather_forecast, "", "location_needed"),
        (get_weather_forecast, '{"place": "Moab", "days": 0}', "invalid_quantity"),
        (get_weather_forecast, '{"place": "Moab", "days": 17}', "invalid_quantity"),
        (get_weather_forecast, '{"place": "Moab", "days": 2.5}', "invalid_quantity"),
        (get_weather_forecast, '{"place": "Moab", "days": 1e999999}', "invalid_quantity"),
        (get_weather_forecast, '{"place": "Moab", "days": true}', "invalid_quantity"),
        (get_weather_forecast, '{"place": "Moab", "days": "a few"}', "invalid_quantity"),
        (get_weather_forecast, '{"place": "Moab", "days": 3, "period": "today"}', "invalid_request"),
        (get_weather_forecast, '{"place": "Moab", "period": "last_week"}', "unknown_period"),
        (get_weather_forecast, '{"place": "Moab", "latitude": 1}', "invalid_request"),
        (estimate_travel_time, '{"destination": "Moab"}', "invalid_request"),
        (estimate_travel_time, '{"origin": "here", "destination": "Moab"}', "location_needed"),
        (estimate_travel_time, '{"origin": "Denver", "destination": "Honolulu"}', "no_route"),
        (estimate_travel_time, '{"origin": "Denver", "destination": "Moab", "breaks": "no"}', "invalid_request"),
        (estimate_travel_time, '{"origin": "Denver", "destination": "Moab", "breaks": 0}', "invalid_request"),
        (find_rv_parks, '{"place": "Moab", "radius": 0}', "invalid_quantity"),
        (find_rv_parks, '{"place": "Moab", "radius": 500.1}', "invalid_quantity"),
        (find_rv_parks, '{"place": "Moab", "radius": "far"}', "invalid_quantity"),
        (find_rv_parks, '{"place": "Moab", "amenities": ["wifi"]}', "invalid_request"),
        (find_rv_parks, '["Moab"]', "invalid_request"),
        (find_rv_parks, "{'place': 'Moab'}", "malformed_json"),
    ],
)
def test_what_can_not_be_answered_says_why(caller: Caller, tool: Any, raw: str, code: str) -> None:
    """A sentence that Claude can act on, and no figure."""
    refused = refusal(lambda: caller.does(tool, raw))
    assert refused.error.code == code and refused.message[-1] in ".?"


def test_of_few_choices_the_refusal_names_them(caller: Caller) -> None:
    """Claude needn't guess twice."""
    refused = refusal(lambda: caller.does(find_cheap_gas, '{"place": "Moab", "fuel": "lpg"}'))
    assert refused.message == "“fuel” must be 'regular', 'mid', 'premium' or 'diesel'."


@pytest.mark.parametrize("mode", ["500", "cut", "wrong_json", "429", "401"])
@pytest.mark.parametrize("tool", [estimate_travel_time, find_rv_parks, get_weather_forecast, find_cheap_gas])
def test_with_the_map_down_nothing_is_made_up(caller: Caller, mapbox: StandIn, tool: Any, mode: str) -> None:
    """Whatever begins with a place ends in a sentence that names the source."""
    mapbox.fail(mode)
    place = f"Nowhere {uuid.uuid4().hex[:8]}"
    asked = {"origin": place, "destination": "Moab"} if tool is estimate_travel_time else {"place": place}
    refused = refusal(lambda: caller.does(tool, json.dumps(asked)))
    assert refused.error.code in ("source_unavailable", "source_not_configured")
    assert "Mapbox" in refused.message


@pytest.mark.parametrize("asked", [{"days": 3}, {"period": "tomorrow"}, {}])
def test_with_the_weather_down_there_is_no_forecast(
    caller: Caller, open_meteo: StandIn, asked: dict[str, object]
) -> None:
    """In time for the tool, though the source takes half a minute."""
    open_meteo.fail("slow", seconds=30)
    here = caller.located(*uncached_point().values())
    refused = refusal(lambda: here.does(get_weather_forecast, json.dumps(asked)))
    assert refused.error.code == "source_unavailable" and "Open-Meteo" in refused.message


def test_with_the_survey_down_there_is_no_price(caller: Caller, eia: StandIn, shared_table: Any) -> None:
    """And with a price known from before, it is told with its age."""
    key = {"key": "price|mid|R30"}
    shared_table.delete_item(Key=key)
    eia.fail("500")
    asked = '{"place": "Albuquerque", "fuel": "mid"}'
    refused = refusal(lambda: caller.does(find_cheap_gas, asked))
    assert refused.error.code == "source_unavailable" and "EIA" in refused.message
    eia.reset()
    shared_table.delete_item(Key=key)
    assert "stale" not in caller.does(find_cheap_gas, asked).data
    shared_table.update_item(
        Key=key, UpdateExpression="SET fresh_until = :past", ExpressionAttributeValues={":past": 1}
    )
    eia.fail("500")
    told = caller.does(find_cheap_gas, asked).data
    assert told["stale"] is True and told["reason"] == "source_unavailable" and told["age_s"] >= 0


# What is answered is what a source says.


def test_a_price_is_called_an_average(caller: Caller) -> None:
    """Of a region and a week; no station is named, and it's said that none is known."""
    told = caller.does(find_cheap_gas, '{"place": "Moab, Utah", "fuel": "diesel"}')
    assert told.text.startswith("The average price of diesel is $")
    assert told.text.endswith(" PAM knows no prices of single stations.")
    assert told.data.keys() == {"fuel_type", "area", "week", "price", "unit", "currency"}
    assert told.data["area"] == "Rocky Mountain (PADD 4)"
    assert told.source == "Mapbox (simulated), EIA (simulated)"
    assert caller.does(find_cheap_gas, '{"place": "Moab, Utah"}').data["fuel_type"] == "regular"


def test_here_is_where_the_device_is(caller: Caller) -> None:
    """In whatever case Claude writes it; without a device's place there is no here."""
    here = caller.located(*MOAB)
    told = here.does(get_weather_forecast, '{"days": 1}')
    assert told.data["place"] == {"name": "where you are", "latitude": MOAB[0], "longitude": MOAB[1]}
    way = here.does(estimate_travel_time, '{"origin": "Here", "destination": "Denver"}')
    assert "from where you are to Denver, Colorado" in way.text
    parks = here.does(find_rv_parks, '{"place": "here", "radius": 30}')
    assert "within 30 mi of where you are" in parks.text
    far = caller.located(0.0, -140.0).does(find_rv_parks, '{"place": "here", "radius": 100}')
    assert far.data["parks"] == [] and "knows no place to camp within 100 mi of where you are" in far.text


def test_of_several_places_the_one_nearby_is_meant(caller: Caller) -> None:
    """Every tool asks for a place from where the device is."""
    here = caller.located(39.6, -89.7)
    assert here.does(find_cheap_gas, '{"place": "Springfield"}').data["area"] == "Midwest (PADD 2)"
    for tool in (get_weather_forecast, find_rv_parks):
        assert here.does(tool, '{"place": "Springfield"}').data["place"]["name"] == "Springfield, Illinois"
    days = here.does(get_weather_forecast, '{"place": "Springfield", "days": 2}').data
    assert days["place"]["name"] == "Springfield, Illinois"
    way = here.does(estimate_travel_time, '{"origin": "Springfield", "destination": "Denver"}').data
    assert way["origin"]["name"] == "Springfield, Illinois"


@pytest.mark.parametrize(("asked", "count"), [("1", 1), ("3", 3), ('"7"', 7), ("1e1", 10), ("16", 16)])
def test_days_begin_today_where_the_place_is(caller: Caller, asked: str, count: int) -> None:
    """One line for each, without a gap; up to sixteen."""
    told = caller.does(get_weather_forecast, f'{{"place": "Moab", "days": {asked}}}')
    days = [date.fromisoformat(day["date"]) for day in told.data["days"]]
    assert days == [days[0] + timedelta(days=number) for number in range(count)]
    today = datetime.now(ZoneInfo(told.data["time_zone"])).date()
    assert today - timedelta(days=1) <= days[0] <= today  # midnight may have passed meanwhile
    assert told.data["time_zone"] == "America/Denver" and "hours" not in told.data
    assert told.text.startswith("In Moab, Utah, ") and " °F" in told.text
    assert {day["wind_warning"] for day in told.data["days"]} <= {None, "caution", "warning", "danger"}
    assert told.source == "Mapbox (simulated), Open-Meteo (simulated)"


def test_a_period_comes_with_every_third_hour(caller: Caller) -> None:
    """Enough to choose an hour by; longer ones by the day only."""
    tomorrow = caller.does(get_weather_forecast, '{"place": "Moab", "period": "tomorrow"}').data
    assert [datetime.fromisoformat(hour["time"]).hour for hour in tomorrow["every_third_hour"]] == [*range(0, 24, 3)]
    week = caller.does(get_weather_forecast, '{"place": "Moab", "period": "this_week"}').data
    assert "every_third_hour" not in week and "hours" not in week and len(week["days"]) == 7
    now = caller.does(get_weather_forecast, '{"place": "Moab"}').data
    assert now["period"] == "now" and now["now"]["temperature"] is not None and len(now["every_third_hour"]) == 8


def test_a_drive_has_breaks_and_days(caller: Caller) -> None:
    """Fifteen minutes after each two hours, thirty after the sixth, and no day longer than eight hours."""
    told = caller.does(estimate_travel_time, '{"origin": "Denver", "destination": "Seattle"}')
    data = told.data
    days, rest = divmod(data["driving_s"], 8 * 3600)
    assert rest and data["days"] == days + 1
    last = sum(1800 if hour == 6 else 900 for hour in (2, 4, 6) if rest > hour * 3600)
    assert data["breaks_s"] == days * 3600 + last
    assert data["unit"] == "mi" and data["distance"] > 1000
    assert told.text.endswith(f"of breaks, over {days + 1} days of at most 8 h at the wheel.")
    alone = caller.does(estimate_travel_time, '{"origin": "Denver", "destination": "Seattle", "breaks": false}')
    assert alone.data["driving_s"] == data["driving_s"] and alone.data["breaks_s"] == 0
    assert "breaks" not in alone.text


def test_parks_lie_within_the_radius_nearest_first(caller: Caller) -> None:
    """Also for a radius that Claude writes as text; without one, 25 miles."""
    told = caller.does(find_rv_parks, '{"place": "Moab", "radius": "30"}')
    distances = [park["distance"] for park in told.data["parks"]]
    assert distances and distances == sorted(distances) and max(distances) <= 30
    assert "simulated" in told.source and all("Simulated" in park["name"] for park in told.data["parks"])
    usual = caller.does(find_rv_parks, '{"place": "Moab", "radius": null}')
    assert (usual.data["radius"], usual.data["radius_unit"]) == (25.0, "mi")


def test_an_australian_is_told_in_their_own_units(australian: Caller) -> None:
    """Kilometres and degrees Celsius, in figures and in words."""
    way = australian.does(estimate_travel_time, '{"origin": "Sydney", "destination": "Melbourne"}')
    assert way.data["unit"] == "km" and " km by road from Sydney, New South Wales" in way.text
    days = australian.does(get_weather_forecast, '{"place": "Alice Springs", "days": 5}')
    assert days.data["units"]["temperature"] == "°C" and " °C" in days.text and "°F" not in days.text
    parks = australian.does(find_rv_parks, '{"place": "Alice Springs"}')
    assert (parks.data["radius"], parks.data["radius_unit"], parks.data["unit"]) == (40.0, "km", "km")
    price = australian.does(find_cheap_gas, '{"place": "Colorado"}')
    assert (price.data["unit"], price.data["currency"]) == ("l", "USD") and " a litre" in price.text


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_what_claude_reads_holds_no_plumbing(caller: Caller, tool: Any) -> None:
    """Figures as JSON; the sentence, the source and the time beside them."""
    asked = {"origin": "Denver", "destination": "Moab"} if tool is estimate_travel_time else {"place": "Moab"}
    told = caller.does(tool, json.dumps(asked))
    assert not told.data.keys() & {"tier", "text", "source", "as_of", "cached", "stale"}
    assert json.loads(json.dumps(told.data)) == told.data
    assert told.text[-1] == "." and datetime.fromisoformat(told.as_of).tzinfo is not None
    assert told.effect is None


@pytest.mark.parametrize(
    ("tool", "place", "doing"),
    [
        (find_cheap_gas, "Denver", "Looking for fuel prices near Denver"),
        (get_weather_forecast, "Here", "Looking up the weather near you"),
        (find_rv_parks, "here", "Looking for places to camp near you"),
        (estimate_travel_time, "Moab", "Working out the drive to Moab"),
    ],
)
def test_what_is_going_on_is_said_in_a_few_words(tool: Any, place: str, doing: str) -> None:
    """With the place that it is about."""
    assert tool.summary(tool.arguments.model_construct(place=place, destination=place)) == doing
