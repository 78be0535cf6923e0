"""An answer shows what was recalled for it, with its day."""

from datetime import datetime
from zoneinfo import ZoneInfo

from playwright.sync_api import expect

from tests.web.api_client import TIMEZONE

SAID = "The kayak rack from Flagstaff squeaks, we greased it"


def test_answer_shows_what_was_remembered_for_it(app, claude):
    """The words of another conversation, behind a button."""
    claude.script("kayak rack", "Noted.")
    app.sign_in().wait_until_connected()
    app.ask_claude(SAID)
    app.page.get_by_role("button", name="New conversation").click()
    claude.script("kayaks again", "Grease.")
    card = app.ask_claude("What did we do about the rack for the kayaks again?")
    card.get_by_text("Why do you think so?").click()
    line = card.get_by_role("listitem").filter(has_text=SAID)
    expect(line).to_have_text(f"{datetime.now(ZoneInfo(TIMEZONE)):%A, %Y-%m-%d}, the traveller: {SAID}")
