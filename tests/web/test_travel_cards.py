"""Cards of fast answers about travel: weather, distance, fuel, prices, places to camp."""

import math
import re
from datetime import datetime

from playwright.sync_api import expect

from tests.web.app_page import figure


def test_daily_weather_shows_figures_and_hours(app, api):
    """Tomorrow's weather shows high, low, rain and gusts, and a column for each hour."""
    card = app.sign_in().ask("Weather in Moab tomorrow")
    stored = api.get("weather", place="Moab", period="tomorrow")
    day = stored["days"][0]
    expect(figure(card, "High")).to_contain_text(f"{math.floor(day['high'] + 0.5)}\u00a0°F")
    expect(figure(card, "Low")).to_contain_text(f"{math.floor(day['low'] + 0.5)}\u00a0°F")
    hours = card.get_by_role("region", name="Hour by hour").get_by_role("table")
    expect(hours.get_by_role("columnheader")).to_have_count(len(stored["hours"]))
    expect(hours.get_by_role("columnheader").nth(9)).to_have_text(re.compile(r"9\sAM"))
    gusts = hours.get_by_role("row", name="Gusts").get_by_role("cell").all_inner_texts()
    assert [int(re.sub(r"\D", "", gust)) for gust in gusts] == [
        math.floor(hour["gusts"] + 0.5) for hour in stored["hours"]
    ]
    expect(hours.locator("tr.line svg path")).to_have_count(1)


def test_ambiguous_place_is_chosen_with_a_button(app):
    """The card asks which place is meant; each button asks the same question about one of them."""
    app.allow_request_errors()
    card = app.sign_in().ask("Weather in Springfield tomorrow")
    expect(card).to_contain_text("Which “springfield” do you mean")
    buttons = card.get_by_role("button")
    name = buttons.last.inner_text()
    assert name.startswith("Springfield, ")
    buttons.last.click()
    answer = app.cards.nth(1)
    expect(answer).to_contain_text(f"In {name}: ")
    expect(app.page.locator(".question").last).to_have_text(f"Weather in {name} tomorrow")


def test_current_weather_uses_local_time_of_place(new_app):
    """Hours are in the local time of the place, from the current one on."""
    app = new_app(timezone_id="Europe/Berlin")
    with app.page.expect_response("**/v1/ask") as response:
        card = app.sign_in().ask("weather in Sydney")
    answer = response.value.json()["answer"]
    first = datetime.fromisoformat(answer["now"]["time"]).replace(minute=0)
    expect(card.get_by_role("region").get_by_role("columnheader").first).to_have_text(
        re.compile(rf"{first:%a}\s*{first:%-I}\s{first:%p}")
    )
    expect(card.get_by_role("figure")).to_contain_text(re.compile(r"local time \((GMT\+1[01]|AE[SD]T)\)"))
    expect(figure(card, "Now")).to_contain_text(f"{math.floor(answer['now']['temperature'] + 0.5)}\u00a0°F")


def test_weekly_weather_is_a_table_of_days(app, api):
    """A week has a row for each day and no hours."""
    card = app.sign_in().ask("weather in Denver this week")
    stored = api.get("weather", place="denver", period="this_week")["days"]
    days = card.get_by_role("table", name="Day by day").locator("tbody").get_by_role("row")
    expect(days).to_have_count(7)
    expect(card.get_by_role("region")).to_have_count(0)
    for row, day in zip(days.all(), stored, strict=True):
        expect(row).to_contain_text(f"{datetime.fromisoformat(day['date']):%a, %b %-d}")
        expect(row.get_by_role("cell").first).to_have_text(f"{math.floor(day['low'] + 0.5)}")


def test_wind_warning_is_shown_and_marked_in_hours(app, api):
    """A wind warning shows level, gusts and time and marks its hour; missing values stay empty."""
    answer = api.get("weather", place="Moab", period="tomorrow")
    answer["hours"][14] |= {"gusts": 61.2}
    answer["hours"][5] |= {"temperature": None, "rain_chance": None, "gusts": None}
    app.sign_in()
    for level, label in (("caution", "Caution"), ("danger", "Danger")):
        answer["wind_warning"] = {
            "level": level,
            "gusts": 61.2,
            "text": "Hard gusts",
            "at": answer["hours"][14]["time"],
        }
        app.stub_answer("weather", answer)
        card = app.ask("weather in Moab tomorrow")
        warning = card.locator(".alert")
        expect(warning).to_contain_text(f"{label}: wind and high-sided rigs")
        expect(warning).to_contain_text(re.compile(r"Gusts up to 61\smph around .*2:00\sPM"))
        assert ("severe" in warning.get_attribute("class")) == (level == "danger")
    cells = card.get_by_role("row", name="Gusts").get_by_role("cell")
    expect(cells.nth(14)).to_have_text(re.compile("61 strongest"))
    expect(cells.nth(5)).to_have_text("–")
    assert card.locator("svg path").last.get_attribute("d")


