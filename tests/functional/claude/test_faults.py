"""Faults on demand, as the official SDK sees them."""

import json
import time
from collections.abc import Callable
from typing import Any

import anthropic
import httpx2
import pytest

from local.stand_ins.claude.faults import UNKNOWN_TOOL
from tests.functional.claude.conftest import TOOL, Standin

Body = Callable[..., dict[str, Any]]

TALK = [{"type": "text", "text": "It is dry in Moab today, and it will be tomorrow as well."}]
CALL = [
    {"type": "text", "text": "Let me look."},
    {"type": "tool_use", "name": TOOL["name"], "input": {"place": "Moab"}},
]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("mode", "more", "error", "kind", "retry_after"),
    [
        ("401", {}, anthropic.AuthenticationError, "authentication_error", None),
        ("429", {}, anthropic.RateLimitError, "rate_limit_error", None),
        ("429", {"retry_after": 7}, anthropic.RateLimitError, "rate_limit_error", "7"),
        ("529", {}, anthropic.OverloadedError, "overloaded_error", None),
        ("500", {}, anthropic.InternalServerError, "api_error", None),
        ("503", {}, anthropic.ServiceUnavailableError, "api_error", None),
    ],
)
def test_a_status_is_the_error_of_the_sdk(
    standin: Standin, sdk: anthropic.Anthropic, body: Body, stream: bool,
    mode: str, more: dict[str, Any], error: type[anthropic.APIStatusError], kind: str, retry_after: str | None,
) -> None:  # fmt: skip
    standin.orders(mode=mode, **more)
    with pytest.raises(error) as raised:
        sdk.messages.create(**body(stream=stream))
    assert raised.value.type == kind
    assert raised.value.request_id
    assert raised.value.response.headers.get("retry-after") == retry_after
    standin.orders(mode="ok")
    assert sdk.messages.create(**body()).stop_reason == "end_turn"


def test_the_spending_limit_has_its_own_code(standin: Standin, sdk: anthropic.Anthropic, body: Body) -> None:
    standin.orders(mode="spend_cap")
    with pytest.raises(anthropic.RateLimitError) as raised:
        sdk.messages.create(**body())
    assert raised.value.error_code == "enforced_spend_limit_reached"
    assert type(raised.value).__name__ == "EnforcedSpendLimitReachedError"
    assert "retry-after" not in raised.value.response.headers


def test_an_order_spares_counts_and_looks_at_the_text(standin: Standin, body: Body, asked: str) -> None:
    """The first `after` requests that fit are spared, then `times` are struck; others aren't touched or counted."""
    standin.orders(mode="500", after=1, times=2, contains=asked)
    other = body(messages=[{"role": "user", "content": "Something else."}])
    statuses = []
    for _ in range(5):
        statuses.append(standin.post(body()).status_code)
        assert standin.post(other).status_code == 200
    assert statuses == [200, 500, 500, 200, 200]


def test_orders_for_different_texts_hold_side_by_side(standin: Standin, body: Body) -> None:
    """One is lifted by its text, all are lifted without one."""
    asking = {name: body(messages=[{"role": "user", "content": name}]) for name in ("first", "second")}
    standin.orders(mode="500", contains="first")
    standin.orders(mode="529", contains="second")
    assert [standin.post(each).status_code for each in asking.values()] == [500, 529]
    standin.orders(mode="ok", contains="first")
    assert [standin.post(each).status_code for each in asking.values()] == [200, 529]
    standin.orders(mode="ok")
    assert [standin.post(each).status_code for each in asking.values()] == [200, 200]


def test_an_order_looks_at_the_newest_turn_only(standin: Standin, body: Body, asked: str) -> None:
    standin.orders(mode="500", contains=asked)
    later = [*body()["messages"], {"role": "assistant", "content": "Yes."}, {"role": "user", "content": "And then?"}]
    assert standin.post(body(messages=later)).status_code == 200


def test_no_json_is_no_answer(standin: Standin, sdk: anthropic.Anthropic, body: Body) -> None:
    """200 with a page: the SDK makes a string of it, and an empty stream."""
    standin.orders(mode="not_json")
    reply = standin.post(body())
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert list(sdk.messages.create(**body(stream=True))) == []


def test_an_overload_in_the_stream_is_no_overloaded_error(
    standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body
) -> None:
    """It comes after some text, with status 200 and the type in its body."""
    standin.says(asked, {"content": TALK})
    standin.orders(mode="overloaded_in_stream")
    texts = []
    with pytest.raises(anthropic.APIStatusError) as raised:
        for event in sdk.messages.create(**body(stream=True)):
            if event.type == "content_block_delta":
                texts.append(event.delta.text)
    assert not isinstance(raised.value, anthropic.OverloadedError)
    assert (raised.value.status_code, raised.value.type) == (200, "overloaded_error")
    assert TALK[0]["text"].startswith("".join(texts))
    assert texts
    with pytest.raises(anthropic.OverloadedError):
        sdk.messages.create(**body())


@pytest.mark.parametrize(
    ("mode", "content", "seen", "unseen"),
    [
        ("cut_before_block", TALK, "message_start", "content_block_start"),
        ("cut_in_text", TALK, "text_delta", "content_block_stop"),
        ("cut_in_text", CALL, "text_delta", "tool_use"),
        ("cut_in_tool_input", CALL, "input_json_delta", "tool_use_stop"),
        ("cut_after_tool_block", CALL, "tool_use_stop", "message_delta"),
    ],
)
def test_a_cut_stream_is_an_error_of_the_transport(
    standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body,
    mode: str, content: list[dict[str, Any]], seen: str, unseen: str,
) -> None:  # fmt: skip
    """The SDK passes it on as it is, and makes one of its own only where the answer wasn't to be streamed."""
    standin.says(asked, {"content": content})
    standin.orders(mode=mode)
    events: list[str] = []
    with pytest.raises(httpx2.RemoteProtocolError):
        _watch(sdk, body(tools=[TOOL], stream=True), events)
    assert seen in events
    assert unseen not in events
    assert standin.journal()["last"][-1]["ended"] == "cut"
    with pytest.raises(anthropic.APIConnectionError):
        sdk.messages.create(**body(tools=[TOOL]))


