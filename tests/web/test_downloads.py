"""Links to files that Claude's tools made: shown beside the answer, and opened by a click."""

import json
import re
from pathlib import Path
from zipfile import ZipFile

from playwright.sync_api import expect

from tests.web.claude_stand_in import tool_use

REPORT = re.compile(r"^Download pam-budget-.*\.json$")
ARCHIVE = re.compile(r"^Download pam-data-.*\.zip$")


def test_report_is_downloaded_from_the_line_of_its_tool(app, claude):
    """The browser saves it under its name."""
    claude.script("my report", tool_use("export_budget_report", format="json"), "It is above.")
    app.sign_in().wait_until_connected()
    card = app.ask_claude("Please make my report")
    link = card.get_by_role("list", name="What Claude does").get_by_role("link", name=REPORT)
    expect(link.locator("xpath=..")).to_contain_text(re.compile(r"works until \d"))
    with app.page.expect_download() as saved:
        link.click()
    assert saved.value.suggested_filename.endswith(".json")
    assert "expenses" in json.loads(Path(saved.value.path()).read_text())


def test_archive_is_downloaded_from_the_confirmation(app, claude):
    """There is no link before the traveller has confirmed it."""
    claude.script("all my data", tool_use("export_data"), "It waits for you.")
    app.sign_in().wait_until_connected()
    card = app.ask_claude("Please export all my data")
    confirmation = card.get_by_role("region", name=re.compile("^To confirm"))
    expect(card.get_by_role("link", name=ARCHIVE)).to_have_count(0)
    confirmation.get_by_role("button", name="Confirm").click()
    with app.page.expect_download() as saved:
        confirmation.get_by_role("link", name=ARCHIVE).click()
    with ZipFile(saved.value.path()) as archive:
        assert "README.txt" in archive.namelist()
