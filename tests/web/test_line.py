"""What happens to a conversation when the line breaks: nothing is lost, and nothing is answered twice."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.web.conftest import Pam, use

GAS = "How much did I spend on gas this month?"
TALE = "".join(f"Part {number} of the tale. " for number in range(1, 61))


class Wire:
    """Between the page and the gateway. Frames of the server go through `carry`, which may do anything to them."""

    def __init__(self, pam: Pam) -> None:
        self.page_side: list[WebSocketRoute] = []
        self.sent: list[dict] = []
        self.heard: list[dict] = []
        self.carry: Callable[[WebSocketRoute, dict], None] = self.pass_on
        self.answers: Callable[[dict], bool] = lambda _frame: True
        pam.page.route_web_socket(re.compile(r"^ws://127\.0\.0\.1"), self._open)

    def _open(self, page_side: WebSocketRoute) -> None:
        server_side = page_side.connect_to_server()
        self.page_side.append(page_side)

        def from_page(data: str) -> None:
            frame = json.loads(data)
            self.sent.append(frame)
            if self.answers(frame):
                server_side.send(data)

        page_side.on_message(from_page)
        server_side.on_message(lambda data: self.carry(page_side, json.loads(data)))

    def pass_on(self, page_side: WebSocketRoute, frame: dict) -> None:
        self.heard.append(frame)
        page_side.send(json.dumps(frame))

    def of(self, action: str) -> list[dict]:
        return [frame for frame in self.sent if frame["action"] == action]


@pytest.fixture
def wire(pam) -> Wire:
    return Wire(pam)


def no_tickets(pam) -> None:
    pam.page.route("**/v1/ws-ticket", lambda route: route.abort())


def tickets_again(pam) -> None:
    """The line can be had, and the page hears that there may be one."""
    pam.page.unroute("**/v1/ws-ticket")
    pam.page.evaluate("dispatchEvent(new Event('online'))")


def test_an_answer_goes_on_where_the_line_broke(pam, wire, claude):
    """In the middle of a text the socket closes: another one is opened, and the text is whole, with nothing twice."""
    claude.says("the tale", TALE)
    claude.takes(0, 150)
    pam.sign_in().connected()

    def break_once(page_side: WebSocketRoute, frame: dict) -> None:
        wire.pass_on(page_side, frame)
        if frame.get("type") == "delta" and len(wire.page_side) == 1:
            wire.carry = wire.pass_on
            page_side.close(code=1001)

    wire.carry = break_once
    card = pam.ask("tell me the tale")
    expect(card.get_by_text("Cost and tokens")).to_be_visible(timeout=60_000)
    expect(card.locator(".prose")).to_have_text(TALE.strip())
    assert len(wire.page_side) == 2
    [resumed] = wire.of("resume")
    assert resumed["after"] == 2, "the ack and one piece had come"
    assert claude.asked("tell me the tale") == 1
    assert len(wire.of("chat")) == 1


def test_frames_in_any_order_make_the_same_answer(pam, wire, claude):
    """Frames that overtake each other wait, frames that come twice are dropped, and a lost one is asked for."""
    claude.says("the tale", TALE)
    claude.takes(0, 300)
    pam.sign_in().connected()
    held: list[dict] = []
    lost: list[int] = []

    def disturb(page_side: WebSocketRoute, frame: dict) -> None:
        if frame.get("type") != "delta":
            return wire.pass_on(page_side, frame)
        if not lost:
            lost.append(frame["seq"])
            return None
        held.append(frame)
        if len(held) == 2:
            for one in (held[1], held[0], held[1]):
                wire.pass_on(page_side, one)
            held.clear()
        return None

    def give_out(page_side: WebSocketRoute, frame: dict) -> None:
        disturb(page_side, frame)
        if frame.get("type") == "done":
            for one in held:
                wire.pass_on(page_side, one)

    wire.carry = give_out
    card = pam.ask("tell me the tale")
    expect(card.get_by_text("Cost and tokens")).to_be_visible(timeout=60_000)
    expect(card.locator(".prose")).to_have_text(TALE.strip())
    assert any(frame["after"] < lost[0] for frame in wire.of("resume"))


def test_an_answer_survives_a_reload(pam, claude):
    """Reloaded in the middle, the page shows the question again and the whole answer, asked once."""
    claude.says("the tale", TALE)
    claude.takes(0, 60)
    pam.sign_in().connected()
    card = pam.ask("tell me the tale")
    expect(card.locator(".prose")).to_contain_text("Part 1")
    pam.page.reload()
    expect(pam.page.locator(".question")).to_have_text("tell me the tale")
    expect(pam.cards.get_by_text("Cost and tokens")).to_be_visible(timeout=60_000)
    expect(pam.cards.locator(".prose")).to_have_text(TALE.strip())
    assert [frame["after"] for frame in pam.sent_frames("resume")] == [0]
    assert claude.asked("tell me the tale") == 1
    pam.page.reload()
    pam.connected()
    expect(pam.cards).to_have_count(0)


def test_a_question_asked_without_a_line_waits_and_is_answered_once(pam, claude):
    """It is shown as waiting, kept over a reload, sent in its order when the line is back, and answered once."""
    claude.says("waits well", "Here you are.")
    no_tickets(pam)
    pam.sign_in()
    pam.ask("the first that waits well")
    pam.ask("the second that waits well")
    expect(pam.cards.first).to_contain_text("Waiting. PAM sends this when the connection is back.")
    expect(pam.question).to_have_value("")
    pam.page.reload()
    expect(pam.cards).to_have_count(2)
    expect(pam.page.locator(".question")).to_have_text(["the first that waits well", "the second that waits well"])
    tickets_again(pam)
    for card in pam.cards.all():
        expect(card.get_by_text("Cost and tokens")).to_be_visible(timeout=60_000)
        expect(card.locator(".prose")).to_have_text("Here you are.")
    first, second = pam.sent_frames("chat")
    assert (first["text"], second["text"]) == ("the first that waits well", "the second that waits well")
    assert "conversation_id" not in first
    assert second["conversation_id"]
    assert claude.asked("the second that waits well") == 1
    pam.page.reload()
    pam.connected()
    expect(pam.cards).to_have_count(0)
    pam.expect_failed_requests()


def test_a_question_that_waits_can_be_taken_back(pam, claude):
    """What was never sent can be dropped, and is not sent when the line is back."""
    no_tickets(pam)
    pam.sign_in()
    card = pam.ask("never mind this one")
    card.get_by_role("button", name="Don't send").click()
    expect(card).to_contain_text("Not sent.")
    pam.page.unroute("**/v1/ws-ticket")
    pam.page.reload()
    pam.connected()
    expect(pam.cards).to_have_count(0)
    assert pam.sent_frames("chat") == []
    pam.expect_failed_requests()


def test_an_expense_said_without_a_network_is_added_once(pam, api):
    """Offline also what PAM answers at once waits; it comes with its own card, and one expense is added."""
    pam.sign_in().connected()
    before = api.this_month("tolls")["count"]
    pam.page.context.set_offline(True)
    pam.ask("add $4 for tolls")
    gas = pam.ask(GAS)
    expect(gas).to_contain_text("Waiting")
    pam.page.context.set_offline(False)
    expect(pam.cards.first).to_contain_text("Done at once · no AI", timeout=60_000)
    expect(pam.cards.first).to_contain_text("10 min left")
    expect(pam.cards.last).to_contain_text("Fast answer · no AI", timeout=60_000)
    expect(pam.cards.last).to_contain_text("fuel")
    assert pam.sent("POST", "/v1/ask") == []
    assert api.this_month("tolls")["count"] == before + 1
    pam.undo(pam.cards.first)
    pam.expect_failed_requests()


def test_the_state_of_the_line_is_told_in_words(pam):
    """Connected, offline, reconnecting in so many seconds; only the word is announced, not the countdown."""
    pam.sign_in().connected()
    no_tickets(pam)
    pam.page.reload()
    expect(pam.connection).to_have_text("Reconnecting")
    expect(pam.page.locator("#connection .countdown")).to_have_text(re.compile(r"^ in \d+ s$"))
    expect(pam.page.locator("#connection .countdown")).to_have_attribute("aria-hidden", "true")
    expect(pam.connection).to_have_attribute("role", "status")
    pam.page.context.set_offline(True)
    expect(pam.connection).to_have_text("Offline: questions wait")
    pam.page.unroute("**/v1/ws-ticket")
    pam.page.context.set_offline(False)
    expect(pam.connection).to_have_text("Connected")
    pam.expect_failed_requests()


def test_tries_come_ever_further_apart(pam):
    """In the first ten minutes without a line there are some tries, and not hundreds."""
    pam.page.clock.install()
    no_tickets(pam)
    pam.sign_in()
    expect(pam.connection).to_have_text("Reconnecting")
    for _ in range(60):
        pam.page.clock.run_for(10_000)
    tries = len(pam.sent("POST", "/v1/ws-ticket"))
    assert 10 <= tries <= 60
    pam.expect_failed_requests()


def test_a_line_without_a_pong_is_given_up(pam, wire):
    """Every five minutes the page pings; without a word within ten seconds it opens another socket."""
    pam.page.clock.install()
    pam.sign_in().connected()
    pam.page.clock.run_for("05:02")
    pam.wait_until(lambda: {"type": "pong"} in wire.heard)
    pam.page.clock.run_for("00:30")
    expect(pam.connection).to_have_text("Connected")
    assert len(wire.page_side) == 1
    wire.answers = lambda frame: frame["action"] != "ping"
    pam.page.clock.run_for("04:30")
    assert len(wire.of("ping")) == 2
    expect(pam.connection).to_have_text("Connected")
    pam.page.clock.run_for("00:10")
    expect(pam.connection).to_have_text("Reconnecting")
    pam.page.clock.run_for("00:05")
    expect(pam.connection).to_have_text("Connected")
    assert len(wire.page_side) == 2
    assert len(pam.sent("POST", "/v1/ws-ticket")) == 2


def test_a_network_that_comes_back_gets_a_new_line(pam, wire):
    """The line of the network before is most likely dead, and would take ten seconds to say so."""
    pam.sign_in().connected()
    for event in ("offline", "online"):
        pam.page.evaluate("(name) => dispatchEvent(new Event(name))", event)
    pam.page.wait_for_timeout(2000)
    pam.connected()
    assert len(wire.page_side) == 2


@pytest.mark.parametrize("words", ["Internal server error", "Forbidden"])
def test_what_the_gateway_itself_refuses_is_told_plainly(pam, wire, claude, words):
    """Its own words are for nobody; the message that wasn't accepted can be sent again."""
    claude.says("plain words", "Now it works.")
    pam.sign_in().connected()

    def refuse(frame: dict) -> bool:
        if frame["action"] != "chat":
            return True
        told = {"message": words, "connectionId": "L0SM9cOFvHcCIhw=", "requestId": "Ix9ZBg=="}
        wire.page_side[-1].send(json.dumps(told))
        return False

    wire.answers = refuse
    card = pam.ask("some plain words")
    expect(card.locator(".severe")).to_have_text("PAM couldn't take this message.")
    wire.answers = lambda _frame: True
    card.get_by_role("button", name="Try again").click()
    expect(pam.cards.last.locator(".prose")).to_have_text("Now it works.", timeout=60_000)


