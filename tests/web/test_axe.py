"""axe-core finds no serious or critical violation on any page and dialog, in both themes."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from local.demo.year import USER_ID
from tests.functional.memory.remembered import Remembered
from tests.web.app_page import AppPage
from tests.web.claude_stand_in import tool_use
from tests.web.test_accessibility import FAST_QUESTIONS

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = {"serious", "critical"}
MARKDOWN = """## Plan

1. **Moab**, `9.5 mpg`
2. [Goblin Valley](https://parks.example/a)

| Leg | Miles |
|---|---:|
| A – B | 100 |
"""

themes = pytest.mark.parametrize("scheme", ["light", "dark"])
widths = pytest.mark.parametrize("width", [390, 1280])


def violations(page: Page) -> list[str]:
    """Return each serious or critical violation on the page: its rule, what it is about, and an element with it."""
    page.evaluate(AXE.read_text())  # evaluated by the browser's debugger: the Content-Security-Policy allows no script
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    assert len(found["passes"]) > 10
    return [
        f"{each['id']}: {each['help']}: {node['html']}"
        for each in found["violations"]
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]


def test_axe_reports_a_violation(app):
    """A button without a name is reported, so that an empty report means something."""
    page = app.open().page
    page.evaluate("document.getElementById('welcome').append(document.createElement('button'))")
    assert any(each.startswith("button-name:") for each in violations(page))


@themes
def test_welcome_and_failures(new_app, scheme):
    """The page before the sign-in, and a question that needs it."""
    app = new_app(color_scheme=scheme).open()
    expect(app.page.get_by_role("button", name="Sign in as the demo traveller")).to_be_visible()
    assert violations(app.page) == []
    app.ask("How's my budget?")
    assert violations(app.page) == []


@themes
@widths
def test_fast_answers(new_app, scheme, width):
    """The cards of fast answers, and a row of expenses that is edited."""
    app = new_app(width, 800, color_scheme=scheme).sign_in()
    for question in ["How much did I spend this month?", *FAST_QUESTIONS]:
        app.ask(question)
    app.page.get_by_role("button", name="Edit").first.click()
    if width == 390:
        app.page.get_by_role("button", name="Show categories").click()
    assert violations(app.page) == []


@themes
@widths
def test_answers_of_claude(new_app, claude, scheme, width):
    """An answer with text, tools, costs and feedback, one with a confirmation, and entries that wait."""
    claude.script("plan it", tool_use("get_weather_forecast", place="Moab"), MARKDOWN)
    claude.script("post it", tool_use("create_post", content="Two nights.", tags=["utah"]), "Posted.")
    app = new_app(width, 800, color_scheme=scheme).sign_in().wait_until_connected()
    app.ask_claude("plan it for me").get_by_text("Cost and tokens").click()
    card = app.ask("post it for me")
    expect(card.get_by_role("button", name="Confirm")).to_be_visible()
    app.page.context.set_offline(True)
    app.ask("a question that waits")
    form = app.fill_expense_form("3", "tolls", "A bridge")
    form.get_by_role("button", name="Add expense").click()
    expect(app.cards.last).to_contain_text("A bridge")
    assert violations(app.page) == []
    app.allow_request_errors()


@themes
def test_dialogs(new_app, database, owner, scheme):
    """The form with its errors, the memories, the travellers, and the question before signing out."""
    remembered = Remembered(database, owner, USER_ID)
    remembered.knows("dogs", "We have two dogs.", remembered.says("We have two dogs."), standing=True)
    app = new_app(color_scheme=scheme).sign_in()
    page = app.page
    try:
        page.get_by_role("button", name="Add expense").click()
        page.get_by_role("dialog").get_by_role("button", name="Add expense").click()
        assert violations(page) == []
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Memory").click()
        dialog = page.get_by_role("dialog", name="What PAM remembers")
        dialog.get_by_role("button", name="Correct: dogs").click()
        dialog.get_by_role("button", name="Delete everything").click()
        assert violations(page) == []
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Travellers").click()
        expect(page.get_by_role("dialog", name="Travellers").get_by_role("button", name="Save profile")).to_be_visible()
        assert violations(page) == []
        page.keyboard.press("Escape")
        page.context.set_offline(True)
        app.ask("a question that waits")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("dialog", name="Sign out with unsent entries?")).to_be_visible()
        assert violations(page) == []
        page.get_by_role("button", name="Delete and sign out").click()
    finally:
        owner.execute("delete from facts where user_id = %s", (USER_ID,))
        owner.execute("delete from conversations where id = %s", (remembered.conversation_id,))
    app.allow_request_errors()


@themes
@pytest.mark.parametrize(("path", "ready"), [("/api.html", "#description"), ("/dashboard", "#rows")])
def test_other_pages(new_app, scheme, path, ready):
    """The description of the API, and the dashboard."""
    app: AppPage = new_app(color_scheme=scheme)
    app.page.goto(app.base_url + path)
    expect(app.page.locator(ready)).not_to_have_attribute("aria-busy", "true")
    assert violations(app.page) == []
