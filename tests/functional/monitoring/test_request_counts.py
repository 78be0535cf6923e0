"""Which requests count: answered questions for the targets, and every failure for the error rate."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from local.stack import LocalStack
from pam.platform.metrics import Metric
from tests.conftest import Traveller
from tests.functional.chat.chat_socket import open_socket
from tests.functional.chat.claude_scripts import SHORT_ANSWER, ClaudeScripts, pausing_reply
from tests.functional.chat.waiting import wait_until
from tests.functional.monitoring.replay import Replay
from tests.functional.test_observability import event, lines_about, metrics_of

FAST_QUESTION = "How much did I spend on gas this month?"


def test_targets_are_of_questions_and_not_of_other_requests(
    replay: Replay, traveller: Traveller, claude: ClaudeScripts
) -> None:
    """One fast answer and one of Claude's are half and half, whatever the page requests beside them."""

    def ask_fast() -> None:
        assert traveller.http.post("/v1/ask", json={"text": FAST_QUESTION}).json()["tier"] == 1

    with open_socket(traveller.http) as socket:
        claude.script(pausing_reply(SHORT_ANSWER, seconds=1.5))

        def ask_claude() -> None:
            assert socket.ask(f"Tell me about the desert. {claude.marker}")[-1]["type"] == "done"

        ask_fast()  # connects to the database
        replay.feed("spend_summary", traveller.summary, 1, 60, times=8)
        replay.feed("ask", ask_fast, 1, 60)
        replay.feed("chat_worker", ask_claude, 1, 60)
    assert replay.newest("Answered without a model (target 60 %)") == {"tiers 1 and 2": 50}
    assert replay.newest("Answers within a second (target 80 %)") == {"within 1 s": 50}
    assert replay.newest("Tiers of the questions") == {"tier 1": 50, "tier 2": 0, "tier 3": 50}
    times = replay.newest("Time of an answer (targets: P50 1,000, P95 1,500, P99 2,000)")
    assert (times["P50"] or 0) < 1000 < (times["P95"] or 0)
    # All of them are requests.
    assert replay.newest("Requests by tier") == {"1": 9, "3": 1}


def test_complaints_are_a_share_of_answered_questions(replay: Replay, traveller: Traveller) -> None:
    """One slow answer of two, and three other requests."""
    question = {"text": FAST_QUESTION, "conversation_id": str(uuid.uuid4())}
    asked: list[str] = []
    replay.feed("ask", lambda: asked.append(traveller.http.post("/v1/ask", json=question).json()["message_id"]), 1, 60)
    replay.feed("ask", lambda: traveller.http.post("/v1/ask", json=question), 1, 60)
    replay.feed("spend_summary", traveller.summary, 1, 60, times=3)
    body = {"message_id": asked[0], "verdict": "slow"}
    replay.feed("feedback", lambda: traveller.http.post("/v1/feedback", json=body), 1, 60)
    assert replay.newest("Answers called slow (target below 1 %)") == {"slow": 50}


@pytest.mark.parametrize("frame", ['{"action": "chat", "text": ""}', '{"action": "chat", "message_id": "no id"}'])
def test_invalid_frame_is_a_refused_request(replay: Replay, traveller: Traveller, frame: str) -> None:
    """It opens no turn."""
    with open_socket(traveller.http) as socket:

        def send() -> None:
            socket.send_raw(frame)
            assert socket.receive()["type"] == "error"

        replay.feed("chat", send, 1, 60, awaited=Metric.REQUESTS)
    assert replay.newest("Requests by outcome") == {"refused": 1}


def test_error_of_a_control_frame_is_a_refused_request(replay: Replay, traveller: Traveller) -> None:
    """An accepted one is no request: it is part of a question."""
    with open_socket(traveller.http) as socket:

        def send() -> None:
            socket.send("ping")
            assert socket.receive()["type"] == "pong"
            socket.send("cancel", message_id=str(uuid.uuid4()))
            assert socket.receive()["code"] == "message_not_found"

        replay.feed("chat_control", send, 1, 60, awaited=Metric.REQUESTS)
    assert replay.newest("Requests by outcome") == {"refused": 1}


