"""Where the traveller is: asked for on a press, used while it is on, and kept nowhere."""

import pytest
from playwright.sync_api import expect

MOAB = {"latitude": 38.573312, "longitude": -109.549841}


@pytest.fixture
def located(pam):
    """A browser that would tell where it is."""
    pam.page.context.grant_permissions(["geolocation"])
    pam.page.context.set_geolocation(MOAB)
    return pam.sign_in()


def switch(pam):
    return pam.page.get_by_role("button", name="Use my location", exact=True)


def sent_locations(pam) -> list:
    return [sent.post_data_json.get("location") for sent in pam.sent("POST", "/v1/ask")]


def test_questions_about_here_work_while_the_location_is_on(located):
    """Switched on, "near me" is answered from where the device is, to a hundred metres; switched off, no more."""
    expect(switch(located)).to_have_attribute("aria-pressed", "false")
    switch(located).click()
    expect(switch(located)).to_have_attribute("aria-pressed", "true")
    expect(located.page.locator("[aria-live=polite]")).to_contain_text("until you switch it off")
    card = located.ask("rv parks near me")
    expect(card).to_contain_text("where you are")
    expect(card.get_by_role("list", name="Places to camp")).to_be_visible()
    located.ask("How much did I spend on gas this month?")
    switch(located).click()
    expect(switch(located)).to_have_attribute("aria-pressed", "false")
    card = located.ask("weather tomorrow")
    expect(card).to_contain_text("needs to know where you are")
    assert sent_locations(located) == [{"latitude": 38.573, "longitude": -109.55}, None, None], "money needs no place"


def test_who_moves_is_found_again(located):
    """While it is on, the location follows the device."""
    switch(located).click()
    expect(switch(located)).to_have_attribute("aria-pressed", "true")
    located.page.context.set_geolocation({"latitude": 39.7392, "longitude": -104.9847})
    located.page.wait_for_timeout(300)
    located.ask("weather tomorrow")
    assert sent_locations(located) == [{"latitude": 39.739, "longitude": -104.985}]


def test_without_a_location_the_page_says_what_is_missing_and_asks_again(located):
    """The hint and the card say so; one press switches the location on and asks the same question."""
    located.question.fill("rv parks near me")
    expect(located.page.locator("#intent-preview")).to_have_text("Use your location, or name a place")
    card = located.ask("rv parks near me")
    expect(card).to_contain_text("PAM needs to know where you are")
    card.get_by_role("button", name="Use my location and ask again").click()
    expect(located.cards.first).to_contain_text("places to camp within")
    expect(located.cards).to_have_count(1)
    expect(switch(located)).to_have_attribute("aria-pressed", "true")


def test_an_api_that_misses_the_location_gets_the_same_card(pam):
    """`location_needed` from the API is the same request for the location, not a failure."""
    body = {"code": "location_needed", "message": "PAM doesn't know where you are."}
    pam.sign_in().page.route("**/v1/ask", lambda route: route.fulfill(status=422, json=body))
    card = pam.ask("rv parks near Moab")
    expect(card.get_by_role("button", name="Use my location and ask again")).to_be_visible()
    pam.expect_failed_requests()


def test_a_browser_that_refuses_is_understood(pam):
    """Denied, the switch stays off, the page says so and what to do instead; nothing is sent."""
    pam.sign_in()
    switch(pam).click()
    expect(pam.page.locator("#location-note")).to_contain_text("doesn't share your location")
    expect(switch(pam)).to_have_attribute("aria-pressed", "false")
    pam.ask("weather in Moab tomorrow")
    assert sent_locations(pam) == [None]


def test_the_location_is_kept_nowhere(located):
    """A reload or a sign-out forgets it, and no store of the browser ever holds it."""
    switch(located).click()
    expect(switch(located)).to_have_attribute("aria-pressed", "true")
    located.ask("weather tomorrow")
    stores = "JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])"
    assert "38.57" not in located.page.evaluate(stores)
    located.page.get_by_role("button", name="Sign out").click()
    expect(switch(located)).to_have_attribute("aria-pressed", "false")
    located.page.get_by_role("button", name="Sign in as the demo traveller").click()
    switch(located).click()
    expect(switch(located)).to_have_attribute("aria-pressed", "true")
    located.page.reload()
    expect(switch(located)).to_have_attribute("aria-pressed", "false")


def test_nothing_is_asked_of_the_browser_without_a_press(pam):
    """Opening, signing in and asking never ask the browser where it is."""
    pam.page.add_init_script("navigator.geolocation.watchPosition = () => { throw new Error('asked'); };")
    pam.page.add_init_script("navigator.geolocation.getCurrentPosition = () => { throw new Error('asked'); };")
    pam.sign_in().ask("rv parks near me")
    assert pam.errors == []


def test_an_expense_sent_again_from_elsewhere_is_still_one(located, api):
    """The location is no part of a write: switched on between two attempts, it doesn't make a second expense."""
    before = api.this_month("tolls")["count"]
    # Without the router the page can't tell that this is about money, and sends the location along.
    located.page.route("**/router.json", lambda route: route.abort())
    located.page.reload()

    def lose_the_answer(route) -> None:
        route.fetch()
        route.abort()

    located.page.route("**/v1/ask", lose_the_answer)
    card = located.ask("add $6 for tolls")
    expect(card.get_by_role("button", name="Try again")).to_be_visible()
    switch(located).click()
    expect(switch(located)).to_have_attribute("aria-pressed", "true")
    located.page.unroute("**/v1/ask")
    card.get_by_role("button", name="Try again").click()
    expect(located.cards.last).to_contain_text("10 min left")
    assert sent_locations(located)[0] is None
    assert sent_locations(located)[1] is not None
    assert api.this_month("tolls")["count"] == before + 1
    located.undo(located.cards.last)
    located.expect_failed_requests()
