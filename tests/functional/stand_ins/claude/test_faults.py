"""Injected faults, as the official SDK reports them."""

import json
import time
from collections.abc import Callable
from typing import Any

import anthropic
import httpx2
import pytest

from local.stand_ins.claude.faults import UNKNOWN_TOOL
from tests.functional.stand_ins.claude.conftest import TOOL, ClaudeClient

Body = Callable[..., dict[str, Any]]

TEXT = [{"type": "text", "text": "It is dry in Moab today, and it will be tomorrow as well."}]
TEXT_AND_CALL = [
    {"type": "text", "text": "Let me look."},
    {"type": "tool_use", "name": TOOL["name"], "input": {"place": "Moab"}},
]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("mode", "more", "error", "kind", "retry_after"),
    [
        ("401", {}, anthropic.AuthenticationError, "authentication_error", None),
        ("402", {}, anthropic.PaymentRequiredError, "billing_error", None),
        ("408", {}, anthropic.RequestTimeoutError, "timeout_error", None),
        ("409", {}, anthropic.ConflictError, "conflict_error", None),
        ("429", {}, anthropic.RateLimitError, "rate_limit_error", None),
        ("429", {"retry_after": 7}, anthropic.RateLimitError, "rate_limit_error", "7"),
        ("529", {}, anthropic.OverloadedError, "overloaded_error", None),
        ("500", {}, anthropic.InternalServerError, "api_error", None),
        ("503", {}, anthropic.ServiceUnavailableError, "api_error", None),
    ],
)
def test_error_status_raises_the_sdk_error(
    claude: ClaudeClient, sdk: anthropic.Anthropic, body: Body, stream: bool,
    mode: str, more: dict[str, Any], error: type[anthropic.APIStatusError], kind: str, retry_after: str | None,
) -> None:  # fmt: skip
    """An error status raises the SDK's exception with the API's error type, request id and `retry-after`."""
    claude.control(mode=mode, **more)
    with pytest.raises(error) as raised:
        sdk.messages.create(**body(stream=stream))
    assert raised.value.type == kind
    assert raised.value.request_id
    assert raised.value.response.headers.get("retry-after") == retry_after
    claude.control(mode="ok")
    assert sdk.messages.create(**body()).stop_reason == "end_turn"


def test_spend_cap_has_its_own_error_code(claude: ClaudeClient, sdk: anthropic.Anthropic, body: Body) -> None:
    """`spend_cap` is a 429 with the error code of a spend limit, without `retry-after`."""
    claude.control(mode="spend_cap")
    with pytest.raises(anthropic.RateLimitError) as raised:
        sdk.messages.create(**body())
    assert raised.value.error_code == "enforced_spend_limit_reached"
    assert type(raised.value).__name__ == "EnforcedSpendLimitReachedError"
    assert "retry-after" not in raised.value.response.headers


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("usage_limit", "You have reached your specified API usage limits."),
        ("credit_balance", "Your credit balance is too low to access the Anthropic API."),
        ("prompt_too_long", "prompt is too long: 1000001 tokens > 1000000 maximum"),
    ],
)
def test_limit_of_the_account_or_the_context_is_an_invalid_request(
    claude: ClaudeClient, sdk: anthropic.Anthropic, body: Body, mode: str, message: str
) -> None:
    """These are 400s without a code of their own: their message alone tells them apart."""
    claude.control(mode=mode)
    with pytest.raises(anthropic.BadRequestError) as raised:
        sdk.messages.create(**body())
    assert (raised.value.type, raised.value.error_code) == ("invalid_request_error", None)
    assert raised.value.body["error"]["message"].startswith(message)  # type: ignore[index]


def test_fault_applies_to_matching_requests_after_the_first(claude: ClaudeClient, body: Body, question: str) -> None:
    """A fault skips the first `after` matching requests and applies to the next `times`; others don't count."""
    claude.control(mode="500", after=1, times=2, contains=question)
    other = body(messages=[{"role": "user", "content": "Something else."}])
    statuses = []
    for _ in range(5):
        statuses.append(claude.post(body()).status_code)
        assert claude.post(other).status_code == 200
    assert statuses == [200, 500, 500, 200, 200]


