"""The conversation with Claude as a traveller has it when the line holds."""

import json
import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.web.conftest import figure, text, use
from tests.web.test_page import expect_total, panel_total

GAS = "How much did I spend on gas this month?"


@pytest.fixture
def pam(pam):
    return pam.sign_in().connected()


def conversations(pam) -> set:
    return {frame.get("conversation_id") for frame in pam.sent_frames("chat")}


def test_a_question_that_is_never_quick_goes_to_claude(pam, claude):
    """It goes over the socket at once; the answer has its Markdown, and its cost for who looks for that."""
    claude.says("scenic week", "## Utah\n\nGo **slowly**:\n\n- Moab\n- *Torrey*\n\n| a | b |\n|---|---|\n| `1` | 2 |\n")
    claude.takes(0, 50)
    card = pam.ask_claude("Plan me a scenic week in Utah")
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
    assert pam.sent("POST", "/v1/ask") == []
    [frame] = pam.sent_frames("chat")
    assert frame["context"] == {"timezone": "America/Denver"}


def test_a_question_for_claude_sent_twice_is_sent_once(pam, claude):
    """Enter twice and a double click on Send ask one question each."""
    claude.says("once", "Yes.")
    pam.question.fill("say it once")
    pam.question.press("Enter")
    pam.question.press("Enter")
    expect(pam.cards).to_have_count(1)
    pam.question.fill("and once more")
    pam.page.get_by_role("button", name="Send").dblclick()
    expect(pam.cards.last.locator(".prose")).to_have_text("Yes.", timeout=30_000)
    expect(pam.cards).to_have_count(2)
    assert [frame["text"] for frame in pam.sent_frames("chat")] == ["say it once", "and once more"]


def test_text_is_shown_while_it_is_written(pam, claude):
    """The first words are there, formatted, while the last aren't written; what is done is not made again."""
    claude.says("slow tale", "First **part**.\n\n" + "and so on " * 60)
    claude.takes(0, 40)
    card = pam.ask("Tell me a slow tale")
    first = card.locator(".prose p").first
    expect(first.locator("strong")).to_have_text("part")
    expect(card.locator(".prose p")).to_have_count(2)
    expect(card.get_by_role("button", name="Stop")).to_be_visible()
    first.evaluate("(node) => { node.dataset.same = 'yes'; }")
    claude.takes(0, None)
    expect(card.get_by_text("Cost and tokens")).to_be_visible(timeout=60_000)
    expect(first).to_have_attribute("data-same", "yes")
    assert card.locator(".prose p").last.inner_text().count("and so on") == 60


def test_what_claude_does_has_a_line_each(pam, claude):
    """A tool's line says what came of it and who says so, and the answer names its sources and how old they are."""
    claude.says("windy", [text("Let me look."), use("get_weather_forecast", place="Moab")], "It is **calm**.")
    card = pam.ask_claude("Is it windy enough for a kite over there?")
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


def test_what_claude_writes_down_can_be_undone(pam, claude):
    """An expense that Claude adds is in the month at once, with an Undo that takes it out again."""
    before = panel_total(pam)
    arguments = {"amount": "12.25", "category": "tolls", "more_to_do": False}
    claude.says("bridge toll", use("create_expense", **arguments), "Noted.")
    card = pam.ask_claude("Please note the bridge toll, twelve and a quarter dollars")
    expect_total(pam, before + Decimal("12.25"))
    expect(card).to_contain_text("10 min left")
    card.get_by_role("button", name="Undo").focus()
    pam.page.keyboard.press("Enter")
    expect(card).to_contain_text("Undone")
    expect(card).to_be_focused()
    expect(card.get_by_role("button", name="Undo")).to_have_count(0)
    expect_total(pam, before)


POST = {"content": "Two nights at Goblin Valley.\nNo <b>hookups</b>.", "tags": ["utah", "boondocking"]}


