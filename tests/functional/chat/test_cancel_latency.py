"""The time from a `cancel` frame to the end of its turn, whatever the turn waits for."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from local.stack import LocalStack
from pam.chat.turn.stream import CONTROL_INTERVAL_S
from pam.tools.engine.definition import ToolResult
from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.claude_scripts import SHORT_ANSWER, failing_reply, use
from tests.functional.chat.fake_tools import empty_result, fake_reader
from tests.functional.chat.fault_proxies import SilentServer
from tests.functional.chat.frames import check_frames
from tests.functional.chat.in_process_backend import InProcessBackend, in_process_backend, make_claude
from tests.functional.chat.waiting import wait_until

MAX_CANCEL_S = 0.5
ROUNDS = 5
"""The median of so many rounds counts: other processes on the machine delay single ones."""


@pytest.fixture
def user(stack: LocalStack, owner: psycopg.Connection) -> Iterator[ChatUser]:
    """A new user with an open connection."""
    with ChatUser(stack, owner) as user:
        yield user


@pytest.fixture
def backend(stack: LocalStack, lambda_environment: None) -> Iterator[InProcessBackend]:
    """The chat's functions in this process."""
    with in_process_backend(stack) as backend:
        yield backend


def assert_interrupted(user: ChatUser, start_turn: Callable[[], str], cancel: Callable[[str], None]) -> None:
    """Cancel a turn in each round; check the median of the times until its `done` frame arrives.

    `start_turn` returns the message id once the turn waits.
    """
    durations = []
    for index in range(ROUNDS):
        message_id = start_turn()
        time.sleep(CONTROL_INTERVAL_S * index / ROUNDS)  # at different times between two polls of the worker
        started_at = time.monotonic()
        cancel(message_id)
        frames = check_frames(user.socket.receive_until("done", "error"))
        durations.append(round(time.monotonic() - started_at, 3))
        assert (frames[-1]["type"], frames[-1]["truncated"]) == ("done", True), frames[-1]
    assert statistics.median(durations) <= MAX_CANCEL_S, durations


def test_running_tool_is_interrupted(user: ChatUser, backend: InProcessBackend) -> None:
    """The turn ends without the tool's result."""
    started = threading.Semaphore(0)

    def hang() -> ToolResult:
        started.release()
        backend.released.wait(60)
        return empty_result()

    backend.add_tools(fake_reader("hang", hang, timeout_s=60))
    user.claude.script(use("hang"))

    def start_turn() -> str:
        message_id = backend.send_question(user)
        assert started.acquire(timeout=30)
        return message_id

    def cancel(message_id: str) -> None:
        backend.send(user, "cancel", message_id=message_id)

    assert_interrupted(user, start_turn, cancel)


def test_request_without_response_is_interrupted(user: ChatUser, backend: InProcessBackend) -> None:
    """Claude has read the request, and not a byte of its response has arrived."""
    server = SilentServer()
    backend.replace(claude=make_claude(server.url))

    def start_turn() -> str:
        message_id = backend.send_question(user)
        assert server.received.acquire(timeout=30)
        return message_id

    def cancel(message_id: str) -> None:
        backend.send(user, "cancel", message_id=message_id)

    try:
        assert_interrupted(user, start_turn, cancel)
    finally:
        server.close()


def test_reply_without_content_is_interrupted(user: ChatUser) -> None:
    """In the deployed functions: the reply has begun, and none of its text has arrived."""
    user.claude.script(failing_reply("silence", SHORT_ANSWER, times=None, seconds=60))

    def start_turn() -> str:
        count = len(user.claude.requests())
        message_id = user.send()
        wait_until(lambda: len(user.claude.requests()) > count)
        return message_id

    def cancel(message_id: str) -> None:
        user.socket.send("cancel", message_id=message_id)

    assert_interrupted(user, start_turn, cancel)
