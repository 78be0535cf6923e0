"""Lost connections and lost frames: an answer arrives once and complete."""

import re

from playwright.sync_api import WebSocketRoute, expect

from tests.web.app_page import CLAUDE_TIMEOUT_MS, expect_complete
from tests.web.websocket_proxy import block_tickets

TALE = "".join(f"Part {number} of the tale. " for number in range(1, 61))


def test_answer_is_resumed_after_a_lost_connection(app, proxy, claude):
    """After a lost connection, the answer continues on another socket without gap or repetition."""
    claude.script("the tale", TALE)
    claude.set_speed(0, 150)
    app.sign_in().wait_until_connected()

    def disconnect_after_first_delta(socket: WebSocketRoute, frame: dict) -> None:
        proxy.forward(socket, frame)
        if frame.get("type") == "delta" and len(proxy.sockets) == 1:
            proxy.on_server_frame = proxy.forward
            socket.close(code=1001)

    proxy.on_server_frame = disconnect_after_first_delta
    card = app.ask("tell me the tale")
    expect_complete(card)
    expect(card.locator(".prose")).to_have_text(TALE.strip())
    assert len(proxy.sockets) == 2
    [resumed] = proxy.sent_frames("resume")
    assert resumed["after"] == 2, "the ack and one delta were received"
    assert claude.count_requests("tell me the tale") == 1
    assert len(proxy.sent_frames("chat")) == 1


def test_disordered_frames_give_the_same_answer(app, proxy, claude):
    """Frames out of order are reordered, duplicates are dropped, and a lost frame is requested."""
    claude.script("the tale", TALE)
    claude.set_speed(0, 300)
    app.sign_in().wait_until_connected()
    lost: list[int] = []
    buffered: list[dict] = []

    def forward_disordered(socket: WebSocketRoute, frame: dict) -> None:
        """Lose the first delta; forward the others in pairs, reversed and with a duplicate."""
        if frame.get("type") == "delta" and not lost:
            lost.append(frame["seq"])
        elif frame.get("type") == "delta":
            buffered.append(frame)
            if len(buffered) == 2:
                forward_buffered(socket, buffered[1], buffered[0], buffered[1])
        else:
            proxy.forward(socket, frame)
            if frame.get("type") == "done":
                forward_buffered(socket, *buffered)

    def forward_buffered(socket: WebSocketRoute, *frames: dict) -> None:
        for frame in frames:
            proxy.forward(socket, frame)
        buffered.clear()

    proxy.on_server_frame = forward_disordered
    card = app.ask("tell me the tale")
    expect_complete(card)
    expect(card.locator(".prose")).to_have_text(TALE.strip())
    assert any(frame["after"] < lost[0] for frame in proxy.sent_frames("resume"))


def test_answer_in_progress_is_restored_after_reload(app, claude):
    """After a reload the question and its whole answer are shown, and Claude was asked once."""
    claude.script("the tale", TALE)
    claude.set_speed(0, 60)
    app.sign_in().wait_until_connected()
    card = app.ask("tell me the tale")
    expect(card.locator(".prose")).to_contain_text("Part 1")
    app.page.reload()
    expect(app.page.locator(".question")).to_have_text("tell me the tale")
    expect_complete(app.cards)
    expect(app.cards.locator(".prose")).to_have_text(TALE.strip())
    assert [frame["after"] for frame in app.sent_frames("resume")] == [0]
    assert claude.count_requests("tell me the tale") == 1
    app.page.reload()
    app.wait_until_connected()
    expect(app.cards.locator(".prose")).to_have_text(TALE.strip())
    assert claude.count_requests("tell me the tale") == 1


