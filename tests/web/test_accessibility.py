"""Accessibility: legibility at each width and theme, keyboard, landmarks, reduced motion."""

import itertools

import pytest
from playwright.sync_api import expect

from local.demo.year import USER_ID
from tests.functional.memory.remembered import Remembered
from tests.web.app_page import CLAUDE_TIMEOUT_MS, AppPage
from tests.web.claude_stand_in import tool_use

MIN_CONTRAST = 4.5  # WCAG 2.2 AA for text
WIDTHS_AND_THEMES = [*itertools.product((320, 1280), ("light", "dark"))]

# Each visible text with its colour and the colour behind it.
TEXTS_WITH_COLOURS = """() => {
  const backgroundOf = (node) => {
    for (let ancestor = node; ancestor; ancestor = ancestor.parentElement) {
      const colour = getComputedStyle(ancestor).backgroundColor;
      if (!/^rgba\\(.*, 0\\)$/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const numbers = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim();
    if (!text || !node.checkVisibility() || node.closest(".visually-hidden, .skip")) continue;
    texts.push([text, numbers(getComputedStyle(node).color), numbers(backgroundOf(node))]);
  }
  for (const field of document.querySelectorAll("[placeholder]")) {
    const ink = getComputedStyle(field, "::placeholder").color;
    if (field.checkVisibility()) texts.push([field.placeholder, numbers(ink), numbers(backgroundOf(field))]);
  }
  return texts;
}"""

# Each control without an accessible name.
UNNAMED_CONTROLS = """() => [...document.querySelectorAll("button, input, select, textarea, a")]
  .filter((node) => !(node.innerText.trim() || node.labels?.[0]?.innerText.trim()))
  .map((node) => node.outerHTML)"""

# Each control that is lower than 44 px.
SMALL_CONTROLS = """() => [...document.querySelectorAll("button, input, select, textarea, summary, .card a")]
  .filter((node) => node.checkVisibility() && !node.closest(".prose") && node.getBoundingClientRect().height < 44)
  .map((node) => node.outerHTML)"""

# Each element that extends beyond its card sideways, except in a scroll container.
OVERFLOWING_ELEMENTS = """() => [...document.querySelectorAll(".card")].flatMap((card) => {
  const edge = card.getBoundingClientRect().right - parseFloat(getComputedStyle(card).paddingRight);
  return [...card.querySelectorAll("*")]
    .filter((node) => node.checkVisibility() && !node.closest(".scroll, .visually-hidden"))
    .filter((node) => node.getBoundingClientRect().right > edge + 1)
    .map((node) => node.outerHTML);
})"""

FAST_QUESTIONS = [
    "How's my budget?",
    "how much have I saved this year",
    "show my last 5 fuel expenses",
    "weather in Moab tomorrow",
    "weather in Denver this week",
    "how far is Moab from Denver",
    "fuel cost from Moab to Denver",
    "gas prices in Colorado",
    "rv parks near Moab",
]

MARKDOWN = """## Three days\n
Every drive is **under three hours**; `9.5 mpg` is your own figure.\n
1. [Goblin Valley](https://parks.example/goblin-valley), no hookups
   - water at the dump station
2. https://parks.example/a-page-with-a-rather-long-address/that-goes-on/and-on/and-on\n
| Leg | Miles | Drive | Fuel |\n|---|---:|---:|---:|\n| Moab – Goblin Valley, Utah | 100 | 1 h 50 min | $42.10 |\n
```\n39.7392 N, 104.9847 W: a line of code that is longer than a telephone is wide\n```\n> Gusts are likely.
"""


