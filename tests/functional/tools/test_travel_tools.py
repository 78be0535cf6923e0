"""Tools for travel: answers from named sources, in the user's units."""

import json
import random
import uuid
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from pam.tools.catalog.travel import (
    estimate_travel_time,
    find_attractions,
    find_cheap_gas,
    find_rv_parks,
    get_weather_forecast,
)
from tests.functional.test_travel import StandIn
from tests.functional.tools.conftest import Caller, error_of

MOAB = (38.57, -109.55)
TOOLS = (estimate_travel_time, find_attractions, find_cheap_gas, find_rv_parks, get_weather_forecast)


@pytest.fixture
def australian(caller: Caller, owner: psycopg.Connection) -> Caller:
    """A user with Australian units and currency."""
    owner.execute(
        "insert into users (id, currency, time_zone, locale, units)"
        " values (%s, 'AUD', 'Australia/Sydney', 'en_AU', 'metric')",
        (caller.id,),
    )
    return caller


@pytest.mark.parametrize(
    ("tool", "raw", "code"),
    [
        (find_cheap_gas, "", "invalid_request"),
        (find_cheap_gas, '{"place": "here"}', "location_needed"),
        (find_cheap_gas, '{"place": "Moab", "fuel": "lpg"}', "invalid_request"),
        (find_cheap_gas, '{"place": "Moab", "radius": 501}', "invalid_quantity"),
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
        (find_rv_parks, '{"place": "Moab", "amenities": "wifi"}', "invalid_request"),
        (find_rv_parks, '{"place": "Moab", "amenities": [""]}', "invalid_text"),
        (find_rv_parks, '{"place": "Moab", "amenities": [' + '"wifi",' * 10 + '"wifi"]}', "invalid_request"),
        (find_rv_parks, '{"place": "Moab", "max_price": 0}', "invalid_amount"),
        (find_rv_parks, '{"place": "Moab", "max_price": 1000001}', "invalid_amount"),
        (find_attractions, '{"kinds": ["museum"]}', "invalid_request"),
        (find_attractions, '{"place": "here"}', "location_needed"),
        (find_attractions, '{"place": "Moab", "kinds": ["casino"]}', "invalid_request"),
        (find_attractions, '{"place": "Moab", "kinds": []}', "invalid_request"),
        (
            find_attractions,
            '{"place": "Moab", "kinds": ["zoo", "park", "beach", "museum", "winery", "viewpoint"]}',
            "invalid_request",
        ),
        (find_attractions, '{"place": "Moab", "radius": 501}', "invalid_quantity"),
        (find_attractions, '{"place": "Xyzzyville"}', "unknown_place"),
        (find_rv_parks, '["Moab"]', "invalid_request"),
        (find_rv_parks, "{'place': 'Moab'}", "malformed_json"),
    ],
)
def test_invalid_arguments_are_rejected(caller: Caller, tool: Any, raw: str, code: str) -> None:
    """With the error code of the HTTP route and a message that the model can act on."""
    error = error_of(lambda: caller.call(tool, raw))
    assert error.error.code == code and error.message[-1] in ".?"


def test_error_of_an_enumerated_argument_names_the_choices(caller: Caller) -> None:
    """So that the model need not guess twice."""
    error = error_of(lambda: caller.call(find_cheap_gas, '{"place": "Moab", "fuel": "lpg"}'))
    assert error.message == "“fuel” must be 'regular', 'mid', 'premium' or 'diesel'."


@pytest.mark.parametrize("mode", ["500", "cut", "wrong_json", "429", "401"])
@pytest.mark.parametrize("tool", TOOLS)
def test_unavailable_map_is_an_error(caller: Caller, mapbox: StandIn, tool: Any, mode: str) -> None:
    """Of every tool that takes a place; the message names the source."""
    mapbox.fail(mode)
    place = f"Nowhere {uuid.uuid4().hex[:8]}"
    arguments = {"origin": place, "destination": "Moab"} if tool is estimate_travel_time else {"place": place}
    error = error_of(lambda: caller.call(tool, json.dumps(arguments)))
    assert error.error.code in ("source_unavailable", "source_not_configured")
    assert "Mapbox" in error.message