def test_distance_shows_endpoints_distance_and_time(app, api):
    """A distance shows origin, destination, distance by road and driving time as the API has them."""
    card = app.sign_in().ask("how far is Moab from Denver")
    stored = api.get("distance", origin="denver", destination="moab")
    expect(figure(card, "Distance")).to_contain_text(f"{round(stored['distance'])}\u00a0mi")
    expect(figure(card, "Driving time")).to_contain_text(re.search(r"about ([\d hmin]+) of", stored["text"])[1])
    endpoints = card.get_by_role("list", name="From and to").get_by_role("listitem")
    expect(endpoints).to_have_text(["Denver, Colorado", "Moab, Utah"])


def test_fuel_estimate_shows_its_inputs(app):
    """A fuel estimate shows volume, cost and its three inputs with their sources."""
    card = app.sign_in().ask("fuel cost for 400 miles")
    expect(figure(card, "Fuel")).to_have_text("44.4\u00a0gal")
    expect(figure(card, "Cost")).to_have_text(re.compile(r"^\$[\d.]+$"))
    inputs = card.get_by_role("table", name="What this rests on")
    expect(inputs.get_by_role("row", name="Distance")).to_contain_text("as you said")
    expect(inputs.get_by_role("row", name="Consumption")).to_contain_text("The motorhome")
    price = inputs.get_by_role("row", name="Fuel price")
    expect(price).to_contain_text(re.compile(r"\$\d\.\d+ a gallon.*EIA.*average of United States, week of", re.DOTALL))


def test_fuel_estimate_asks_for_missing_inputs(app, api):
    """Without consumption or price the card asks for it with an example phrase, and shows no made-up value."""
    answer = api.get("fuel-estimate", distance="400", unit="mi")
    answer |= {"volume": None, "cost": None, "currency": None, "consumption": None, "price": None}
    answer |= {"missing": ["consumption", "price"], "source": "Computed from what you said"}
    del answer["as_of"]
    app.sign_in().stub_answer("fuel_estimate", answer)
    card = app.ask("fuel cost for 400 miles")
    expect(card).to_contain_text("What does your rig use?")
    expect(card).to_contain_text("at 10 mpg")
    expect(card).to_contain_text("What does your fuel cost?")
    expect(card).not_to_contain_text("NaN")
    expect(card.get_by_role("table").get_by_role("row")).to_have_count(2)


def test_gas_price_is_labelled_as_regional_average(app, api):
    """A gas price shows region and week and tells that it is an average."""
    card = app.sign_in().ask("gas prices in Colorado")
    stored = api.get("gas-prices", place="Colorado")
    expect(figure(card, "Average price")).to_contain_text(f"${stored['price'].rstrip('0')}")
    expect(figure(card, "Region")).to_have_text("Colorado")
    expect(figure(card, "Week of")).to_have_text(re.compile(r"\w+ \d+"))
    expect(card).to_contain_text("a single station may charge more or less")


def test_parks_are_listed_by_distance(app, api):
    """Each park has its name, distance and address; of more than seven, six are shown at first."""
    card = app.sign_in().ask("RV parks near Moab")
    answer = api.get("parks", place="Moab")
    places = card.get_by_role("list", name="Places to camp").get_by_role("listitem")
    expect(places).to_have_count(len(answer["parks"]))
    for place, park in zip(places.all(), answer["parks"], strict=True):
        expect(place).to_contain_text(park["name"])
        expect(place).to_contain_text(f"{park['distance']:g}\u00a0mi")
        expect(place).to_contain_text(park["address"])
    answer["parks"] = [answer["parks"][0] | {"name": f"Park {number}"} for number in range(1, 12)]
    app.stub_answer("nearby_parks", answer)
    card = app.ask("rv parks near Moab")
    expect(card.get_by_text("Park 7", exact=True)).to_be_hidden()
    card.get_by_role("button", name="Show 5 more").click()
    expect(card.get_by_text("Park 11", exact=True)).to_be_visible()


def test_search_without_parks_is_a_sentence(app):
    """A search without results is a sentence, not an empty list."""
    app.page.context.grant_permissions(["geolocation"])
    app.page.context.set_geolocation({"latitude": 0.0, "longitude": -140.0})
    app.sign_in().page.get_by_role("button", name="Use my location").click()
    card = app.ask("rv parks near me")
    expect(card).to_contain_text("knows no place to camp")
    expect(card.get_by_role("list", name="Places to camp")).to_have_count(0)