def test_faults_for_different_texts_are_independent(claude: ClaudeClient, body: Body) -> None:
    """Faults for different texts are active together; `ok` removes one by its text, or all without a text."""
    asking = {name: body(messages=[{"role": "user", "content": name}]) for name in ("first", "second")}
    claude.control(mode="500", contains="first")
    claude.control(mode="529", contains="second")
    assert [claude.post(each).status_code for each in asking.values()] == [500, 529]
    claude.control(mode="ok", contains="first")
    assert [claude.post(each).status_code for each in asking.values()] == [200, 529]
    claude.control(mode="ok")
    assert [claude.post(each).status_code for each in asking.values()] == [200, 200]


def test_fault_matches_newest_turn_only(claude: ClaudeClient, body: Body, question: str) -> None:
    """The text of a fault is matched with the newest turn, not with earlier ones."""
    claude.control(mode="500", contains=question)
    later = [*body()["messages"], {"role": "assistant", "content": "Yes."}, {"role": "user", "content": "And then?"}]
    assert claude.post(body(messages=later)).status_code == 200


def test_not_json_is_a_page_of_html(claude: ClaudeClient, sdk: anthropic.Anthropic, body: Body) -> None:
    """`not_json` is a 200 with HTML, of which the SDK makes an empty stream."""
    claude.control(mode="not_json")
    reply = claude.post(body())
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert list(sdk.messages.create(**body(stream=True))) == []


def test_overload_in_stream_raises_a_status_error(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body
) -> None:
    """`overloaded_in_stream` sends some text, then an `error` event in a response with status 200."""
    claude.script(question, {"content": TEXT})
    claude.control(mode="overloaded_in_stream")
    texts = []
    with pytest.raises(anthropic.APIStatusError) as raised:
        for event in sdk.messages.create(**body(stream=True)):
            if event.type == "content_block_delta":
                texts.append(event.delta.text)
    assert not isinstance(raised.value, anthropic.OverloadedError)
    assert (raised.value.status_code, raised.value.type) == (200, "overloaded_error")
    assert TEXT[0]["text"].startswith("".join(texts))
    assert texts
    with pytest.raises(anthropic.OverloadedError):
        sdk.messages.create(**body())


@pytest.mark.parametrize(
    ("mode", "content", "seen", "unseen"),
    [
        ("cut_before_block", TEXT, "message_start", "content_block_start"),
        ("cut_in_text", TEXT, "text_delta", "content_block_stop"),
        ("cut_in_text", TEXT_AND_CALL, "text_delta", "tool_use"),
        ("cut_in_tool_input", TEXT_AND_CALL, "input_json_delta", "tool_use_stop"),
        ("cut_after_tool_block", TEXT_AND_CALL, "tool_use_stop", "message_delta"),
    ],
)
def test_cut_stream_raises_a_transport_error(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body,
    mode: str, content: list[dict[str, Any]], seen: str, unseen: str,
) -> None:  # fmt: skip
    """A cut stream raises the transport's own error; a cut whole response raises the SDK's APIConnectionError."""
    claude.script(question, {"content": content})
    claude.control(mode=mode)
    events: list[str] = []
    with pytest.raises(httpx2.RemoteProtocolError):
        _record_events(sdk, body(tools=[TOOL], stream=True), events)
    assert seen in events
    assert unseen not in events
    assert claude.journal()["last"][-1]["ended"] == "cut"
    with pytest.raises(anthropic.APIConnectionError):
        sdk.messages.create(**body(tools=[TOOL]))


def _record_events(sdk: anthropic.Anthropic, request: dict[str, Any], events: list[str]) -> None:
    """Append the types of events, blocks and deltas, and the type of each block that stops."""
    kinds: dict[int, str] = {}
    for event in sdk.messages.create(**request):
        events.append(event.type)
        if event.type == "content_block_start":
            kinds[event.index] = event.content_block.type
            events.append(event.content_block.type)
        elif event.type == "content_block_delta":
            events.append(event.delta.type)
        elif event.type == "content_block_stop":
            events.append(f"{kinds[event.index]}_stop")


def test_stream_without_message_stop_raises_nothing(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body
) -> None:
    """A stream that ends after its last block raises nothing; only its stop reason is missing."""
    claude.script(question, {"content": TEXT})
    claude.control(mode="no_message_stop")
    with sdk.messages.stream(**body()) as stream:
        message = stream.get_final_message()
    assert (message.content[0].text, message.stop_reason) == (TEXT[0]["text"], None)


