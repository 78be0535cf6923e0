"""Answers of Claude over an open socket: streamed text, tools, undo, errors."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.web.app_page import CLAUDE_TIMEOUT_MS, AppPage, expect_complete, figure
from tests.web.claude_stand_in import text_block, tool_use


@pytest.fixture
def app(app: AppPage) -> AppPage:
    """A page with a signed-in user and an open socket."""
    return app.sign_in().wait_until_connected()


def test_question_without_fast_answer_is_answered_by_claude(app, claude):
    """A question without a fast answer goes over the socket; its card shows Markdown, tokens, cost and latency."""
    markdown = "## Utah\n\nGo **slowly**:\n\n- Moab\n- *Torrey*\n\n| a | b |\n|---|---|\n| `1` | 2 |\n"
    claude.script("scenic week", markdown)
    claude.set_speed(0, 50)
    card = app.ask_claude("Plan me a scenic week in Utah")
    expect(card.get_by_role("heading", name="Utah")).to_be_visible()
    expect(card.locator(".prose strong")).to_have_text("slowly")
    expect(card.locator(".prose li")).to_have_text(["Moab", "Torrey"])
    expect(card.get_by_role("table").get_by_role("columnheader")).to_have_text(["a", "b"])
    expect(card.locator(".badge").first).to_have_text("Claude")
    expect(figure(card, "Model calls")).to_be_hidden()
    card.get_by_text("Cost and tokens").click()
    expect(figure(card, "Model calls")).to_have_text("1")
    expect(figure(card, "Tokens read from the cache")).to_have_text(re.compile(r"^[\d,]+$"))
    expect(figure(card, "Cost")).to_have_text(re.compile(r"^\$\d\.\d+$"))
    expect(figure(card, "First words after")).to_have_text(re.compile(r"^[\d.]+ sec$"))
    expect(figure(card, "Took in all")).to_have_text(re.compile(r"^[\d.]+ sec$"))
    assert app.sent_requests("POST", "/v1/ask") == []
    [frame] = app.sent_frames("chat")
    assert frame["context"].keys() == {"timezone", "typed_at"}
    assert frame["context"]["timezone"] == "America/Denver"


def test_streamed_text_is_rendered_incrementally(app, claude):
    """The first block is rendered while the rest arrives, and a complete block is not rendered again."""
    claude.script("slow tale", "First **part**.\n\n" + "and so on " * 60)
    claude.set_speed(0, 40)
    card = app.ask("Tell me a slow tale")
    first = card.locator(".prose p").first
    expect(first.locator("strong")).to_have_text("part")
    expect(card.locator(".prose p")).to_have_count(2)
    expect(card.get_by_role("button", name="Stop")).to_be_visible()
    first.evaluate("(node) => { node.isFirst = true; }")
    claude.set_speed(0, None)
    expect_complete(card)
    expect(first).to_have_js_property("isFirst", True)
    assert card.locator(".prose p").last.inner_text().count("and so on") == 60


def test_tool_use_is_listed_with_summary_and_source(app, claude):
    """A tool has a line with its outcome and source, and the answer shows its sources and their age."""
    forecast = tool_use("get_weather_forecast", place="Moab")
    claude.script("windy", [text_block("Let me look."), forecast], "It is **calm**.")
    card = app.ask_claude("Is it windy enough for a kite over there?")
    line = card.get_by_role("list", name="What Claude does").get_by_role("listitem")
    expect(line).to_have_count(1)
    expect(line).to_have_attribute("data-state", "done")
    expect(line).to_contain_text("Done: ")
    expect(line).to_contain_text("Moab")
    expect(line).to_contain_text("Open-Meteo (simulated)")
    expect(figure(card, "Source")).to_contain_text("Open-Meteo (simulated)")
    expect(figure(card, "As of").locator("time")).to_be_visible()
    expect(card.get_by_text("Simulated data")).to_be_visible()
    expect(card.locator(".prose p")).to_have_text(["Let me look.", "It is calm."])


def test_expense_added_by_claude_can_be_undone(app, claude):
    """An expense added by Claude is in the month's total at once, and Undo removes it."""
    before = app.panel_total()
    arguments = {"amount": "12.25", "category": "tolls", "more_to_do": False}
    claude.script("bridge toll", tool_use("create_expense", **arguments), "Noted.")
    card = app.ask_claude("Please note the bridge toll, twelve and a quarter dollars")
    app.expect_panel_total(before + Decimal("12.25"))
    expect(card).to_contain_text("10 min left")
    card.get_by_role("button", name="Undo").focus()
    app.page.keyboard.press("Enter")
    expect(card).to_contain_text("Undone")
    expect(card).to_be_focused()
    expect(card.get_by_role("button", name="Undo")).to_have_count(0)
    app.expect_panel_total(before)