def test_an_integration_that_took_long_is_no_fault(pam, wire, claude):
    """ "Endpoint request timed out" says nothing about the answer, which comes."""
    claude.says("late answer", "Late, and here.")
    pam.sign_in().connected()

    def complain_first(page_side: WebSocketRoute, frame: dict) -> None:
        if frame.get("type") == "ack":
            page_side.send(
                json.dumps({"message": "Endpoint request timed out", "connectionId": "a=", "requestId": "b="})
            )
        wire.pass_on(page_side, frame)

    wire.carry = complain_first
    card = pam.ask_claude("a late answer")
    expect(card.locator(".prose")).to_have_text("Late, and here.")
    expect(card.locator(".severe")).to_have_count(0)


def test_a_message_that_nobody_acknowledges_is_sent_again_as_itself(pam, wire, claude):
    """A chat frame that is lost goes again under the same message id, and is answered once."""
    pam.page.clock.install()
    claude.says("lost words", "Found.")
    pam.sign_in().connected()
    wire.answers = lambda frame: frame["action"] != "chat"
    card = pam.ask("some lost words")
    expect(card).to_contain_text("Sending")
    wire.answers = lambda _frame: True
    pam.page.clock.run_for(16_000)
    expect(card.locator(".prose")).to_have_text("Found.", timeout=60_000)
    assert len({frame["message_id"] for frame in wire.of("chat")}) == 1
    assert len(wire.of("chat")) == 2
    assert claude.asked("some lost words") == 1


