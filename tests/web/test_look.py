"""How the page looks and reads: sizes, themes, contrast, names, and its lists against the API's."""

import itertools
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.web.conftest import use

# Every visible text with the colours it is painted in, and how large it is.
TEXTS = """() => {
  const painted = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
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
    texts.push([text, numbers(getComputedStyle(node).color), numbers(painted(node))]);
  }
  for (const field of document.querySelectorAll("[placeholder]")) {
    const ink = getComputedStyle(field, "::placeholder").color;
    if (field.checkVisibility()) texts.push([field.placeholder, numbers(ink), numbers(painted(field))]);
  }
  return texts;
}"""

# Every control without an accessible name that a screen reader could say.
NAMELESS = """() => [...document.querySelectorAll("button, input, select, textarea, a")]
  .filter((node) => !(node.innerText.trim() || node.labels?.[0]?.innerText.trim()))
  .map((node) => node.outerHTML)"""

SMALL = """() => [...document.querySelectorAll("button, input, select, textarea, summary, .card a")]
  .filter((node) => node.checkVisibility() && !node.closest(".prose") && node.getBoundingClientRect().height < 44)
  .map((node) => node.outerHTML)"""


# Everything in a card that reaches out of it sideways; a strip that scrolls may be longer than it shows.
OUTSIDE = """() => [...document.querySelectorAll(".card")].flatMap((card) => {
  const edge = card.getBoundingClientRect().right - parseFloat(getComputedStyle(card).paddingRight);
  return [...card.querySelectorAll("*")]
    .filter((node) => node.checkVisibility() && !node.closest(".scroll, .visually-hidden"))
    .filter((node) => node.getBoundingClientRect().right > edge + 1)
    .map((node) => node.outerHTML);
})"""

ANSWERS = [
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


def luminance(colour: list[float]) -> float:
    """WCAG 2.2, relative luminance."""
    shares = (value / 255 for value in colour)
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: list[float], other: list[float]) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("width", "scheme"), [*itertools.product((320, 1280), ("light", "dark"))])
def test_the_page_reads_well_at_every_width_and_in_both_themes(new_pam, tmp_path, width, scheme):
    """No sideways scrolling, text at 4.5:1 or more, every control named and large enough for a finger."""
    pam = new_pam(width, 800, color_scheme=scheme)
    pam.sign_in()
    pam.ask("How much did I spend this month?")
    card = pam.ask("add $12 for tolls")
    pam.page.route("**/v1/ask", lambda route: route.abort())
    pam.ask("What did I spend last month?")
    if width == 320:
        pam.page.get_by_role("button", name="Show categories").click()
    look(pam, tmp_path / "conversation.png", scheme)
    pam.undo(card)
    pam.page.get_by_role("button", name="Add expense").click()
    pam.page.get_by_role("dialog").get_by_role("button", name="Add expense").click()
    look(pam, tmp_path / "form.png", scheme)
    pam.expect_failed_requests()


@pytest.mark.parametrize(("width", "scheme"), [*itertools.product((320, 1280), ("light", "dark"))])
def test_every_answer_reads_well_at_every_width_and_in_both_themes(new_pam, api, tmp_path, width, scheme):
    """Each card stays within its edges, and what it says by colour it says in words of enough contrast."""
    pam = new_pam(width, 800, color_scheme=scheme)
    pam.sign_in()
    for sentence in ANSWERS:
        pam.ask(sentence)
    weather = api.get("weather", place="Moab")
    weather |= {"stale": True, "age_s": 7300, "reason": "source_unavailable"}
    strongest = {"gusts": 60.0, "at": weather["hours"][5]["time"]}
    weather["wind_warning"] = {"level": "danger", "text": "Dangerous gusts"} | strongest
    parks = api.get("parks", place="Moab")
    parks["parks"][0] |= {"phone": "(435) 555-0100", "website": "http://a-campground-with-a-long-name.example/moab"}
    for intent, answer in (("weather", weather), ("nearby_parks", parks)):
        pam.replies(intent, answer)
        pam.ask("weather in Moab")
    pam.page.unroute("**/v1/ask")
    expect(pam.ask("rv parks near me")).to_contain_text("where you are")
    look(pam, tmp_path / "answers.png", scheme)


WRITTEN = """## Three days\n
Every drive is **under three hours**; `9.5 mpg` is your own figure.\n
1. [Goblin Valley](https://parks.example/goblin-valley), no hookups
   - water at the dump station
2. https://parks.example/a-page-with-a-rather-long-address/that-goes-on/and-on/and-on\n
| Leg | Miles | Drive | Fuel |\n|---|---:|---:|---:|\n| Moab – Goblin Valley, Utah | 100 | 1 h 50 min | $42.10 |\n
```\n39.7392 N, 104.9847 W: a line of code that is longer than a telephone is wide\n```\n> Gusts are likely.
"""


