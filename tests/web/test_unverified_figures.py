"""Figures that PAM could not verify, marked in Claude's answer."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.app_page import AppPage

EXPLANATION = "PAM could not verify this figure"
RENDER = """async ({ source, spans }) => {
    const { renderMarked } = await import("/markdown/marks.js");
    const mark = (text) => Object.assign(document.createElement("mark"), { textContent: text });
    const box = document.createElement("div");
    box.append(...renderMarked(source, spans, mark));
    for (const node of box.querySelectorAll("[dir]")) node.removeAttribute("dir");
    return { html: box.innerHTML, marks: [...box.querySelectorAll("mark")].map((node) => node.textContent) };
}"""


@pytest.fixture
def app(app: AppPage) -> AppPage:
    """A page with a signed-in user and an open socket."""
    return app.sign_in().wait_until_connected()


@pytest.fixture(scope="module")
def page(browser: Browser, base_url: str) -> Page:
    """A page whose modules render Markdown."""
    page = browser.new_page()
    page.goto(base_url + "/api.html")
    return page


def render(page: Page, source: str, *figures: str) -> dict:
    """Render a text with marks at the first occurrence of each figure."""
    spans = []
    for figure in figures:
        at = len(source[: source.index(figure)].encode("utf-16-le")) // 2
        spans.append({"start": at, "end": at + len(figure.encode("utf-16-le")) // 2, "text": figure})
    return page.evaluate(RENDER, {"source": source, "spans": spans})


@pytest.mark.parametrize(
    ("source", "figures", "html"),
    [
        ("It is $45.", ["$45"], "<p>It is <mark>$45</mark>.</p>"),
        ("🚐 **$45** of 12 mi", ["$45", "12 mi"], "<p>🚐 <strong><mark>$45</mark></strong> of <mark>12 mi</mark></p>"),
        ("$45, then $45", ["$45"], "<p><mark>$45</mark>, then $45</p>"),
        ("- 12 mi\n- *7 mi*", ["7 mi"], "<ul>\n<li>12 mi</li>\n<li><em><mark>7 mi</mark></em></li>\n</ul>"),
        ("`$45` $46", ["$46"], "<p><code>$45</code> <mark>$46</mark></p>"),
        ("<b>$45</b>", ["$45"], "<p>&lt;b&gt;<mark>$45</mark>&lt;/b&gt;</p>"),
    ],
)
def test_figure_is_marked_at_its_position(page: Page, source: str, figures: list[str], html: str) -> None:
    """Within emphasis, lists and behind emoji, and nowhere else."""
    assert render(page, source, *figures)["html"] == html


def test_figure_in_a_table_and_across_emphasis_is_marked(page: Page) -> None:
    """In each of its parts."""
    assert render(page, "| a | b |\n|---|---:|\n| gas | $45 |", "$45")["marks"] == ["$45"]
    assert render(page, "1,2**34** mi", "1,2**34** mi")["marks"] == ["1,2", "34", " mi"]


@pytest.mark.parametrize(
    ("source", "span"),
    [
        ("[a](https://x.example/45)", {"start": 22, "end": 24, "text": "45"}),
        ("It is $45.", {"start": 6, "end": 9, "text": "$46"}),
        ("It is $45.", {"start": 600, "end": 900, "text": "$45"}),
        ("It is $45.", {"start": 6, "end": 6, "text": ""}),
    ],
)
def test_wrong_position_leaves_the_text_as_it_is(page: Page, source: str, span: dict) -> None:
    """One within an address, beside the figure, or beyond the text."""
    plain = page.evaluate(RENDER, {"source": source, "spans": []})
    assert page.evaluate(RENDER, {"source": source, "spans": [span]}) == plain


def test_unverified_figure_is_marked_with_an_explanation(app, claude):
    """In the answer and in a note below it, also after a reload; figures of the question aren't."""
    claude.script("left of my", "🚐 You have **$412.36** left of $600, for about 5,120 mi.\n\n- Gas: $412.36")
    card = app.ask_claude("What is left of my $600?")
    for _ in range(2):
        marks = card.locator(".prose mark")
        expect(marks).to_have_text(["$412.36", "5,120 mi", "$412.36"])
        expect(marks.first).to_have_attribute("title", EXPLANATION)
        expect(marks.first).to_have_accessible_description(EXPLANATION)
        expect(marks.first).to_have_css("text-decoration-style", "dotted")
        expect(card.locator(".prose p").first).to_have_text("🚐 You have $412.36 left of $600, for about 5,120 mi.")
        expect(card.get_by_text("PAM could not verify: $412.36 · 5,120 mi")).to_be_visible()
        app.page.reload()
        app.wait_until_connected()
        card = app.cards.last


def test_answer_without_unverified_figures_has_no_note(app, claude):
    """Nor a mark."""
    claude.script("my budget of", "Your budget is $600.")
    card = app.ask_claude("Note my budget of $600")
    expect(card.locator(".prose")).to_have_text("Your budget is $600.")
    expect(card.locator("mark")).to_have_count(0)
    expect(card.get_by_text("could not verify")).to_have_count(0)