def test_a_last_frame_that_is_lost_is_asked_for(pam, wire, claude):
    """Nothing comes after it that would show the gap: after half a minute of silence the page asks."""
    pam.page.clock.install()
    claude.says("last word", "The last word.")
    pam.sign_in().connected()

    lost: list[dict] = []

    def lose_the_end(page_side: WebSocketRoute, frame: dict) -> None:
        if frame.get("type") == "done":
            wire.carry = wire.pass_on
            lost.append(frame)
        else:
            wire.pass_on(page_side, frame)

    wire.carry = lose_the_end
    card = pam.ask("who has the last word")
    expect(card.locator(".prose")).to_have_text("The last word.")
    pam.wait_until(lambda: lost)
    pam.page.clock.run_for(31_000)
    expect(card.get_by_text("Cost and tokens")).to_be_visible(timeout=60_000)


def test_a_decision_outlives_the_line(pam, wire, claude):
    """Confirmed and then cut off, the decision is sent again; what it asks for is done once and told."""
    claude.says("tell everybody", use("create_post", content="Two nights at Goblin Valley."), "It waits for you.")
    pam.sign_in().connected()
    card = pam.ask_claude("Please tell everybody about our two nights")
    asked = card.get_by_role("region", name=re.compile("^To confirm"))

    def break_once(frame: dict) -> bool:
        if frame["action"] != "confirm":
            return True
        wire.answers = lambda _frame: True
        wire.page_side[-1].close(code=1001)
        return False

    wire.answers = break_once
    asked.get_by_role("button", name="Confirm").click()
    expect(asked.locator(".outcome")).to_be_visible(timeout=60_000)
    assert len(wire.of("confirm")) == 2
    assert {frame["decision"] for frame in wire.of("confirm")} == {"yes"}


