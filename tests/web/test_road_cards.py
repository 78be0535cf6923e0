"""The cards of answers about the road: weather, distance, fuel, prices, places to camp, and what they rest on."""

import math
import re
from datetime import datetime

from playwright.sync_api import expect

from tests.web.conftest import figure

ATTACK = "<img src=x onerror=\"document.title='owned'\"><b>Park</b>"


def test_the_weather_of_a_day_has_its_figures_and_hours(pam, api):
    """Tomorrow shows high, low, rain and gusts, and a table with a column for each of its hours."""
    card = pam.sign_in().ask("Weather in Moab tomorrow")
    stored = api.get("weather", place="Moab", period="tomorrow")
    day = stored["days"][0]
    expect(figure(card, "High")).to_contain_text(f"{math.floor(day['high'] + 0.5)}\u00a0°F")
    expect(figure(card, "Low")).to_contain_text(f"{math.floor(day['low'] + 0.5)}\u00a0°F")
    hours = card.get_by_role("region", name="Hour by hour").get_by_role("table")
    expect(hours.get_by_role("columnheader")).to_have_count(len(stored["hours"]))
    expect(hours.get_by_role("columnheader").nth(9)).to_have_text(re.compile(r"9\sAM"))
    gusts = hours.get_by_role("row", name="Gusts").get_by_role("cell").all_inner_texts()
    assert [int(re.sub(r"\D", "", gust)) for gust in gusts] == [
        math.floor(one["gusts"] + 0.5) for one in stored["hours"]
    ], "every hour has its own gusts"
    expect(hours.locator("svg path[d^=M]")).to_have_count(1)


def test_the_weather_now_is_told_by_the_clock_of_the_place(new_pam):
    """Hours are those of Sydney, wherever this device is; past hours are left out."""
    pam = new_pam(timezone_id="Europe/Berlin")
    with pam.page.expect_response("**/v1/ask") as asked:
        card = pam.sign_in().ask("weather in Sydney")
    answer = asked.value.json()["answer"]
    first = datetime.fromisoformat(answer["now"]["time"]).replace(minute=0)
    expect(card.get_by_role("region").get_by_role("columnheader").first).to_have_text(
        re.compile(rf"{first:%a}\s*{first:%-I}\s{first:%p}")
    )
    expect(card.get_by_role("figure")).to_contain_text(re.compile(r"local time \((GMT\+1[01]|AE[SD]T)\)"))
    expect(figure(card, "Now")).to_contain_text(f"{math.floor(answer['now']['temperature'] + 0.5)}\u00a0°F")


def test_the_weather_of_a_week_is_a_table_of_days(pam, api):
    """Seven days have a row each, with their own figures, and no strip of 168 hours."""
    card = pam.sign_in().ask("weather in Denver this week")
    stored = api.get("weather", place="denver", period="this_week")["days"]
    days = card.get_by_role("table", name="Day by day").locator("tbody").get_by_role("row")
    expect(days).to_have_count(7)
    expect(card.get_by_role("region")).to_have_count(0)
    for row, day in zip(days.all(), stored, strict=True):
        expect(row).to_contain_text(f"{datetime.fromisoformat(day['date']):%a, %b %-d}")
        expect(row.get_by_role("cell").first).to_have_text(f"{math.floor(day['low'] + 0.5)}")


def test_wind_that_matters_to_a_high_side_is_marked(pam, api):
    """A warning names its level, the gusts and the hour; that hour is marked in the strip; gaps stay gaps."""
    answer = api.get("weather", place="Moab", period="tomorrow")
    answer["hours"][14] |= {"gusts": 61.2}
    answer["hours"][5] |= {"temperature": None, "rain_chance": None, "gusts": None}
    pam.sign_in()
    for level, word in (("caution", "Caution"), ("danger", "Danger")):
        answer["wind_warning"] = {
            "level": level,
            "gusts": 61.2,
            "text": "Hard gusts",
            "at": answer["hours"][14]["time"],
        }
        pam.replies("weather", answer)
        card = pam.ask("weather in Moab tomorrow")
        warning = card.locator(".alert")
        expect(warning).to_contain_text(f"{word}: wind and high-sided rigs")
        expect(warning).to_contain_text(re.compile(r"Gusts up to 61\smph around .*2:00\sPM"))
        assert ("severe" in warning.get_attribute("class")) == (level == "danger")
    cells = card.get_by_role("row", name="Gusts").get_by_role("cell")
    expect(cells.nth(14)).to_have_text(re.compile("61 strongest"))
    expect(cells.nth(5)).to_have_text("–")
    assert card.locator("svg path").last.get_attribute("d")