def test_refused_connection_is_a_refused_request(stack: LocalStack) -> None:
    """Without a valid ticket, and with more connections than a user may have; an accepted one is no request."""
    refused = {"ClientError": 1, "Requests": 1}
    authorizer, connection = stack.functions["websocket_authorizer"], stack.functions["websocket_connection"]
    assert (
        metrics_of(stack, "websocket_authorizer", lambda: authorizer.invoke(event("websocket_authorizer"))) == refused
    )
    user, connected = str(uuid.uuid4()), event("websocket_connection")

    def connect() -> int:
        request = connected["requestContext"] | {"connectionId": str(uuid.uuid4()), "authorizer": {"user_id": user}}
        return int(connection.invoke(connected | {"requestContext": request}).json()["statusCode"])

    assert metrics_of(stack, "websocket_connection", connect) == {}
    assert {connect() for _ in range(19)} == {200}
    statuses: list[int] = []
    assert metrics_of(stack, "websocket_connection", lambda: statuses.append(connect())) == refused
    assert statuses == [429]


@pytest.fixture(scope="module")
def broken_stack() -> Iterator[LocalStack]:
    """A stack in which the functions of the WebSocket have no table, after the connection was opened."""
    missing = {"CHAT_TABLE": "missing"}
    variables = dict.fromkeys(("chat", "chat_control", "websocket_authorizer", "websocket_connection"), missing)
    with (
        TemporaryDirectory(prefix="pam-") as state,
        LocalStack(Path(state), claude_profile="zero", variables=variables) as stack,
    ):
        yield stack


def chat_event() -> dict[str, Any]:
    """A question on a connection that is open as far as API Gateway knows."""
    return event("chat")


def test_failures_before_a_turn_opens_fire_the_error_rate(broken_stack: LocalStack) -> None:
    """Questions whose turn can't be stored: the client gets an error frame, the function itself succeeds."""
    replay = Replay(broken_stack)
    chat = broken_stack.functions["chat"]
    replay.feed("chat", lambda: chat.invoke(chat_event()), 5, 60)
    assert replay.newest("Requests by outcome") == {"failed": 1}
    replay.check("High error rate")


@pytest.mark.parametrize("name", ["websocket_authorizer", "websocket_connection"])
def test_failed_connection_is_a_failed_request(broken_stack: LocalStack, name: str) -> None:
    """API Gateway responds with a 500 then."""
    function = broken_stack.functions[name]
    sums = metrics_of(broken_stack, name, lambda: function.invoke(event(name)))
    assert sums == {"ServerError": 1, "Requests": 1}


def test_rate_limit_of_frames_is_a_refused_request() -> None:
    """Frames beyond it count as such, and nothing else of them does."""
    with TemporaryDirectory(prefix="pam-") as state, ExitStack() as opened:
        parameters = {"UserRequestsPerMinute": "2"}
        stack = opened.enter_context(LocalStack(Path(state), claude_profile="zero", parameters=parameters))
        headers = {"authorization": f"Bearer {stack.token(uuid.uuid4())}"}
        http = opened.enter_context(httpx.Client(base_url=stack.url, headers=headers, timeout=60))
        socket = opened.enter_context(open_socket(http))
        codes: list[str | None] = []

        def send() -> None:
            for _ in range(12):
                socket.send("ping")
                codes.append(socket.receive().get("code"))
            # The function writes its lines after its reply.
            wait_until(lambda: len(counted()) == codes.count("rate_limited"))

        def counted() -> list[Any]:
            return [line for line in lines_about(stack, "chat_control") if Metric.REQUESTS in line]

        sums = metrics_of(stack, "chat_control", send)
        refused = codes.count("rate_limited")
        assert refused > 0 and set(codes) == {None, "rate_limited"}
        assert sums == {"ClientError": refused, "Requests": refused}
