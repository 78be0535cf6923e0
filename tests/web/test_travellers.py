"""The dialog "Travellers" in two windows: two travellers become friends, and see what each shows."""

import uuid
from collections.abc import Callable

import psycopg
import pytest
from playwright.sync_api import Locator, expect

from local import demo
from tests.web.app_page import AppPage
from tests.web.test_accessibility import WIDTHS_AND_THEMES, check_legibility

DAN, NORA = demo.OTHERS


@pytest.fixture
def windows(new_app: Callable[..., AppPage], owner: psycopg.Connection, base_url: str) -> list[Locator]:
    """The dialogs of two demo travellers in windows of their own, who are no friends."""
    pair = [DAN.id, NORA.id]
    owner.execute("delete from friendships where requester = any(%s) and addressee = any(%s)", (pair, pair))
    return [open_travellers(sign_in(new_app(), traveller.name)) for traveller in demo.OTHERS]


def sign_in(app: AppPage, name: str) -> AppPage:
    app.open()
    app.page.get_by_role("button", name=f"Sign in as {name}").click()
    expect(app.page.locator("#account-name")).to_have_text(name)
    return app


def open_travellers(app: AppPage) -> Locator:
    app.page.get_by_role("button", name="Travellers").click()
    dialog = app.page.get_by_role("dialog", name="Travellers")
    expect(dialog.locator("[aria-busy]")).to_have_count(0)
    return dialog


def section(dialog: Locator, name: str) -> Locator:
    return dialog.get_by_role("region", name=name)


def ask(dialog: Locator, name: str) -> None:
    dialog.get_by_role("textbox", name="The whole name of a traveller").fill(name)
    dialog.get_by_role("button", name="Ask to be friends").click()


def reopen(dialog: Locator) -> None:
    dialog.get_by_role("button", name="Close").click()
    dialog.page.get_by_role("button", name="Travellers").click()


def test_two_travellers_become_friends(windows: list[Locator]) -> None:
    """Declined first and then accepted; a friend's profile is shown, and the friendship ended."""
    dan, nora = windows
    ask(dan, NORA.name)
    expect(dan.get_by_text(f"{NORA.name} was asked")).to_be_visible()
    expect(section(dan, "Your requests").get_by_role("listitem")).to_contain_text(NORA.name)
    reopen(nora)
    request = section(nora, "Requests to you").get_by_role("listitem")
    expect(request).to_contain_text(DAN.name)
    expect(request).not_to_contain_text(DAN.profile["bio"])
    nora.get_by_role("button", name=f"Decline: {DAN.name}").click()
    expect(request).to_have_count(0)
    reopen(dan)
    expect(section(dan, "Your requests")).to_contain_text("You are waiting for nobody's answer.")

    ask(dan, NORA.name.lower())
    expect(section(dan, "Your requests").get_by_role("listitem")).to_have_count(1)
    reopen(nora)
    nora.get_by_role("button", name=f"Accept: {DAN.name}").click()
    friend = section(nora, "Friends").get_by_role("listitem").filter(has_text=DAN.name)
    expect(friend).to_contain_text("2019 Van, home base Quartzsite, Arizona")
    expect(friend).to_contain_text(DAN.profile["bio"])
    reopen(dan)
    seen = section(dan, "Friends").get_by_role("listitem").filter(has_text=NORA.name)
    expect(seen).to_contain_text(NORA.profile["bio"])
    dan.get_by_role("button", name=f"End friendship: {NORA.name}").click()
    expect(seen).to_have_count(0)


def test_focus_stays_where_the_traveller_is(windows: list[Locator]) -> None:
    """In the dialog while it is open, on the heading of a list whose entry is gone, and on the dialog's button at last;
    coming back to the window moves it only where what had it is gone."""
    dan, nora = windows
    ask(nora, DAN.name)
    expect(section(nora, "Your requests").get_by_role("listitem")).to_have_count(1)
    reopen(dan)
    expect(dan.locator(":focus")).to_have_count(1)
    accept = dan.get_by_role("button", name=f"Accept: {NORA.name}")
    accept.focus()
    with dan.page.expect_response("**/v1/friends?*"):
        dan.page.evaluate("dispatchEvent(new Event('focus'))")
    expect(dan.locator("[aria-busy]")).to_have_count(0)
    expect(accept).to_be_focused()
    nora.get_by_role("button", name=f"Withdraw: {DAN.name}").click()
    expect(section(nora, "Your requests").get_by_role("listitem")).to_have_count(0)
    expect(nora.get_by_role("heading", name="Your requests")).to_be_focused()
    dan.page.evaluate("dispatchEvent(new Event('focus'))")
    expect(accept).to_have_count(0)
    expect(dan.get_by_role("heading", name="Requests to you")).to_be_focused()
    dan.get_by_role("button", name="Close").click()
    expect(dan.page.get_by_role("button", name="Travellers")).to_be_focused()


def test_unknown_name_is_answered_beside_the_field(new_app: Callable[..., AppPage]) -> None:
    """And an empty one isn't sent."""
    app = sign_in(new_app(), DAN.name)
    dialog = open_travellers(app)
    app.allowed_errors = ("Failed to load resource",)
    for name, answer in ((" ", "Write the name that the other shows in PAM."), ("Nobody", "Nobody else is called")):
        ask(dialog, name)
        expect(dialog.get_by_role("alert").filter(has_text=answer)).to_be_visible()
        field = dialog.get_by_role("textbox", name="The whole name of a traveller")
        expect(field).to_be_focused()
        expect(field).to_have_attribute("aria-invalid", "true")
    assert len(app.sent_requests("POST", "/v1/friends")) == 1


@pytest.mark.parametrize(("width", "scheme"), WIDTHS_AND_THEMES)
def test_travellers_are_legible(new_app: Callable[..., AppPage], base_url: str, width: int, scheme: str) -> None:
    """The dialog with friends, and the choice of travellers to sign in as."""
    app = new_app(width, 800, color_scheme=scheme).open()
    expect(app.page.get_by_role("button", name=f"Sign in as {DAN.name}")).to_be_visible()
    assert app.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    app.sign_in()
    dialog = open_travellers(app)
    expect(section(dialog, "Friends").get_by_role("listitem").first).to_be_visible()
    check_legibility(app, scheme)
    assert dialog.evaluate("node => node.scrollWidth <= node.clientWidth")


def test_profile_is_changed_on_the_page(new_app: Callable[..., AppPage], owner: psycopg.Connection) -> None:
    """Only what was edited; it is there when the dialog opens again."""
    app = sign_in(new_app(), NORA.name)
    dialog = open_travellers(app)
    form = dialog.get_by_role("form", name="Your profile")
    bio = form.get_by_label("About you")
    expect(bio).to_have_value(NORA.profile["bio"])
    try:
        word = f"q{uuid.uuid4().hex[:8]}"
        bio.fill(f"South in winter {word}.")
        form.get_by_role("button", name="Save profile").click()
        expect(form.get_by_text("Your profile is changed")).to_be_visible()
        [request] = app.sent_requests("PATCH", "/v1/profile")
        assert request.post_data_json.keys() == {"bio", "timezone"}
        reopen(dialog)
        expect(bio).to_have_value(f"South in winter {word}.")
    finally:
        owner.execute("update profile_details set bio = %s where user_id = %s", (NORA.profile["bio"], NORA.id))