def _watch(sdk: anthropic.Anthropic, asked: dict[str, Any], events: list[str]) -> None:
    """Notes the types of events, of blocks and of deltas, and which kind of block has stopped."""
    kinds: dict[int, str] = {}
    for event in sdk.messages.create(**asked):
        events.append(event.type)
        if event.type == "content_block_start":
            kinds[event.index] = event.content_block.type
            events.append(event.content_block.type)
        elif event.type == "content_block_delta":
            events.append(event.delta.type)
        elif event.type == "content_block_stop":
            events.append(f"{kinds[event.index]}_stop")


def test_a_stream_may_end_without_saying_so(standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body) -> None:
    """The SDK raises nothing: only the missing stop reason tells."""
    standin.says(asked, {"content": TALK})
    standin.orders(mode="no_message_stop")
    with sdk.messages.stream(**body()) as stream:
        message = stream.get_final_message()
    assert (message.content[0].text, message.stop_reason) == (TALK[0]["text"], None)


@pytest.mark.parametrize(("mode", "before"), [("silence", 0), ("silence_in_text", 2)])
def test_a_silence_is_longer_than_a_client_waits(
    standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body, mode: str, before: int
) -> None:
    """Nothing comes for so long; who hangs up is noticed."""
    standin.says(asked, {"content": TALK})
    standin.orders(mode=mode, seconds=60)
    texts = 0
    with pytest.raises(httpx2.ReadTimeout):
        for event in sdk.with_options(timeout=1).messages.create(**body(stream=True)):
            texts += event.type == "content_block_delta"
    assert texts == before
    deadline = time.monotonic() + 30
    while standin.journal()["last"][-1]["ended"] is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert standin.journal()["last"][-1]["ended"] == "hung_up"


def test_a_silence_ends(standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body) -> None:
    standin.says(asked, {"content": TALK})
    standin.orders(mode="silence_in_text", seconds=0.2)
    began = time.monotonic()
    with sdk.messages.stream(**body()) as stream:
        assert stream.get_final_message().content[0].text == TALK[0]["text"]
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("stream", [True, False])
def test_replies_end_badly(standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body, stream: bool) -> None:
    """Refused, cut off in text, and with a tool that nobody offered."""
    standin.says(asked, {"content": CALL})

    def ask(mode: str) -> Any:
        standin.orders(mode=mode)
        if not stream:
            return sdk.messages.create(**body(tools=[TOOL]))
        with sdk.messages.stream(**body(tools=[TOOL])) as events:
            return events.get_final_message()

    refused = ask("refusal")
    assert (refused.stop_reason, refused.stop_details.type, refused.content) == ("refusal", "refusal", [])
    cut = ask("max_tokens")
    assert (cut.stop_reason, [block.type for block in cut.content]) == ("max_tokens", ["text"])
    assert 0 < len(cut.content[0].text) < len(CALL[0]["text"])
    unknown = ask("unknown_tool")
    assert (unknown.stop_reason, unknown.content[-1].name) == ("tool_use", UNKNOWN_TOOL)


@pytest.mark.parametrize(
    ("mode", "stop_reason"), [("max_tokens_in_tool", "max_tokens"), ("invalid_tool_json", "tool_use")]
)
def test_a_tools_input_may_be_no_json(
    standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body, mode: str, stop_reason: str
) -> None:
    standin.says(asked, {"content": CALL})
    standin.orders(mode=mode)
    written, stopped = "", None
    for event in sdk.messages.create(**body(tools=[TOOL], stream=True)):
        if event.type == "content_block_delta" and event.delta.type == "input_json_delta":
            written += event.delta.partial_json
        elif event.type == "message_delta":
            stopped = event.delta.stop_reason
    assert stopped == stop_reason
    assert json.dumps(CALL[1]["input"]).startswith(written)
    with pytest.raises(ValueError, match=r"delimiter|Unterminated|Expecting"):
        json.loads(written)


def test_a_scripted_reply_has_its_own_fault(standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body) -> None:
    """By its name, or with its options; after `times` the reply itself comes."""
    standin.says(asked, {"content": TALK, "fault": {"mode": "529", "times": 1}})
    with pytest.raises(anthropic.OverloadedError):
        sdk.messages.create(**body())
    assert sdk.messages.create(**body()).content[0].text == TALK[0]["text"]
    standin.says(asked, {"content": TALK, "fault": "no_message_stop"})
    names = [event.type for event in sdk.messages.create(**body(stream=True))]
    assert names[-1] == "content_block_stop"


def test_a_failed_request_writes_nothing_into_the_cache(
    standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body
) -> None:
    """An answer that began has written, even where it is cut."""
    cached = body(system=f"{asked} " * 100, cache_control={"type": "ephemeral"})
    standin.orders(mode="529", times=1)
    with pytest.raises(anthropic.OverloadedError):
        sdk.messages.create(**cached)
    assert sdk.messages.create(**cached).usage.cache_read_input_tokens == 0
    other = cached | {"system": f"Other {asked} " * 100}
    standin.orders(mode="cut_before_block", times=1)
    with pytest.raises(httpx2.RemoteProtocolError):
        list(sdk.messages.create(**other, stream=True))
    assert sdk.messages.create(**other).usage.cache_read_input_tokens > 0