@pytest.mark.parametrize(("button", "outcome"), [("Confirm", re.compile("publish|post", re.I)), ("Cancel", "Not done")])
def test_what_others_will_see_waits_for_a_yes(pam, claude, button, outcome):
    """The card shows the exact arguments; one press decides, by keyboard too, and then nothing can be pressed again."""
    claude.says("tell everybody", use("create_post", **POST), "It waits for you.")
    card = pam.ask_claude("Please tell everybody about our two nights")
    asked = card.get_by_role("region", name=re.compile("^To confirm"))
    expect(asked.locator("dd").filter(has_text="Two nights")).to_have_text(POST["content"], use_inner_text=True)
    expect(asked.locator("dd").filter(has_text="utah")).to_have_text("utah\nboondocking", use_inner_text=True)
    expect(asked).to_contain_text("10 min left to decide")
    assert asked.locator("b").count() == 0
    asked.get_by_role("button", name=button).focus()
    pam.page.keyboard.press("Enter")
    pam.page.keyboard.press("Enter")
    expect(asked.locator(".outcome")).to_contain_text(outcome)
    expect(asked.get_by_role("button")).to_have_count(0)
    expect(asked).to_be_focused()
    line = card.get_by_role("list", name="What Claude does").get_by_role("listitem")
    expect(line).to_have_attribute("data-state", "done" if button == "Confirm" else "declined")
    assert [frame["decision"] for frame in pam.sent_frames("confirm")] == ["yes" if button == "Confirm" else "no"]


def test_a_confirmation_ends_with_its_time(pam, claude):
    """After ten minutes the buttons are gone, and the card says that nothing was done."""
    pam.page.clock.install()
    claude.says("tell everybody", use("create_post", **POST), "It waits for you.")
    card = pam.ask_claude("Please tell everybody about our two nights")
    asked = card.get_by_role("region", name=re.compile("^To confirm"))
    pam.page.clock.fast_forward("09:30")
    expect(asked).to_contain_text(re.compile(r"\d+ s left to decide"))
    pam.page.clock.fast_forward("00:40")
    expect(asked).to_contain_text("The time to decide is over. Nothing was done.")
    expect(asked.get_by_role("button")).to_have_count(0)
    assert pam.sent_frames("confirm") == []


def test_an_answer_can_be_stopped(pam, claude):
    """Stop, by keyboard, ends the answer; what was written stays, and the focus on the card."""
    claude.says("long story", "Once upon a time, " * 400)
    claude.takes(0, 30)
    card = pam.ask("Tell me a long story")
    expect(card.locator(".prose")).to_contain_text("Once upon a time")
    card.get_by_role("button", name="Stop").focus()
    pam.page.keyboard.press("Enter")
    expect(card).to_contain_text("This answer was ended early.", timeout=30_000)
    expect(card.get_by_role("button", name="Stop")).to_have_count(0)
    expect(card).to_be_focused()
    expect(card.locator(".prose")).to_contain_text("Once upon a time")
    assert len(pam.sent_frames("cancel")) == 1


def test_a_fault_is_told_in_words_and_asked_again(pam, claude):
    """What Claude can't do at the moment is said, and one press asks the same anew."""
    claude.says("sunsets", "In Arches.")
    claude.fails("sunsets", "500")
    card = pam.ask("Where are the best sunsets?")
    expect(card.locator(".severe")).to_contain_text("PAM can't reach Claude right now", timeout=60_000)
    expect(card.locator(".severe")).to_contain_text("Best after 10 s")
    claude.fails("sunsets", "ok")
    card.get_by_role("button", name="Try again").click()
    expect(pam.cards.last.locator(".prose")).to_have_text("In Arches.", timeout=30_000)
    expect(pam.cards).to_have_count(2)
    expect(card.get_by_role("button", name="Try again")).to_have_count(0)
    first, second = pam.sent_frames("chat")
    assert first["text"] == second["text"]
    assert first["message_id"] != second["message_id"]


def test_what_was_written_before_a_fault_stays(pam, claude):
    """An answer that breaks off keeps its words above the fault."""
    claude.says("geysers", "Old Faithful is " + "very " * 200 + "punctual.")
    claude.fails("geysers", "overloaded_in_stream")
    card = pam.ask("Tell me about geysers")
    expect(card.locator(".severe")).to_be_visible(timeout=60_000)
    expect(card.locator(".prose")).to_contain_text("Old")


def test_what_was_done_before_a_fault_can_be_undone(pam, claude):
    """The expense is there though its answer broke off: it has its Undo, and isn't asked for a second time."""
    before = panel_total(pam)
    arguments = {"amount": "7.75", "category": "tolls", "more_to_do": True}
    breaks_off = {"content": [text("It is " + "very " * 200)], "fault": {"mode": "overloaded_in_stream"}}
    claude.says("ferry toll", use("create_expense", **arguments), breaks_off)
    card = pam.ask("Please note the ferry toll, seven dollars and seventy-five, and tell me more")
    expect(card.locator(".severe")).to_be_visible(timeout=60_000)
    expect_total(pam, before + Decimal("7.75"))
    expect(card.get_by_role("button", name="Try again")).to_have_count(0)
    card.get_by_role("button", name="Undo").click()
    expect(card).to_contain_text("Undone")
    expect_total(pam, before)