@pytest.mark.parametrize("arguments", [{"days": 3}, {"period": "tomorrow"}, {}])
def test_unavailable_weather_is_an_error_in_time(
    caller: Caller, open_meteo: StandIn, arguments: dict[str, object]
) -> None:
    """Before the timeout of the tool, though the source takes half a minute."""
    open_meteo.fail("slow", seconds=30)
    here = caller.located(random.uniform(30, 45), random.uniform(-120, -90))
    error = error_of(lambda: here.call(get_weather_forecast, json.dumps(arguments)))
    assert error.error.code == "source_unavailable" and "Open-Meteo" in error.message


def test_unavailable_survey_is_an_error_or_a_stale_price(caller: Caller, eia: StandIn, shared_table: Any) -> None:
    """A price from before is returned with its age."""
    key = {"key": "price|mid|R30"}
    shared_table.delete_item(Key=key)
    eia.fail("500")
    arguments = '{"place": "Albuquerque", "fuel": "mid"}'
    error = error_of(lambda: caller.call(find_cheap_gas, arguments))
    assert error.error.code == "source_unavailable" and "EIA" in error.message
    eia.reset()
    shared_table.delete_item(Key=key)
    assert "stale" not in caller.call(find_cheap_gas, arguments).data
    shared_table.update_item(
        Key=key, UpdateExpression="SET fresh_until = :past", ExpressionAttributeValues={":past": 1}
    )
    eia.fail("500")
    result = caller.call(find_cheap_gas, arguments).data
    assert result["stale"] is True and result["reason"] == "source_unavailable" and result["age_s"] >= 0


def test_fuel_price_is_called_an_average(caller: Caller) -> None:
    """Of a region and a week; no station is named, and the text says that none is known."""
    result = caller.call(find_cheap_gas, '{"place": "Moab, Utah", "fuel": "diesel"}')
    assert result.text.startswith("The average price of diesel in ")
    assert result.text.endswith(" PAM knows no prices of single stations.")
    assert result.data.keys() == {"fuel_type", "area", "week", "price", "unit", "currency"}
    assert result.data["area"] == "Rocky Mountain (PADD 4)"
    assert result.source == "Mapbox (simulated), EIA (simulated)"
    assert caller.call(find_cheap_gas, '{"place": "Moab, Utah"}').data["fuel_type"] == "regular"


def test_radius_of_stations_is_answered_with_the_average_of_the_region(caller: Caller) -> None:
    """The text says that it isn't one of the radius."""
    result = caller.call(find_cheap_gas, '{"place": "Moab, Utah", "radius": 20}')
    assert result.data["area"] == "Rocky Mountain (PADD 4)"
    assert result.text.endswith("no prices of single stations, so it can't compare those within the radius.")


def test_here_is_the_location_of_the_device(caller: Caller) -> None:
    """In upper or lower case."""
    here = caller.located(*MOAB)
    result = here.call(get_weather_forecast, '{"days": 1}')
    assert result.data["place"] == {"name": "where you are", "latitude": MOAB[0], "longitude": MOAB[1]}
    drive = here.call(estimate_travel_time, '{"origin": "Here", "destination": "Denver"}')
    assert "from where you are to Denver, Colorado" in drive.text
    parks = here.call(find_rv_parks, '{"place": "here", "radius": 30}')
    assert "within 30 mi of where you are" in parks.text
    far = caller.located(0.0, -140.0).call(find_rv_parks, '{"place": "here", "radius": 100}')
    assert far.data["parks"] == [] and "knows no place to camp within 100 mi of where you are" in far.text


def test_ambiguous_place_is_the_one_near_the_device(caller: Caller) -> None:
    """In every tool with a place."""
    here = caller.located(39.6, -89.7)
    assert here.call(find_cheap_gas, '{"place": "Springfield"}').data["area"] == "Midwest (PADD 2)"
    for tool in (get_weather_forecast, find_rv_parks):
        assert here.call(tool, '{"place": "Springfield"}').data["place"]["name"] == "Springfield, Illinois"
    days = here.call(get_weather_forecast, '{"place": "Springfield", "days": 2}').data
    assert days["place"]["name"] == "Springfield, Illinois"
    drive = here.call(estimate_travel_time, '{"origin": "Springfield", "destination": "Denver"}').data
    assert drive["origin"]["name"] == "Springfield, Illinois"