def luminance(colour: list[float]) -> float:
    """Return the relative luminance of an sRGB colour as WCAG 2.2 defines it."""
    channels = (value / 255 for value in colour)
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: list[float], other: list[float]) -> float:
    """Return the contrast ratio of two colours as WCAG 2.2 defines it."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def check_legibility(app: AppPage, scheme: str) -> None:
    """Check the page for sideways scrolling, contrast, theme, control names and sizes, and overflowing cards."""
    assert app.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    texts = app.page.evaluate(TEXTS_WITH_COLOURS)
    assert len(texts) > 20
    assert [text for text, colour, background in texts if contrast(colour, background) < MIN_CONTRAST] == []
    backgrounds = {tuple(background) for _, _, background in texts}
    assert {luminance(list(background)) < 0.2 for background in backgrounds} >= {scheme == "dark"}
    assert app.page.evaluate(UNNAMED_CONTROLS) == []
    assert app.page.evaluate(SMALL_CONTROLS) == []
    assert app.page.evaluate(OVERFLOWING_ELEMENTS) == []


@pytest.mark.parametrize(("width", "scheme"), WIDTHS_AND_THEMES)
def test_questions_and_form_are_legible(new_app, width, scheme):
    """The conversation, a failure and the form are legible at each width and theme."""
    app = new_app(width, 800, color_scheme=scheme)
    app.sign_in()
    app.ask("How much did I spend this month?")
    card = app.ask("add $12 for tolls")
    app.route("**/v1/ask", lambda route: route.abort())
    app.ask("What did I spend last month?")
    if width == 320:
        app.page.get_by_role("button", name="Show categories").click()
    check_legibility(app, scheme)
    app.undo(card)
    app.page.get_by_role("button", name="Add expense").click()
    app.page.get_by_role("dialog").get_by_role("button", name="Add expense").click()
    check_legibility(app, scheme)
    app.allow_request_errors()


@pytest.mark.parametrize(("width", "scheme"), WIDTHS_AND_THEMES)
def test_fast_answer_cards_are_legible(new_app, api, width, scheme):
    """The cards of all fast answers are legible at each width and theme."""
    app = new_app(width, 800, color_scheme=scheme)
    app.sign_in()
    for question in FAST_QUESTIONS:
        app.ask(question)
    weather = api.get("weather", place="Moab")
    weather |= {"stale": True, "age_s": 7300, "reason": "source_unavailable"}
    strongest = {"gusts": 60.0, "at": weather["hours"][5]["time"]}
    weather["wind_warning"] = {"level": "danger", "text": "Dangerous gusts"} | strongest
    parks = api.get("parks", place="Moab")
    parks["parks"][0] |= {"phone": "(435) 555-0100", "website": "http://a-campground-with-a-long-name.example/moab"}
    for intent, answer in (("weather", weather), ("nearby_parks", parks)):
        app.stub_answer(intent, answer)
        app.ask("weather in Moab")
    app.unroute("**/v1/ask")
    expect(app.ask("rv parks near me")).to_contain_text("where you are")
    check_legibility(app, scheme)


@pytest.mark.parametrize(("width", "scheme"), WIDTHS_AND_THEMES)
def test_memories_are_legible(new_app, database, owner, width, scheme):
    """The dialog with a fact that is corrected, one that is deleted, and a deletion of everything that is confirmed."""
    remembered = Remembered(database, owner, USER_ID)
    turn = remembered.says("We have two dogs.")
    for subject, standing in (("dogs", False), ("vehicle", False), ("units", True)):
        remembered.knows(subject, "a value", turn, standing=standing)
        remembered.knows(subject, "another value", remembered.says("No, another."), standing=standing)
    app = new_app(width, 800, color_scheme=scheme)
    app.sign_in()
    app.page.get_by_role("button", name="Memory").click()
    dialog = app.page.get_by_role("dialog", name="What PAM remembers")
    dialog.get_by_role("button", name="Correct: dogs").click()
    dialog.get_by_role("button", name="Delete: vehicle").click()
    dialog.get_by_text("Before").first.click()
    dialog.get_by_text("Where it comes from").first.click()
    dialog.get_by_role("button", name="Delete everything").click()
    expect(dialog.get_by_role("textbox", name="Type “delete everything” to confirm")).to_be_visible()
    try:
        check_legibility(app, scheme)
        assert dialog.evaluate("node => node.scrollWidth <= node.clientWidth")
    finally:
        owner.execute("delete from facts where user_id = %s", (USER_ID,))
        owner.execute("delete from conversations where id = %s", (remembered.conversation_id,))


@pytest.mark.parametrize(("width", "scheme"), WIDTHS_AND_THEMES)
def test_claude_answer_cards_are_legible(new_app, claude, width, scheme):
    """Queued questions, Markdown, tools, confirmations and errors are legible at each width and theme."""
    app = new_app(width, 800, color_scheme=scheme)
    app.route("**/v1/ws-ticket", lambda route: route.abort())
    app.sign_in()
    app.ask("a question that waits").get_by_role("button", name="Don't send").click()
    app.ask("another question that waits")
    check_legibility(app, scheme)
    app.unroute("**/v1/ws-ticket")
    app.wait_until_connected()
    expense = {"amount": "12.25", "category": "tolls", "description": "Bridge", "more_to_do": False}
    post = {"content": "Two nights.\nNo hookups.", "tags": ["utah", "a-tag-that-is-as-long-as-a-tag-may-ever-be"]}
    claude.script("three days", tool_use("get_weather_forecast", place="Moab"), MARKDOWN)
    writes = [tool_use("create_expense", **expense), tool_use("create_post", **post)]
    claude.script("all at once", writes, "Have a look.")
    claude.script("geysers", "Old Faithful is " + "very " * 100 + "punctual.")
    claude.set_fault("geysers", "overloaded_in_stream")
    card = app.ask_claude("Plan me three days in Utah")
    expect(card.get_by_role("table")).to_be_visible()
    card.get_by_text("Cost and tokens").click()
    writes_card = app.ask_claude("do it all at once")
    expect(writes_card.get_by_role("button", name="Confirm")).to_be_visible()
    expect(app.ask("Tell me about geysers").locator(".severe")).to_be_visible(timeout=CLAUDE_TIMEOUT_MS)
    check_legibility(app, scheme)
    app.undo(writes_card)
    app.allow_request_errors()


def test_page_has_heading_landmarks_and_skip_link(app):
    """The page has one h1, named landmarks, a language, and a skip link to the composer."""
    page = app.sign_in().page
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_role("main", name="Conversation")).to_be_visible()
    expect(app.panel).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "en"
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur(); document.querySelector('.skip').focus()")
    page.keyboard.press("Enter")
    expect(app.question).to_be_focused()


def test_reduced_motion_stops_endless_animations(new_app):
    """With reduced motion requested, no animation repeats."""
    app = new_app(reduced_motion="reduce")
    app.sign_in().ask("How much did I spend this month?")
    repeating = "document.getAnimations().filter((one) => one.effect.getTiming().iterations > 1).length"
    assert app.page.evaluate(repeating) == 0


def test_page_works_from_the_keyboard(app):
    """Signing in, asking, clearing, adding and undoing need no mouse, and the focus is visible."""
    page = app.open().page

    def tab_to(name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "[document.activeElement.innerText, document.activeElement.labels?.[0]?.innerText].join('|')"
            )
            if name in focused:
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
                return
        raise AssertionError(f"Tab never reaches {name}")

    expect(page.get_by_role("button", name="Sign in as the demo traveller")).to_be_visible()
    assert page.evaluate("document.activeElement === document.body"), "the focus isn't moved on load"
    tab_to("Sign in as the demo traveller")
    page.keyboard.press("Enter")
    expect(app.panel.locator("#panel-total")).not_to_be_empty()
    tab_to("Your question")
    page.keyboard.type("some words")
    page.keyboard.press("Escape")
    expect(app.question).to_have_value("")
    page.keyboard.type("add $3 for laundry")
    page.keyboard.press("Enter")
    expect(app.cards).to_have_count(1)
    expect(app.question).to_be_focused()
    tab_to("Add expense")
    page.keyboard.press("Enter")
    page.keyboard.type("4.25")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Add expense")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Amount")).to_have_value("4.25")
    tab_to("Category")
    page.keyboard.type("Laundry")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    if not page.get_by_role("dialog").is_visible():
        tab_to("Add expense")
        page.keyboard.press("Enter")
    tab_to("Add expense")
    page.keyboard.press("Enter")
    expect(app.cards).to_have_count(2)
    for card in app.cards.all():
        card.get_by_role("button", name="Undo").focus()
        page.keyboard.press("Enter")
        expect(card).to_contain_text("Undone")
        expect(card).to_be_focused()
