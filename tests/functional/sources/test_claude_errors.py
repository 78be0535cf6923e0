"""The API's errors, as Claude's stand-in returns them: their kinds, their messages to the user, and their retries."""

import threading
from collections.abc import Iterator
from unittest.mock import Mock

import pytest

from local.stand_ins.claude.server import CLAUDE_KEY, ClaudeStandIn
from pam.chat.turn.model_calls import ModelCaller
from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.sources.api_key import ApiKey
from pam.sources.claude.client import ClaudeClient
from pam.sources.claude.reply import ModelError, ModelErrorKind, ModelReply
from pam.sources.source import Source
from pam.tools.engine.executor import ToolExecutor
from tests.functional.stand_ins.client import StandInClient, running

REQUEST = {
    "model": "claude-haiku-5-5",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello?"}]}],
}
SPENT = "has reached its spending limit"


@pytest.fixture(scope="module")
def stand_in_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    stand_in = ClaudeStandIn(tmp_path_factory.mktemp("claude") / "claude.log", "zero")
    with running(stand_in):
        yield stand_in.url


@pytest.fixture
def stand_in(stand_in_url: str) -> Iterator[StandInClient]:
    """The stand-in without the state of other tests."""
    client = StandInClient(stand_in_url)
    client.reset()
    yield client
    client.http.close()


@pytest.fixture
def claude(stand_in: StandInClient) -> ClaudeClient:
    return ClaudeClient(stand_in.url, ApiKey(Source.CLAUDE, lambda: f'{{"key": "{CLAUDE_KEY}"}}'))


@pytest.fixture
def caller(claude: ClaudeClient) -> ModelCaller:
    """The model calls of a turn without tools."""
    tools = Mock(ToolExecutor, harmless_ids=frozenset())
    return ModelCaller(claude, tools, Deadline(30), threading.Event(), lambda _: None, lambda _: None)


def test_replaced_key_is_used_by_the_request_that_was_refused(stand_in: StandInClient) -> None:
    """No turn fails because a key is rotated; a key that wasn't replaced is refused once."""
    keys = ["sk-ant-old", CLAUDE_KEY]
    claude = ClaudeClient(stand_in.url, ApiKey(Source.CLAUDE, lambda: f'{{"key": "{keys.pop(0)}"}}'))
    for _ in range(2):
        *_, reply = claude.stream(REQUEST, (), Deadline(30), threading.Event())
        assert isinstance(reply, ModelReply)
    assert keys == []
    other = ClaudeClient(stand_in.url, ApiKey(Source.CLAUDE, lambda: '{"key": "sk-ant-old"}'))
    before = stand_in.journal()["requests"]
    with pytest.raises(ModelError) as raised:
        list(other.stream(REQUEST, (), Deadline(30), threading.Event()))
    assert raised.value.kind is ModelErrorKind.REFUSED
    assert stand_in.journal()["requests"] - before <= 1


def test_key_that_was_replaced_in_time_is_used_without_a_refusal(stand_in: StandInClient) -> None:
    """The key is read again after five minutes, while the old one is still valid, and the client with it."""
    at, reads, keys = 1000.0, 0, [CLAUDE_KEY, "sk-ant-new"]

    def secret() -> str:
        nonlocal reads
        reads += 1
        return f'{{"key": "{keys[reads - 1]}"}}'

    claude = ClaudeClient(stand_in.url, ApiKey(Source.CLAUDE, secret, lambda: at))
    *_, reply = claude.stream(REQUEST, (), Deadline(30), threading.Event())
    assert isinstance(reply, ModelReply)
    at += 301
    keys.append("sk-ant-new")
    with pytest.raises(ModelError) as raised:  # the stand-in knows one key only
        list(claude.stream(REQUEST, (), Deadline(30), threading.Event()))
    assert (raised.value.kind, reads) == (ModelErrorKind.REFUSED, 3)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("usage_limit", ModelErrorKind.SPENT),
        ("credit_balance", ModelErrorKind.SPENT),
        ("spend_cap", ModelErrorKind.SPENT),
        ("402", ModelErrorKind.SPENT),
        ("prompt_too_long", ModelErrorKind.TOO_LONG),
        ("408", ModelErrorKind.TIMED_OUT),
        ("409", ModelErrorKind.CONFLICT),
        ("401", ModelErrorKind.REFUSED),
        ("429", ModelErrorKind.BUSY),
        ("529", ModelErrorKind.BUSY),
        ("500", ModelErrorKind.UNAVAILABLE),
        ("503", ModelErrorKind.UNAVAILABLE),
    ],
)
def test_error_of_the_api_has_its_kind(
    stand_in: StandInClient, claude: ClaudeClient, mode: str, kind: ModelErrorKind
) -> None:
    """Each error that the API returns is recognised."""
    stand_in.control(mode=mode)
    with pytest.raises(ModelError) as raised:
        list(claude.stream(REQUEST, (), Deadline(30), threading.Event()))
    assert raised.value.kind is kind


def test_other_invalid_request_is_refused(claude: ClaudeClient) -> None:
    """A 400 that is about the request itself isn't a limit."""
    with pytest.raises(ModelError) as raised:
        list(claude.stream(REQUEST | {"messages": []}, (), Deadline(30), threading.Event()))
    assert raised.value.kind is ModelErrorKind.REFUSED


def test_prompt_longer_than_the_context_is_too_long(claude: ClaudeClient) -> None:
    """The stand-in counts a prompt that is really too long."""
    content = [{"type": "text", "text": "word " * 150_000}]
    request = REQUEST | {"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": content}]}
    with pytest.raises(ModelError) as raised:
        list(claude.stream(request, (), Deadline(30), threading.Event()))
    assert raised.value.kind is ModelErrorKind.TOO_LONG


@pytest.mark.parametrize(
    ("mode", "requests", "code", "message", "retry_after"),
    [
        ("usage_limit", 1, "model_unavailable", SPENT, None),
        ("credit_balance", 1, "model_unavailable", SPENT, None),
        ("spend_cap", 1, "model_unavailable", SPENT, None),
        ("402", 1, "model_unavailable", SPENT, None),
        ("prompt_too_long", 1, "conversation_too_long", "has become too long for Claude", None),
        ("408", 3, "model_unavailable", "took too long to answer", 10),
        ("409", 3, "model_unavailable", "couldn't take the question", 5),
        ("401", 1, "model_unavailable", "isn't set up right", None),
    ],
)
def test_permanent_error_has_its_message_after_its_retries(
    stand_in: StandInClient, caller: ModelCaller, mode: str, requests: int, code: str, message: str,
    retry_after: int | None,
) -> None:  # fmt: skip
    """What another attempt can't help is requested once; the message names the cause."""
    stand_in.control(mode=mode)
    with pytest.raises(PamError) as raised:
        caller.call(REQUEST)
    assert raised.value.error.code == code
    assert message in raised.value.message
    assert raised.value.retry_after == retry_after
    assert stand_in.journal()["requests"] == requests


@pytest.mark.parametrize("mode", ["408", "409"])
def test_passing_error_is_retried(stand_in: StandInClient, caller: ModelCaller, mode: str) -> None:
    """The second attempt answers."""
    stand_in.control(mode=mode, times=1)
    reply = caller.call(REQUEST)
    assert isinstance(reply, ModelReply)
    assert reply.stop_reason == "end_turn"
    assert stand_in.journal()["requests"] == 2