@pytest.mark.parametrize(("arguments", "count"), [("1", 1), ("3", 3), ("7", 7), ("1e1", 10), ("16", 16)])
def test_daily_forecast_begins_today_in_the_time_zone_of_the_place(caller: Caller, arguments: str, count: int) -> None:
    """One entry per day without a gap, up to sixteen."""
    result = caller.call(get_weather_forecast, f'{{"place": "Moab", "days": {arguments}}}')
    days = [date.fromisoformat(day["date"]) for day in result.data["days"]]
    assert days == [days[0] + timedelta(days=number) for number in range(count)]
    today = datetime.now(ZoneInfo(result.data["time_zone"])).date()
    assert today - timedelta(days=1) <= days[0] <= today  # midnight may have passed meanwhile
    assert result.data["time_zone"] == "America/Denver" and "hours" not in result.data
    assert result.text.startswith("In Moab, Utah, ") and " °F" in result.text
    assert {day["wind_warning"] for day in result.data["days"]} <= {None, "caution", "warning", "danger"}
    assert result.source == "Mapbox (simulated), Open-Meteo (simulated)"


def test_forecast_of_a_period_has_every_third_hour(caller: Caller) -> None:
    """A longer period has days only."""
    tomorrow = caller.call(get_weather_forecast, '{"place": "Moab", "period": "tomorrow"}').data
    assert [datetime.fromisoformat(hour["time"]).hour for hour in tomorrow["every_third_hour"]] == [*range(0, 24, 3)]
    week = caller.call(get_weather_forecast, '{"place": "Moab", "period": "this_week"}').data
    assert "every_third_hour" not in week and "hours" not in week and len(week["days"]) == 7
    now = caller.call(get_weather_forecast, '{"place": "Moab"}').data
    assert now["period"] == "now" and now["now"]["temperature"] is not None and len(now["every_third_hour"]) == 8


def test_drive_has_breaks_and_days(caller: Caller) -> None:
    """Fifteen minutes after each two hours, thirty after the sixth, and no day longer than eight hours."""
    result = caller.call(estimate_travel_time, '{"origin": "Denver", "destination": "Seattle"}')
    data = result.data
    days, rest = divmod(data["driving_s"], 8 * 3600)
    assert rest and data["days"] == days + 1
    last = sum(1800 if hour == 6 else 900 for hour in (2, 4, 6) if rest > hour * 3600)
    assert data["breaks_s"] == days * 3600 + last
    assert data["unit"] == "mi" and data["distance"] > 1000
    days_text = f"of breaks, over {days + 1} days of at most 8 h at the wheel."
    assert result.text.endswith(f"{days_text} The clearance of the road wasn't checked.")
    alone = caller.call(estimate_travel_time, '{"origin": "Denver", "destination": "Seattle", "breaks": false}')
    assert alone.data["driving_s"] == data["driving_s"] and alone.data["breaks_s"] == 0
    assert "breaks" not in alone.text


def test_parks_are_within_the_radius_nearest_first(caller: Caller) -> None:
    """The radius may be written as text; without one it is 25 miles."""
    result = caller.call(find_rv_parks, '{"place": "Moab", "radius": "30"}')
    distances = [park["distance"] for park in result.data["parks"]]
    assert distances and distances == sorted(distances) and max(distances) <= 30
    assert "simulated" in result.source and all("Simulated" in park["name"] for park in result.data["parks"])
    usual = caller.call(find_rv_parks, '{"place": "Moab", "radius": null}')
    assert (usual.data["radius"], usual.data["radius_unit"]) == (25.0, "mi")