def test_questions_of_one_conversation_come_one_after_the_other(pam, claude):
    """Asked while an answer is written, the next one says that it waits, and follows by itself."""
    claude.says("first of all", "One " * 60)
    claude.says("and after that", "Two.")
    claude.takes(0, 40)
    first = pam.ask("first of all, tell me something")
    expect(first.locator(".prose")).to_contain_text("One")
    second = pam.ask("and after that, something else")
    expect(second.locator(".pending")).to_have_text("Waiting: 1 other answer first")
    claude.takes(0, None)
    expect(second.locator(".prose")).to_have_text("Two.", timeout=60_000)
    expect(first.locator(".prose")).to_contain_text("One One")
    expect(first.get_by_text("Cost and tokens")).to_be_visible()
    one, two = pam.sent_frames("chat")
    assert "conversation_id" not in one
    assert two["conversation_id"]


def test_a_conversation_goes_on_until_another_is_begun(pam, claude):
    """Over a reload too; a button begins another one, and is only there when there is one to leave."""
    begin = pam.page.get_by_role("button", name="New conversation")
    expect(begin).to_be_hidden()
    claude.says("travel talk", "Yes.")
    pam.ask_claude("some travel talk")
    pam.ask_claude("more travel talk")
    pam.page.reload()
    pam.connected()
    expect(begin).to_be_visible()
    pam.ask_claude("still travel talk")
    begin.click()
    expect(pam.question).to_be_focused()
    expect(begin).to_be_hidden()
    expect(pam.page.locator(".divider")).to_have_text("New conversation")
    pam.ask_claude("other travel talk")
    ids = [frame.get("conversation_id") for frame in pam.sent_frames("chat")]
    assert ids[0] is None
    assert ids[1] == ids[2] is not None
    assert ids[3] is None


def test_what_pam_leaves_to_claude_goes_on_there(pam, claude):
    """Where the fast lane understands a sentence and can't answer it, the same words go to Claude."""
    claude.says("Nowhereville", "Which Nowhereville do you mean?")
    card = pam.ask_claude("weather in Nowhereville")
    expect(card.locator(".prose")).to_have_text("Which Nowhereville do you mean?")
    assert len(pam.sent("POST", "/v1/ask")) == 1
    assert [frame["text"] for frame in pam.sent_frames("chat")] == ["weather in Nowhereville"]
    expect(pam.cards).to_have_count(1)


def test_markup_and_links_of_claude_do_no_harm(pam, claude):
    """HTML is text, pictures are links, addresses that aren't web or mail are words, and false names are told."""
    attack = "<img src=x onerror=\"document.title='owned'\"> <script>document.title='owned'</script>"
    links = [
        "[the park](https://parks.example/moab)", "[google.com](https://evil.example/x)", "[run](javascript:alert(1))",
        "[data](data:text/html,hi)", "![cat](https://pictures.example/cat.png)", "[write](mailto:ranger@parks.example)",
        "[bank.example](https://bank.example@evil.example/)", "https://plain.example/way",
    ]  # fmt: skip
    claude.says("hostile", "\n\n".join([attack, *links]))
    card = pam.ask_claude("something hostile please")
    expect(card.locator(".prose p").first).to_have_text(attack)
    assert card.locator("img, script").count() == 0
    assert pam.page.title() != "owned"
    found = card.locator(".prose").get_by_role("link")
    assert [link.get_attribute("href") for link in found.all()] == [
        "https://parks.example/moab", "https://evil.example/x", "https://pictures.example/cat.png",
        "mailto:ranger@parks.example", "https://bank.example@evil.example/", "https://plain.example/way",
    ]  # fmt: skip
    assert {link.get_attribute("rel") for link in found.all() if "mailto" not in link.get_attribute("href")} == {
        "noopener noreferrer"
    }
    expect(found.nth(1)).to_contain_text("(evil.example)")
    expect(found.nth(4)).to_contain_text("(evil.example)")
    expect(found.nth(0)).not_to_contain_text("(parks.example)")
    expect(found.nth(5)).not_to_contain_text("(plain.example)")
    for words in ("run", "data"):
        expect(card.locator(".prose p").filter(has_text=re.compile(f"^{words}$"))).to_be_visible()