def test_stop_button_ends_the_answer(app, claude):
    """Stop ends the answer; its text stays, and the focus moves to the card."""
    claude.script("long story", "Once upon a time, " * 400)
    claude.set_speed(0, 30)
    card = app.ask("Tell me a long story")
    expect(card.locator(".prose")).to_contain_text("Once upon a time")
    card.get_by_role("button", name="Stop").focus()
    app.page.keyboard.press("Enter")
    expect(card).to_contain_text("This answer was ended early.", timeout=CLAUDE_TIMEOUT_MS)
    expect(card.get_by_role("button", name="Stop")).to_have_count(0)
    expect(card).to_be_focused()
    expect(card.locator(".prose")).to_contain_text("Once upon a time")
    assert len(app.sent_frames("cancel")) == 1


def test_model_error_is_explained_and_can_be_retried(app, claude):
    """An error of Claude is explained, and the retry sends the same question as a new message."""
    claude.script("sunsets", "In Arches.")
    claude.set_fault("sunsets", "500")
    card = app.ask("Where are the best sunsets?")
    expect(card.locator(".severe")).to_contain_text("PAM can't reach Claude right now", timeout=CLAUDE_TIMEOUT_MS)
    expect(card.locator(".severe")).to_contain_text("Best after 10 s")
    claude.set_fault("sunsets", "ok")
    card.get_by_role("button", name="Try again").click()
    expect(app.cards.last.locator(".prose")).to_have_text("In Arches.", timeout=CLAUDE_TIMEOUT_MS)
    expect(app.cards).to_have_count(2)
    expect(card.get_by_role("button", name="Try again")).to_have_count(0)
    first, second = app.sent_frames("chat")
    assert first["text"] == second["text"]
    assert first["message_id"] != second["message_id"]


def test_text_before_an_error_stays(app, claude):
    """An answer that is interrupted keeps its text above the error."""
    claude.script("geysers", "Old Faithful is " + "very " * 200 + "punctual.")
    claude.set_fault("geysers", "overloaded_in_stream")
    card = app.ask("Tell me about geysers")
    expect(card.locator(".severe")).to_be_visible(timeout=CLAUDE_TIMEOUT_MS)
    expect(card.locator(".prose")).to_contain_text("Old")


def test_write_before_an_error_can_be_undone_and_not_retried(app, claude):
    """An expense added before an error has an Undo, and the question can't be retried."""
    before = app.panel_total()
    arguments = {"amount": "7.75", "category": "tolls", "more_to_do": True}
    interrupted = {"content": [text_block("It is " + "very " * 200)], "fault": {"mode": "overloaded_in_stream"}}
    claude.script("ferry toll", tool_use("create_expense", **arguments), interrupted)
    card = app.ask("Please note the ferry toll, seven dollars and seventy-five, and tell me more")
    expect(card.locator(".severe")).to_be_visible(timeout=CLAUDE_TIMEOUT_MS)
    app.expect_panel_total(before + Decimal("7.75"))
    expect(card.get_by_role("button", name="Try again")).to_have_count(0)
    card.get_by_role("button", name="Undo").click()
    expect(card).to_contain_text("Undone")
    app.expect_panel_total(before)