def test_a_distance_says_how_far_and_how_long(pam, api):
    """Both ends, the distance by road and the driving time, as the API has them."""
    card = pam.sign_in().ask("how far is Moab from Denver")
    stored = api.get("distance", origin="denver", destination="moab")
    expect(figure(card, "Distance")).to_contain_text(f"{round(stored['distance'])}\u00a0mi")
    expect(figure(card, "Driving time")).to_contain_text(re.search(r"about ([\d hmin]+) of", stored["text"])[1])
    ends = card.get_by_role("list", name="From and to").get_by_role("listitem")
    expect(ends).to_have_text(["Denver, Colorado", "Moab, Utah"])


def test_a_fuel_estimate_names_what_it_rests_on(pam):
    """Volume and cost, and the three figures behind them, each with whose it is."""
    card = pam.sign_in().ask("fuel cost for 400 miles")
    expect(figure(card, "Fuel")).to_have_text("44.4\u00a0gal")
    expect(figure(card, "Cost")).to_have_text(re.compile(r"^\$[\d.]+$"))
    basis = card.get_by_role("table", name="What this rests on")
    expect(basis.get_by_role("row", name="Distance")).to_contain_text("as you said")
    expect(basis.get_by_role("row", name="Consumption")).to_contain_text("The motorhome")
    price = basis.get_by_role("row", name="Fuel price")
    expect(price).to_contain_text(re.compile(r"\$\d\.\d+ a gallon.*EIA.*average of United States, week of", re.DOTALL))


def test_what_a_fuel_estimate_lacks_is_asked_for(pam, api):
    """Without a consumption or a price PAM says which, and in which words to say it; nothing is made up."""
    answer = api.get("fuel-estimate", distance="400", unit="mi")
    answer |= {"volume": None, "cost": None, "currency": None, "consumption": None, "price": None}
    answer |= {"missing": ["consumption", "price"], "source": "Computed from what you said"}
    del answer["as_of"]
    pam.sign_in().replies("fuel_estimate", answer)
    card = pam.ask("fuel cost for 400 miles")
    expect(card).to_contain_text("What does your rig use?")
    expect(card).to_contain_text("at 10 mpg")
    expect(card).to_contain_text("What does your fuel cost?")
    expect(card).not_to_contain_text("NaN")
    expect(card.get_by_role("table").get_by_role("row")).to_have_count(2)


def test_gas_prices_are_called_an_average(pam, api):
    """The price with its region and week, and that it is no station's."""
    card = pam.sign_in().ask("gas prices in Colorado")
    stored = api.get("gas-prices", place="Colorado")
    expect(figure(card, "Average price")).to_contain_text(f"${stored['price'].rstrip('0')}")
    expect(figure(card, "Region")).to_have_text("Colorado")
    expect(figure(card, "Week of")).to_have_text(re.compile(r"\w+ \d+"))
    expect(card).to_contain_text("a single station may charge more or less")


def test_parks_are_listed_with_their_distances(pam, api):
    """Every place the API knows is there, nearest first, with distance and address; of many, six show first."""
    card = pam.sign_in().ask("RV parks near Moab")
    answer = api.get("parks", place="Moab")
    places = card.get_by_role("list", name="Places to camp").get_by_role("listitem")
    expect(places).to_have_count(len(answer["parks"]))
    for place, park in zip(places.all(), answer["parks"], strict=True):
        expect(place).to_contain_text(park["name"])
        expect(place).to_contain_text(f"{park['distance']:g}\u00a0mi")
        expect(place).to_contain_text(park["address"])
    answer["parks"] = [answer["parks"][0] | {"name": f"Park {number}"} for number in range(1, 12)]
    pam.replies("nearby_parks", answer)
    card = pam.ask("rv parks near Moab")
    expect(card.get_by_text("Park 7", exact=True)).to_be_hidden()
    card.get_by_role("button", name="Show 5 more").click()
    expect(card.get_by_text("Park 11", exact=True)).to_be_visible()