def test_wishes_for_a_park_are_named_as_not_checked(caller: Caller) -> None:
    """Nothing is filtered by what no source knows."""
    usual = caller.call(find_rv_parks, '{"place": "Moab"}').data["parks"]
    raw = '{"place": "Moab", "amenities": ["full hookups", "wifi"], "max_price": 40}'
    result = caller.call(find_rv_parks, raw)
    assert result.data["parks"] == usual and result.data["not_checked"] == ["amenities", "max_price"]
    assert result.text.endswith(
        "Mapbox (simulated) knows neither amenities nor prices, so PAM didn't check for full hookups, wifi, at most "
        "$40.00 a night: ask there."
    )
    cheap = caller.call(find_rv_parks, '{"place": "Moab", "max_price": 25.5}')
    assert cheap.data["not_checked"] == ["max_price"] and "check for at most $25.50 a night" in cheap.text


def test_attractions_are_within_the_radius_nearest_first(caller: Caller) -> None:
    """Of the kinds that were asked for, else of the usual ones, at most twenty."""
    result = caller.call(find_attractions, '{"place": "Denver", "kinds": ["museum", "zoo"], "radius": 15}')
    attractions = result.data["attractions"]
    distances = [attraction["distance"] for attraction in attractions]
    assert distances == sorted(distances) and max(distances) <= 15
    assert {attraction["kind"] for attraction in attractions} == {"museum", "zoo"} == set(result.data["kinds"])
    assert all("Simulated" in attraction["name"] for attraction in attractions)
    assert "to visit within 15 mi of Denver, Colorado. The nearest: Simulated" in result.text
    usual = caller.call(find_attractions, '{"place": "Denver"}').data
    assert usual["kinds"] == ["tourist_attraction", "historic_site", "museum", "viewpoint"]
    assert len(usual["attractions"]) == 20 and usual["radius"] == 25.0 and len(json.dumps(usual)) < 8192
    nowhere = caller.located(0.0, -140.0).call(find_attractions, '{"place": "here", "kinds": ["theme_park", "zoo"]}')
    assert nowhere.data["attractions"] == [] and nowhere.text.endswith(
        "within 25 mi of where you are: theme park, zoo."
    )


def test_answers_have_the_units_of_the_user(australian: Caller) -> None:
    """Kilometres and degrees Celsius, in the data and in the text."""
    drive = australian.call(estimate_travel_time, '{"origin": "Sydney", "destination": "Melbourne"}')
    assert drive.data["unit"] == "km" and " km by road from Sydney, New South Wales" in drive.text
    days = australian.call(get_weather_forecast, '{"place": "Alice Springs", "days": 5}')
    assert days.data["units"]["temperature"] == "°C" and " °C" in days.text and "°F" not in days.text
    sights = australian.call(find_attractions, '{"place": "Sydney"}')
    nearest = sights.data["attractions"][0]
    assert sights.data["unit"] == "km" and f"{nearest['name']} ({nearest['distance']:.1f} km)" in sights.text
    parks = australian.call(find_rv_parks, '{"place": "Alice Springs"}')
    assert (parks.data["radius"], parks.data["radius_unit"], parks.data["unit"]) == (40.0, "km", "km")
    price = australian.call(find_cheap_gas, '{"place": "Colorado"}')
    assert (price.data["unit"], price.data["currency"]) == ("l", "USD") and " a litre" in price.text


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_data_has_figures_only(caller: Caller, tool: Any) -> None:
    """As JSON; text, source and time are beside it."""
    arguments = {"origin": "Denver", "destination": "Moab"} if tool is estimate_travel_time else {"place": "Moab"}
    result = caller.call(tool, json.dumps(arguments))
    assert not result.data.keys() & {"tier", "text", "source", "as_of", "cached", "stale"}
    assert json.loads(json.dumps(result.data)) == result.data
    assert result.text[-1] == "." and datetime.fromisoformat(result.as_of).tzinfo is not None
    assert result.effect is None


@pytest.mark.parametrize(
    ("tool", "place", "summary"),
    [
        (find_cheap_gas, "Denver", "Looking for fuel prices near Denver"),
        (get_weather_forecast, "Here", "Looking up the weather near you"),
        (find_rv_parks, "here", "Looking for places to camp near you"),
        (estimate_travel_time, "Moab", "Working out the drive to Moab"),
    ],
)
def test_summary_names_the_place(tool: Any, place: str, summary: str) -> None:
    """In a few words."""
    assert tool.summary(tool.arguments.model_construct(place=place, destination=place)) == summary