def test_untrusted_markup_and_links_are_harmless(app, claude):
    """HTML is shown as text, only web and mail addresses become links, and a deceptive label shows its real host."""
    attack = "<img src=x onerror=\"document.title='owned'\"> <script>document.title='owned'</script>"
    links = [
        "[the park](https://parks.example/moab)", "[google.com](https://evil.example/x)", "[run](javascript:alert(1))",
        "[data](data:text/html,hi)", "![cat](https://pictures.example/cat.png)", "[write](mailto:ranger@parks.example)",
        "[bank.example](https://bank.example@evil.example/)", "https://plain.example/way",
    ]  # fmt: skip
    claude.script("hostile", "\n\n".join([attack, *links]))
    # The traveller's own links reach the page; of others only those of known hosts do.
    own = " ".join(re.findall(r"\((.*)\)$", "\n".join(links), re.MULTILINE))
    card = app.ask_claude(f"something hostile please: {own} https://plain.example/way")
    expect(card.locator(".prose p").first).to_have_text(attack)
    assert card.locator("img, script").count() == 0
    assert app.page.title() != "owned"
    found = card.locator(".prose").get_by_role("link")
    assert [link.get_attribute("href") for link in found.all()] == [
        "https://parks.example/moab", "https://evil.example/x", "mailto:ranger@parks.example",
        "https://bank.example@evil.example/", "https://plain.example/way",
    ]  # fmt: skip
    assert {link.get_attribute("rel") for link in found.all() if "mailto" not in link.get_attribute("href")} == {
        "noopener noreferrer"
    }
    expect(found.nth(1)).to_contain_text("(evil.example)")
    expect(found.nth(3)).to_contain_text("(evil.example)")
    expect(found.nth(0)).not_to_contain_text("(parks.example)")
    expect(found.nth(4)).not_to_contain_text("(plain.example)")
    for label in ("run", "data", "cat"):
        expect(card.locator(".prose p").get_by_text(label, exact=True)).to_be_visible()


def test_answer_is_announced_by_paragraph(app, claude):
    """A screen reader gets each paragraph once, when it is complete."""
    app.page.evaluate(
        """() => {
            window.announcements = [];
            new MutationObserver((changes) => changes.forEach(({ addedNodes }) => addedNodes.forEach((node) => {
                window.announcements.push(node.textContent);
            }))).observe(document.getElementById("announcement-log"), { childList: true });
        }"""
    )
    paragraphs = ["The first thing.", "The second thing.", ("Third. " * 30).strip()]
    claude.script("three things", "\n\n".join(paragraphs))
    claude.set_speed(0, 60)
    app.ask_claude("tell me three things")
    assert app.page.evaluate("window.announcements") == paragraphs
    expect(app.question).to_be_focused()


def test_scroll_follows_a_page_that_grows_before_its_scroll_event(app):
    """The browser reports a scroll in the next frame, when the end may be far away again."""
    is_at_end = app.page.evaluate(
        """async () => {
            const { followScroll } = await import("/scroll_follow.js");
            const frame = () => new Promise(requestAnimationFrame);
            for (let i = 0; i < 3; i++) {
                const block = document.createElement("div");
                block.style.height = "3000px";
                document.body.append(block);
                followScroll();
                await frame();
            }
            await frame();
            await frame();
            return document.documentElement.scrollHeight - innerHeight - scrollY < 2;
        }"""
    )
    assert is_at_end


def position_at_rest(app: AppPage) -> float:
    """Return the page's position when the browser has ended its animated scrolling."""
    positions = [app.page.evaluate("scrollY")]

    def is_at_rest() -> bool:
        app.page.wait_for_timeout(200)
        positions.append(app.page.evaluate("scrollY"))
        return positions[-1] == positions[-2]

    app.wait_until(is_at_rest)
    return positions[-1]


def test_scroll_follows_the_answer_until_user_scrolls_up(app, claude):
    """The end of the page stays in view while text arrives, unless the user has scrolled up."""
    bottom = "() => document.documentElement.scrollHeight - innerHeight - scrollY"
    claude.script("very long", "A line.\n\n" * 120)
    claude.set_speed(0, 150)
    card = app.ask("a very long story")
    expect(card.locator(".prose p").nth(40)).to_be_attached(timeout=CLAUDE_TIMEOUT_MS)
    app.page.wait_for_function(f"{bottom} < 90")
    assert app.page.evaluate("scrollY") > 300
    app.page.mouse.wheel(0, -600)
    app.page.wait_for_function(f"{bottom} > 300")
    position = position_at_rest(app)
    expect(card.get_by_text("Cost and tokens")).to_be_attached(timeout=CLAUDE_TIMEOUT_MS)
    assert abs(app.page.evaluate("scrollY") - position) < 5
