"""An answer shows what was recalled for it, with its day."""

from datetime import datetime
from zoneinfo import ZoneInfo

from playwright.sync_api import expect

from tests.web.api_client import TIMEZONE


def test_answer_shows_what_was_remembered_for_it(app, claude):
    """The words of another conversation, behind a button; without a memory there is none."""
    claude.script("roof vent", "Noted.")
    app.sign_in().wait_until_connected()
    first = app.ask_claude("We sealed the leaking roof vent with Dicor in Flagstaff")
    assert first.get_by_text("What PAM remembered for this").count() == 0
    app.page.get_by_role("button", name="New conversation").click()
    claude.script("vent again", "Dicor sealed it.")
    card = app.ask_claude("How did we seal the leaking vent again?")
    card.get_by_text("What PAM remembered for this").click()
    today = datetime.now(ZoneInfo(TIMEZONE))
    line = card.get_by_role("listitem").filter(has_text="sealed the leaking roof vent with Dicor")
    expect(line).to_have_text(
        f"{today:%A, %Y-%m-%d}, the traveller: We sealed the leaking roof vent with Dicor in Flagstaff"
    )