def test_no_park_is_said_plainly(pam):
    """A search in the middle of the ocean finds none and says so."""
    pam.page.context.grant_permissions(["geolocation"])
    pam.page.context.set_geolocation({"latitude": 0.0, "longitude": -140.0})
    pam.sign_in().page.get_by_role("button", name="Use my location").click()
    card = pam.ask("rv parks near me")
    expect(card).to_contain_text("knows no place to camp")
    expect(card.get_by_role("list", name="Places to camp")).to_have_count(0)


def test_only_safe_links_leave_the_page_and_markup_stays_text(pam, api):
    """Phones dial, http(s) opens apart and unknown to the page; anything else is text, letter by letter."""
    answer = api.get("parks", place="Moab")
    park = answer["parks"][0]
    answer["parks"] = [
        park | {"name": ATTACK, "phone": "(435) 555-0100", "website": "https://parks.example/moab?a=<b>"},
        park | {"name": "Two", "phone": "javascript:alert(1)", "website": "javascript:alert(1)"},
        park | {"name": "Three", "phone": "", "website": "data:text/html,<script>alert(1)</script>"},
        park | {"name": "Four", "phone": "+61 2 5550 0100", "website": "no address"},
    ]
    answer |= {"text": f"4 places: {ATTACK}", "source": f"{ATTACK} (simulated)"}
    pam.sign_in().replies("nearby_parks", answer)
    card = pam.ask("rv parks near Moab")
    expect(card.get_by_role("listitem").first).to_contain_text(ATTACK)
    assert card.locator("img, script, b").count() == 0
    assert pam.page.title() != "owned"
    links = card.get_by_role("link")
    hrefs = [link.get_attribute("href") for link in links.all()]
    assert hrefs == ["tel:4355550100", "https://parks.example/moab?a=%3Cb%3E", "tel:+61255500100"]
    assert links.nth(1).get_attribute("rel") == "noopener noreferrer"
    expect(links.nth(1)).to_contain_text("parks.example")
    expect(card.get_by_role("listitem").nth(2)).to_contain_text("data:text/html,<script>")


def test_simulated_sources_are_marked_and_real_ones_are_not(pam, api):
    """An answer with `simulated` set has a badge; one without it has none, whatever its source is called."""
    card = pam.sign_in().ask("how far is Moab from Denver")
    expect(figure(card, "Source")).to_have_text("Mapbox (simulated)")
    expect(figure(card, "As of").locator("time")).to_be_visible()
    expect(figure(card, "Took")).to_have_text(re.compile(r"^[\d,]+ ms, (not )?from the cache$"))
    stored = api.get("distance", origin="denver", destination="moab")
    for number, simulated in enumerate((True, False)):
        pam.replies("distance", stored | {"simulated": simulated})
        card = pam.ask(f"how far is it from Moab to Denver, asked {number}")
        expect(card.get_by_text("Simulated data")).to_have_count(int(simulated))


def test_an_answer_from_before_the_source_fell_silent_says_so(pam, api):
    """A stale answer names who doesn't answer and how old it is, by the age of what is stale."""
    answer = api.get("weather", place="Moab")
    answer |= {"stale": True, "cached": True, "age_s": 7200, "reason": "source_unavailable"}
    answer |= {"source": "Open-Meteo", "as_of": "2026-01-01T10:00:00-07:00"}
    pam.sign_in().replies("weather", answer)
    card = pam.ask("weather in Moab")
    expect(card.locator(".alert").first).to_have_text(
        re.compile(r"Open-Meteo doesn't answer; this is from .*\d:\d\d\s[AP]M \(2 hours ago\)\.")
    )


def test_a_source_that_is_down_is_told_with_a_way_on(pam):
    """An answer that no source gives is an error in words, and can be asked again."""
    body = {"code": "source_unavailable", "message": "PAM can't reach Mapbox right now.", "retry_after": 5}
    pam.sign_in().page.route("**/v1/ask", lambda route: route.fulfill(status=503, json=body))
    card = pam.ask("rv parks near Moab")
    expect(card).to_contain_text("PAM can't reach Mapbox right now.")
    expect(card).to_contain_text("Best after 5 s")
    pam.page.unroute("**/v1/ask")
    card.get_by_role("button", name="Try again").click()
    expect(pam.cards.last).to_contain_text("places to camp within")
    pam.expect_failed_requests()