def test_an_answer_is_read_out_by_paragraphs(pam, claude):
    """A screen reader hears each paragraph once, when it is whole, and never the pieces."""
    pam.page.evaluate(
        """() => {
            window.said = [];
            new MutationObserver((changes) => changes.forEach(({ addedNodes }) => addedNodes.forEach((node) => {
                window.said.push(node.textContent);
            }))).observe(document.getElementById("announcement-log"), { childList: true });
        }"""
    )
    claude.says("three things", "The first thing.\n\nThe second thing.\n\n" + "Third. " * 30)
    claude.takes(0, 60)
    pam.ask_claude("tell me three things")
    assert pam.page.evaluate("window.said") == ["The first thing.", "The second thing.", ("Third. " * 30).strip()]
    expect(pam.question).to_be_focused()


def test_the_page_follows_a_reader_at_its_end_and_no_other(pam, claude):
    """While text comes, the end stays in sight; who scrolls up stays where they are."""
    bottom = "() => document.documentElement.scrollHeight - innerHeight - scrollY"
    claude.says("very long", "A line.\n\n" * 120)
    claude.takes(0, 150)
    card = pam.ask("a very long story")
    expect(card.locator(".prose p").nth(40)).to_be_attached(timeout=30_000)
    pam.page.wait_for_function(f"{bottom} < 90")
    assert pam.page.evaluate("scrollY") > 300
    pam.page.mouse.wheel(0, -600)
    pam.page.wait_for_function(f"{bottom} > 300")
    at = pam.page.evaluate("scrollY")
    expect(card.get_by_text("Cost and tokens")).to_be_attached(timeout=60_000)
    assert abs(pam.page.evaluate("scrollY") - at) < 5


def test_the_line_is_there_before_the_first_question(pam):
    """One ticket and one socket, opened at sign-in and again after a reload, and none for who is signed out."""
    assert len(pam.sent("POST", "/v1/ws-ticket")) == 1
    assert "ticket=" in pam.sockets[-1].url
    pam.page.reload()
    pam.connected()
    tickets = pam.sent("POST", "/v1/ws-ticket")
    assert len(tickets) == 2
    assert all(sent.headers["authorization"].startswith("Bearer ") for sent in tickets)
    assert not any("idempotency-key" in sent.headers for sent in tickets), "a ticket is never the same twice"
    pam.page.get_by_role("button", name="Sign out").click()
    expect(pam.page.locator("#connection")).to_be_hidden()
    pam.page.reload()
    expect(pam.page.get_by_role("button", name="Sign in as the demo traveller")).to_be_visible()
    assert len(pam.sent("POST", "/v1/ws-ticket")) == 2


def test_signing_out_forgets_the_conversation(pam, claude):
    """Neither the conversation nor what waits is left on the device."""
    claude.says("secret", "Hush.")
    pam.ask_claude("a secret of mine")
    pam.page.route("**/v1/ws-ticket", lambda route: route.abort())
    pam.page.reload()
    pam.ask("another secret of mine, which waits")
    assert "secret" in pam.page.evaluate("JSON.stringify(localStorage)")
    pam.page.get_by_role("button", name="Sign out").click()
    expect(pam.cards).to_have_count(0)
    assert json.loads(pam.page.evaluate("JSON.stringify(localStorage)")) == {}
    pam.expect_failed_requests()


def test_the_location_goes_along_and_is_kept_nowhere(pam, claude):
    """Switched on, it is sent with a question; what waits on this device is kept without it."""
    page = pam.page
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"latitude": 38.573312, "longitude": -109.549841})
    page.get_by_role("button", name="Use my location", exact=True).click()
    expect(page.get_by_role("button", name="Use my location", exact=True)).to_have_attribute("aria-pressed", "true")
    claude.says("around", "Much.")
    claude.takes(0, 20)
    pam.ask("what is there to see around")
    expect(pam.cards.first.locator(".prose")).to_contain_text("Much")
    [frame] = pam.sent_frames("chat")
    assert frame["context"]["location"] == {"latitude": 38.573, "longitude": -109.55}
    assert "38.57" not in page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