def test_a_confirmation_survives_a_reload(pam, claude):
    """What waits for a yes is there again after a reload, with the time that it has left."""
    claude.says("tell everybody", use("create_post", content="Two nights at Goblin Valley."), "It waits for you.")
    pam.sign_in().connected()
    pam.ask_claude("Please tell everybody about our two nights")
    pam.page.reload()
    asked = pam.page.get_by_role("region", name=re.compile("^To confirm"))
    expect(asked).to_contain_text(re.compile(r"\d+ min left to decide"))
    asked.get_by_role("button", name="Cancel").click()
    expect(asked.locator(".outcome")).to_contain_text("Not done")
    pam.page.reload()
    pam.connected()
    expect(pam.cards).to_have_count(0)


def test_without_a_line_nothing_is_decided(pam, wire, claude):
    """A press on Confirm without a line says so, and the buttons still work when it is back."""
    claude.says("tell everybody", use("create_post", content="Two nights at Goblin Valley."), "It waits for you.")
    pam.sign_in().connected()
    card = pam.ask_claude("Please tell everybody about our two nights")
    asked = card.get_by_role("region", name=re.compile("^To confirm"))
    no_tickets(pam)
    wire.page_side[-1].close(code=1001)
    expect(pam.connection).not_to_have_text("Connected")
    asked.get_by_role("button", name="Cancel").click()
    expect(asked.get_by_role("alert")).to_contain_text("PAM isn't connected. Nothing was sent")
    tickets_again(pam)
    pam.connected()
    asked.get_by_role("button", name="Cancel").click()
    expect(asked.locator(".outcome")).to_contain_text("Not done")
    assert len(wire.of("confirm")) == 1
    pam.expect_failed_requests()