@pytest.mark.parametrize(("mode", "before"), [("silence", 0), ("silence_in_text", 2)])
def test_silence_ends_in_the_client_s_timeout(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body, mode: str, before: int
) -> None:
    """A silence longer than the client's timeout ends in ReadTimeout; the journal records the disconnect."""
    claude.script(question, {"content": TEXT})
    claude.control(mode=mode, seconds=60)
    texts = 0
    with pytest.raises(httpx2.ReadTimeout):
        for event in sdk.with_options(timeout=1).messages.create(**body(stream=True)):
            texts += event.type == "content_block_delta"
    assert texts == before
    deadline = time.monotonic() + 30
    while claude.journal()["last"][-1]["ended"] is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert claude.journal()["last"][-1]["ended"] == "disconnected"


def test_stream_continues_after_silence(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body
) -> None:
    """A stream continues after a silence."""
    claude.script(question, {"content": TEXT})
    claude.control(mode="silence_in_text", seconds=0.2)
    began = time.monotonic()
    with sdk.messages.stream(**body()) as stream:
        assert stream.get_final_message().content[0].text == TEXT[0]["text"]
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("stream", [True, False])
def test_reply_fault_changes_stop_reason(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body, stream: bool
) -> None:
    """A reply is refused, cut off in its text, or calls a tool that isn't offered."""
    claude.script(question, {"content": TEXT_AND_CALL})

    def ask(mode: str) -> Any:
        claude.control(mode=mode)
        if not stream:
            return sdk.messages.create(**body(tools=[TOOL]))
        with sdk.messages.stream(**body(tools=[TOOL])) as events:
            return events.get_final_message()

    refused = ask("refusal")
    assert (refused.stop_reason, refused.stop_details.type, refused.content) == ("refusal", "refusal", [])
    cut = ask("max_tokens")
    assert (cut.stop_reason, [block.type for block in cut.content]) == ("max_tokens", ["text"])
    assert 0 < len(cut.content[0].text) < len(TEXT_AND_CALL[0]["text"])
    unknown = ask("unknown_tool")
    assert (unknown.stop_reason, unknown.content[-1].name) == ("tool_use", UNKNOWN_TOOL)


@pytest.mark.parametrize(
    ("mode", "stop_reason"), [("max_tokens_in_tool", "max_tokens"), ("invalid_tool_json", "tool_use")]
)
def test_tool_input_is_invalid_json(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body, mode: str, stop_reason: str
) -> None:
    """A tool's input is cut off, with the stop reason of a complete or an incomplete reply."""
    claude.script(question, {"content": TEXT_AND_CALL})
    claude.control(mode=mode)
    written, stopped = "", None
    for event in sdk.messages.create(**body(tools=[TOOL], stream=True)):
        if event.type == "content_block_delta" and event.delta.type == "input_json_delta":
            written += event.delta.partial_json
        elif event.type == "message_delta":
            stopped = event.delta.stop_reason
    assert stopped == stop_reason
    assert json.dumps(TEXT_AND_CALL[1]["input"]).startswith(written)
    with pytest.raises(ValueError, match=r"delimiter|Unterminated|Expecting"):
        json.loads(written)


def test_scripted_reply_has_its_own_fault(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body
) -> None:
    """A scripted reply has a fault by name or with options; after `times` the reply itself is sent."""
    claude.script(question, {"content": TEXT, "fault": {"mode": "529", "times": 1}})
    with pytest.raises(anthropic.OverloadedError):
        sdk.messages.create(**body())
    assert sdk.messages.create(**body()).content[0].text == TEXT[0]["text"]
    claude.script(question, {"content": TEXT, "fault": "no_message_stop"})
    names = [event.type for event in sdk.messages.create(**body(stream=True))]
    assert names[-1] == "content_block_stop"


def test_failed_request_writes_no_cache_entry(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body
) -> None:
    """A request that fails writes no cache entry; a response that began has written it, even if it is cut."""
    cached = body(system=f"{question} " * 100, cache_control={"type": "ephemeral"})
    claude.control(mode="529", times=1)
    with pytest.raises(anthropic.OverloadedError):
        sdk.messages.create(**cached)
    assert sdk.messages.create(**cached).usage.cache_read_input_tokens == 0
    other = cached | {"system": f"Other {question} " * 100}
    claude.control(mode="cut_before_block", times=1)
    with pytest.raises(httpx2.RemoteProtocolError):
        list(sdk.messages.create(**other, stream=True))
    assert sdk.messages.create(**other).usage.cache_read_input_tokens > 0
