"""The location of the device: requested on a press, sent while enabled, never stored."""

import pytest
from playwright.sync_api import Locator, expect

from tests.web.app_page import GAS_QUESTION, AppPage, lose_response

MOAB = {"latitude": 38.573312, "longitude": -109.549841}


@pytest.fixture
def located_app(app: AppPage) -> AppPage:
    """A page with a signed-in user in a browser that has the permission and a location."""
    app.page.context.grant_permissions(["geolocation"])
    app.page.context.set_geolocation(MOAB)
    return app.sign_in()


def location_button(app: AppPage) -> Locator:
    return app.page.get_by_role("button", name="Use my location", exact=True)


def enable_location(app: AppPage) -> None:
    location_button(app).click()
    expect(location_button(app)).to_have_attribute("aria-pressed", "true")


def sent_locations(app: AppPage) -> list[dict | None]:
    """Return the location in each question that the page sent."""
    return [request.post_data_json.get("location") for request in app.sent_requests("POST", "/v1/ask")]


def test_location_is_sent_while_enabled(located_app):
    """An enabled location, rounded to 100 m, is sent with questions that can use it; a disabled one isn't."""
    expect(location_button(located_app)).to_have_attribute("aria-pressed", "false")
    enable_location(located_app)
    expect(located_app.page.locator("[aria-live=polite]")).to_contain_text("until you switch it off")
    card = located_app.ask("rv parks near me")
    expect(card).to_contain_text("where you are")
    expect(card.get_by_role("list", name="Places to camp")).to_be_visible()
    located_app.ask(GAS_QUESTION)
    location_button(located_app).click()
    expect(location_button(located_app)).to_have_attribute("aria-pressed", "false")
    card = located_app.ask("weather tomorrow")
    expect(card).to_contain_text("needs to know where you are")
    # The question about money was asked with the location enabled; the last one, with it disabled.
    assert sent_locations(located_app) == [{"latitude": 38.573, "longitude": -109.55}, None, None]


def test_location_is_updated_when_device_moves(located_app):
    """While enabled, the location follows the device."""
    enable_location(located_app)
    located_app.page.context.set_geolocation({"latitude": 39.7392, "longitude": -104.9847})
    located_app.page.wait_for_timeout(300)
    located_app.ask("weather tomorrow")
    assert sent_locations(located_app) == [{"latitude": 39.739, "longitude": -104.985}]


def test_missing_location_is_prompted_for(located_app):
    """Without a location the preview and the card ask for it; one press enables it and asks again."""
    located_app.question.fill("rv parks near me")
    expect(located_app.page.locator("#intent-preview")).to_have_text("Use your location, or name a place")
    card = located_app.ask("rv parks near me")
    expect(card).to_contain_text("PAM needs to know where you are")
    card.get_by_role("button", name="Use my location and ask again").click()
    expect(located_app.cards.first).to_contain_text("places to camp within")
    expect(located_app.cards).to_have_count(1)
    expect(location_button(located_app)).to_have_attribute("aria-pressed", "true")


def test_location_needed_error_shows_the_prompt(app):
    """The API's `location_needed` shows the same prompt, not a failure."""
    body = {"code": "location_needed", "message": "PAM doesn't know where you are."}
    app.sign_in().route("**/v1/ask", lambda route: route.fulfill(status=422, json=body))
    card = app.ask("rv parks near Moab")
    expect(card.get_by_role("button", name="Use my location and ask again")).to_be_visible()
    app.allow_request_errors()


def test_denied_permission_is_explained(app):
    """If the permission is denied, the button stays off, the reason is shown and nothing is sent."""
    app.sign_in()
    location_button(app).click()
    expect(app.page.locator("#location-note")).to_contain_text("doesn't share your location")
    expect(location_button(app)).to_have_attribute("aria-pressed", "false")
    app.ask("weather in Moab tomorrow")
    assert sent_locations(app) == [None]


def test_location_is_never_stored(located_app):
    """A reload or a sign-out disables the location, and no storage of the browser contains it."""
    enable_location(located_app)
    card = located_app.ask("weather tomorrow")
    expect(card).to_contain_text("Fast answer")
    storage = "JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])"
    assert "weather tomorrow" in located_app.page.evaluate(storage), "the answer is stored"
    assert "38.57" not in located_app.page.evaluate(storage)
    located_app.page.get_by_role("button", name="Sign out").click()
    expect(location_button(located_app)).to_have_attribute("aria-pressed", "false")
    located_app.page.get_by_role("button", name="Sign in as the demo traveller").click()
    enable_location(located_app)
    located_app.page.reload()
    expect(location_button(located_app)).to_have_attribute("aria-pressed", "false")


def test_location_is_not_requested_without_a_press(app):
    """Opening the page, signing in and asking don't request the location from the browser."""
    app.page.add_init_script("navigator.geolocation.watchPosition = () => { throw new Error('asked'); };")
    app.page.add_init_script("navigator.geolocation.getCurrentPosition = () => { throw new Error('asked'); };")
    app.sign_in().ask("rv parks near me")
    assert app.errors == []


def test_retry_with_another_location_adds_one_expense(located_app, api):
    """The location isn't part of a write's identity: enabled between two attempts, it adds no second expense."""
    before = api.count_this_month("tolls")
    # Without the router the page can't predict that the location doesn't matter, and sends it.
    located_app.route("**/router.json", lambda route: route.abort())
    located_app.page.reload()
    located_app.route("**/v1/ask", lose_response)
    card = located_app.ask("add $6 for tolls")
    expect(card.get_by_role("button", name="Try again")).to_be_visible()
    enable_location(located_app)
    located_app.unroute("**/v1/ask")
    card.get_by_role("button", name="Try again").click()
    expect(located_app.cards.last).to_contain_text("10 min left")
    assert sent_locations(located_app)[0] is None
    assert sent_locations(located_app)[1] is not None
    assert api.count_this_month("tolls") == before + 1
    located_app.undo(located_app.cards.last)
    located_app.allow_request_errors()