def test_connection_status_is_shown_and_announced(app):
    """The status line shows the state and a countdown, of which only the state is announced."""
    app.sign_in().wait_until_connected()
    block_tickets(app)
    app.page.reload()
    expect(app.connection).to_have_text("Reconnecting")
    expect(app.page.locator("#connection .countdown")).to_have_text(re.compile(r"^ in \d+ s$"))
    expect(app.page.locator("#connection .countdown")).to_have_attribute("aria-hidden", "true")
    expect(app.connection).to_have_attribute("role", "status")
    app.page.context.set_offline(True)
    expect(app.connection).to_have_text("Offline: questions wait")
    app.unroute("**/v1/ws-ticket")
    app.page.context.set_offline(False)
    expect(app.connection).to_have_text("Connected")
    app.allow_request_errors()


def test_reconnect_attempts_back_off(app):
    """In ten minutes without a connection there are between 10 and 60 attempts."""
    app.page.clock.install()
    block_tickets(app)
    app.sign_in()
    expect(app.connection).to_have_text("Reconnecting")
    for _ in range(60):
        app.page.clock.run_for(10_000)
    attempts = len(app.sent_requests("POST", "/v1/ws-ticket"))
    assert 10 <= attempts <= 60
    app.allow_request_errors()


def test_connection_without_pong_is_replaced(app, proxy):
    """The page pings every five minutes and replaces the socket if nothing arrives within ten seconds."""
    app.page.clock.install()
    app.sign_in().wait_until_connected()
    app.page.clock.run_for("05:02")
    app.wait_until(lambda: {"type": "pong"} in proxy.server_frames)
    app.page.clock.run_for("00:30")
    expect(app.connection).to_have_text("Connected")
    assert len(proxy.sockets) == 1
    proxy.on_client_frame = lambda frame: frame["action"] != "ping"
    app.page.clock.run_for("04:30")
    assert len(proxy.sent_frames("ping")) == 2
    expect(app.connection).to_have_text("Connected")
    app.page.clock.run_for("00:10")
    expect(app.connection).to_have_text("Reconnecting")
    app.page.clock.run_for("00:05")
    expect(app.connection).to_have_text("Connected")
    assert len(proxy.sockets) == 2
    assert len(app.sent_requests("POST", "/v1/ws-ticket")) == 2


def test_connection_is_replaced_after_network_change(app, proxy):
    """When the network is back, the page opens a new socket instead of waiting for the old one's timeout."""
    app.sign_in().wait_until_connected()
    for event in ("offline", "online"):
        app.page.evaluate("(name) => dispatchEvent(new Event(name))", event)
    app.page.wait_for_timeout(2000)
    app.wait_until_connected()
    assert len(proxy.sockets) == 2


def test_message_without_ack_is_sent_again_with_the_same_id(app, proxy, claude):
    """A message whose frame was lost is sent again with the same id and answered once."""
    app.page.clock.install()
    claude.script("lost words", "Found.")
    app.sign_in().wait_until_connected()
    proxy.on_client_frame = lambda frame: frame["action"] != "chat"
    card = app.ask("some lost words")
    expect(card).to_contain_text("Sending")
    proxy.forward_all()
    app.page.clock.run_for(16_000)
    expect(card.locator(".prose")).to_have_text("Found.", timeout=CLAUDE_TIMEOUT_MS)
    assert len({frame["message_id"] for frame in proxy.sent_frames("chat")}) == 1
    assert len(proxy.sent_frames("chat")) == 2
    assert claude.count_requests("some lost words") == 1


def test_lost_last_frame_is_requested(app, proxy, claude):
    """If the last frame is lost, the page requests it after 10 seconds without frames."""
    app.page.clock.install()
    claude.script("last word", "The last word.")
    app.sign_in().wait_until_connected()
    lost: list[dict] = []

    def lose_done_frame(socket: WebSocketRoute, frame: dict) -> None:
        if frame.get("type") == "done":
            proxy.on_server_frame = proxy.forward
            lost.append(frame)
        else:
            proxy.forward(socket, frame)

    proxy.on_server_frame = lose_done_frame
    card = app.ask("who has the last word")
    expect(card.locator(".prose")).to_have_text("The last word.")
    app.wait_until(lambda: lost)
    app.page.clock.run_for(11_000)
    expect_complete(card)