@pytest.mark.parametrize(("width", "scheme"), [*itertools.product((320, 1280), ("light", "dark"))])
def test_the_conversation_reads_well_at_every_width_and_in_both_themes(new_pam, claude, tmp_path, width, scheme):
    """What Claude writes and does, what waits for a yes, a fault, what is cut off: all of it keeps to its card."""
    pam = new_pam(width, 800, color_scheme=scheme)
    pam.page.route("**/v1/ws-ticket", lambda route: route.abort())
    pam.sign_in()
    pam.ask("a question that waits").get_by_role("button", name="Don't send").click()
    pam.ask("another question that waits")
    look(pam, tmp_path / "waiting.png", scheme)
    pam.page.unroute("**/v1/ws-ticket")
    pam.connected()
    expense = {"amount": "12.25", "category": "tolls", "description": "Bridge", "more_to_do": False}
    post = {"content": "Two nights.\nNo hookups.", "tags": ["utah", "a-tag-that-is-as-long-as-a-tag-may-ever-be"]}
    claude.says("three days", use("get_weather_forecast", place="Moab"), WRITTEN)
    claude.says("all at once", [use("create_expense", **expense), use("create_post", **post)], "Have a look.")
    claude.says("geysers", "Old Faithful is " + "very " * 100 + "punctual.")
    claude.fails("geysers", "overloaded_in_stream")
    card = pam.ask_claude("Plan me three days in Utah")
    expect(card.get_by_role("table")).to_be_visible()
    card.get_by_text("Cost and tokens").click()
    written = pam.ask_claude("do it all at once")
    expect(written.get_by_role("button", name="Confirm")).to_be_visible()
    expect(pam.ask("Tell me about geysers").locator(".severe")).to_be_visible(timeout=60_000)
    look(pam, tmp_path / "conversation.png", scheme)
    pam.undo(written)
    pam.expect_failed_requests()


def look(pam, picture: Path, scheme: str) -> None:
    pam.page.screenshot(path=picture, full_page=True)
    assert picture.stat().st_size > 10_000
    assert pam.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    texts = pam.page.evaluate(TEXTS)
    assert len(texts) > 20
    assert [text for text, ink, paper in texts if contrast(ink, paper) < 4.5] == []
    papers = {tuple(paper) for _, _, paper in texts}
    assert {luminance(list(paper)) < 0.2 for paper in papers} >= {scheme == "dark"}
    assert pam.page.evaluate(NAMELESS) == []
    assert pam.page.evaluate(SMALL) == []
    assert pam.page.evaluate(OUTSIDE) == []


def test_the_page_has_one_outline(pam):
    """One h1, named landmarks, a language, and a first link that leads to the question."""
    page = pam.sign_in().page
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_role("main", name="Conversation")).to_be_visible()
    expect(pam.panel).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "en"
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur(); document.querySelector('.skip').focus()")
    page.keyboard.press("Enter")
    expect(pam.question).to_be_focused()


def test_who_wants_less_motion_gets_none(new_pam):
    """With reduced motion asked for, nothing on the page moves for longer than a blink."""
    pam = new_pam(reduced_motion="reduce")
    pam.sign_in().ask("How much did I spend this month?")
    endless = "document.getAnimations().filter((one) => one.effect.getTiming().iterations > 1).length"
    assert pam.page.evaluate(endless) == 0


def test_every_file_of_the_page_is_its_own(pam):
    """The page is made of files served beside it, and none of them names another host to load from."""
    pam.sign_in()
    web = Path(__file__).parents[2] / "web"
    for file in web.rglob("*"):
        if file.suffix in {".html", ".css", ".js"}:
            text = file.read_text().replace("http://www.w3.org/2000/svg", "")
            assert not re.search(r"https?://\w", text), file
            assert "innerHTML" not in text, file


def test_the_page_knows_every_fast_answer_of_the_router(pam):
    """Each intent that the router can find has a hint, a wait and a form of its own on the page."""
    pam.open()
    known = pam.page.evaluate(
        """async () => {
            const { previewText, pendingText, skeletonShape } = await import("/intents.js");
            const { tiers } = await (await fetch("/router.json")).json();
            const texts = [previewText, pendingText, skeletonShape];
            return Object.keys(tiers).map((intent) => texts.map((get) => get({ intent })));
        }"""
    )
    assert len(known) == len({hint for hint, _, _ in known}) >= 10
    assert len({wait for _, wait, _ in known}) == len(known)
    assert all(form for _, _, form in known)


def test_a_stale_answer_names_each_source_of_the_api(pam):
    """The sources of facts that the page can name are those the API has."""
    from pam.sources.source import Source

    pam.open()
    for source in set(Source) - {Source.CLAUDE}:  # what Claude says is kept by nobody, and never old
        stale = {"stale": True, "age_s": 60, "reason": "source_unavailable", "source": f"{source} (simulated)"}
        note = pam.page.evaluate(
            "(answer) => import('/cards/provenance.js').then(({ staleNote }) => staleNote(answer).textContent)", stale
        )
        assert note.startswith(f"{source} doesn't answer; this is from ")


def test_the_form_offers_the_categories_of_the_api(pam):
    """The categories in the form are those the API accepts, no more and no fewer."""
    from pam.money.categories import Category

    pam.open()
    offered = pam.page.evaluate("import('/categories.js').then((module) => module.CATEGORIES)")
    assert sorted(offered) == sorted(Category)
