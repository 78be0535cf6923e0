"""Tokens that expire during a session: they are renewed, and no message is lost or sent twice."""

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.web.app_page import expect_complete
from tests.web.conftest import TOKEN_TTL_S
from tests.web.test_sign_in import token_requests
from tests.web.websocket_proxy import block_tickets, unblock_tickets

TALE = "".join(f"Part {number} of the tale. " for number in range(1, 61))


@pytest.mark.usefixtures("short_tokens")
def test_answer_goes_on_after_the_token_has_expired(app, proxy, claude):
    """The connection is lost in the middle of an answer, after the token has expired: the page gets another token, with
    it a ticket, and the rest of the answer."""
    claude.script("the tale", TALE)
    claude.set_speed(0, 100)
    app.sign_in().wait_until_connected()
    tokens = len(token_requests(app))  # the page may renew it at any time from now on
    app.page.wait_for_timeout(1000 * TOKEN_TTL_S + 100)

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
    assert len(proxy.sent_frames("chat")) == 1
    assert len(proxy.sent_frames("resume")) == 1
    assert len(token_requests(app)) > tokens
    assert claude.count_requests("tell me the tale") == 1


@pytest.mark.usefixtures("short_tokens")
def test_message_that_waits_for_a_connection_outlives_its_token(app, proxy, claude):
    """A message is asked while there is no connection, until the token has expired: it is sent once, and answered."""
    claude.script("patient words", "Patience pays.")
    app.sign_in().wait_until_connected()
    tokens = len(token_requests(app))  # the page may renew it at any time from now on
    app.allow_request_errors()
    block_tickets(app)
    proxy.disconnect()
    card = app.ask("some patient words")
    app.page.wait_for_timeout(1000 * TOKEN_TTL_S + 100)
    assert proxy.sent_frames("chat") == []
    unblock_tickets(app)
    expect(card.locator(".prose")).to_have_text("Patience pays.")
    assert len(proxy.sent_frames("chat")) == 1
    assert len(token_requests(app)) > tokens
    assert claude.count_requests("some patient words") == 1


@pytest.mark.usefixtures("short_tokens")
def test_requests_of_a_long_session_are_never_refused(app, claude):
    """Over four lifetimes of a token no request gets a 401: each token is renewed before it expires."""
    claude.script("word", "Here.")
    app.sign_in().wait_until_connected()
    refused: list[str] = []
    app.page.on("response", lambda response: refused.append(response.url) if response.status == 401 else None)
    for number in range(4):
        expect(app.ask(f"a word {number}").locator(".prose")).to_have_text("Here.")
        app.ask("how much did I spend on tolls this month")
        app.page.wait_for_timeout(1000 * TOKEN_TTL_S)
    assert refused == []
    assert len(token_requests(app)) >= 4