def test_an_error_without_a_number_is_about_the_message_that_it_names(pam, wire, claude):
    """Refused before it is accepted, a question says why and when to try again; an answer under way goes on."""
    claude.says("the tale", TALE)
    claude.says("too much", "Now there is time.")
    claude.takes(0, 60)
    pam.sign_in().connected()
    tale = pam.ask("tell me the tale")
    expect(tale.locator(".prose")).to_contain_text("Part 1")
    asked_about = {"type": "error", "code": "store_unavailable", "message": "PAM can't do this right now."}
    wire.page_side[-1].send(json.dumps(asked_about | {"message_id": wire.of("chat")[0]["message_id"]}))

    def refuse(frame: dict) -> bool:
        told = {"type": "error", "code": "rate_limited", "message": "That was a lot at once.", "retry_after": 4}
        told["message_id"] = frame["message_id"]
        wire.page_side[-1].send(json.dumps(told))
        return False

    wire.answers = refuse
    card = pam.ask("too much at once")
    expect(card.locator(".severe")).to_have_text("That was a lot at once. Best after 4 s.")
    wire.answers = lambda _frame: True
    claude.takes(0, None)
    card.get_by_role("button", name="Try again").click()
    expect(pam.cards.last.locator(".prose")).to_have_text("Now there is time.", timeout=60_000)
    expect(tale.locator(".prose")).to_have_text(TALE.strip())


@pytest.mark.parametrize(("code", "retryable"), [("cost_exceeded", 0), ("turn_timed_out", 0), ("queue_full", 1)])
def test_retry_button_is_shown_only_for_retryable_errors(pam, wire, code, retryable):
    """An error that the same question would cause again has no "Try again" button; any other error has one."""
    pam.sign_in().connected()

    def reject(frame: dict) -> bool:
        error = {"type": "error", "code": code, "message": "That went wrong.", "message_id": frame["message_id"]}
        wire.page_side[-1].send(json.dumps(error))
        return False

    wire.answers = reject
    card = pam.ask("say anything at all")
    expect(card.locator(".severe")).to_have_text("That went wrong.")
    expect(card.get_by_role("button", name="Try again")).to_have_count(retryable)


def test_a_decision_that_is_not_taken_can_be_made_again(pam, wire, claude):
    """What PAM says against a decision stands on its card, and the buttons work again."""
    claude.says("tell everybody", use("create_post", content="Two nights at Goblin Valley."), "It waits for you.")
    pam.sign_in().connected()
    card = pam.ask_claude("Please tell everybody about our two nights")
    asked = card.get_by_role("region", name=re.compile("^To confirm"))

    def refuse(frame: dict) -> bool:
        told = {"type": "error", "code": "store_unavailable", "message": "PAM can't do this right now."}
        told["confirmation_id"] = frame["confirmation_id"]
        wire.page_side[-1].send(json.dumps(told))
        return False

    wire.answers = refuse
    asked.get_by_role("button", name="Confirm").click()
    expect(asked.get_by_role("alert")).to_have_text("PAM can't do this right now.")
    wire.answers = lambda _frame: True
    asked.get_by_role("button", name="Cancel").click()
    expect(asked.locator(".outcome")).to_contain_text("Not done")
