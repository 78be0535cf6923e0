"""Fault injection: error responses, incomplete replies, and broken streams."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from local.stand_ins.claude.errors import ApiError, invalid_request
from local.stand_ins.claude.replies import ModelReply, ReplyPart, TextPart, ToolCallPart, make_reply, truncate
from local.stand_ins.claude.stream import Event

Mode = Literal[
    "401", "402", "408", "409", "429", "500", "503", "529", "not_json",
    "spend_cap", "usage_limit", "credit_balance", "prompt_too_long",
    "refusal", "max_tokens", "max_tokens_in_tool", "invalid_tool_json", "unknown_tool",
    "overloaded_in_stream", "cut_before_block", "cut_in_text", "cut_after_tool_block", "cut_in_tool_input",
    "no_message_stop", "silence", "silence_in_text",
]  # fmt: skip

UNKNOWN_TOOL = "undefined_tool"
"""The tool that `unknown_tool` calls."""

_MESSAGES = {
    "401": "invalid x-api-key",
    "402": "There is a problem with your billing. Please check your payment method in the Console.",
    "408": "Request timed out. Please try again.",
    "409": "The request conflicts with another one. Please try again.",
    "429": "This request would exceed your organization's rate limit. Please try again later.",
    "500": "Internal server error",
    "503": "Service unavailable",
    "529": "Overloaded",
}

_INVALID_REQUESTS = {
    "usage_limit": "You have reached your specified API usage limits. You will regain access on 2026-12-01 at "
    "00:00 UTC.",
    "credit_balance": "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to "
    "upgrade or purchase credits.",
    "prompt_too_long": "prompt is too long: 1000001 tokens > 1000000 maximum",
}
"""Conditions that the API reports as `invalid_request_error`, told apart by their message alone."""


class Fault(BaseModel):
    """A fault for matching requests: not for the first `after` of them, then `times` times, or always if that is None.

    A request matches if the text of its newest turn contains `contains`. `retry_after` is the header's value, `seconds`
    the length of a silence.
    """

    model_config = ConfigDict(extra="forbid")

    mode: Mode
    times: int | None = Field(None, ge=0)
    after: int = Field(0, ge=0)
    retry_after: float | None = None
    seconds: float = 30.0
    contains: str = ""

    def applies(self) -> bool:
        """Count a matching request; return whether the fault applies to it."""
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
            return self.times >= 0
        return True


class Faults:
    """The active faults, at most one for each `contains`."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}

    def add(self, fault: Fault) -> None:
        self._faults[fault.contains] = fault

    def remove(self, contains: str | None = None) -> None:
        """Remove the fault for `contains`, or all faults."""
        if contains is None:
            self._faults.clear()
        else:
            self._faults.pop(contains, None)

    def take(self, text: str) -> Fault | None:
        """Return the fault that applies to a request with this text in its newest turn, or None."""
        for fault in list(self._faults.values()):
            if fault.contains in text and fault.applies():
                return fault
        return None


def error_of(fault: Fault) -> ApiError | None:
    """Return the error response of a mode, or None for a mode without one."""
    if fault.mode == "spend_cap":
        return ApiError(
            429, "You have reached your specified API usage limits for this month.", code="enforced_spend_limit_reached"
        )
    if fault.mode in _INVALID_REQUESTS:
        return invalid_request(_INVALID_REQUESTS[fault.mode])
    if fault.mode in _MESSAGES:
        return ApiError(int(fault.mode), _MESSAGES[fault.mode], retry_after=fault.retry_after)
    return None


def apply_to_reply(reply: ModelReply, mode: Mode) -> ModelReply:
    """Return the reply as the mode changes it."""
    match mode:
        case "refusal":
            details = {"type": "refusal", "category": None, "explanation": None}
            return ModelReply((), "refusal", details)
        case "max_tokens":
            texts = [part for part in reply.parts if isinstance(part, TextPart)]
            return (
                truncate(make_reply(*texts[:1]), max(texts[0].tokens // 2, 1))
                if texts
                else ModelReply((), "max_tokens")
            )
        case "max_tokens_in_tool":
            return ModelReply(_cut_call(reply), "max_tokens")
        case "invalid_tool_json":
            return ModelReply(_cut_call(reply), "tool_use")
        case "unknown_tool":
            texts = [part for part in reply.parts if isinstance(part, TextPart)]
            return make_reply(*texts, ToolCallPart(UNKNOWN_TOOL, {"argument": 1}))
    return reply


def _cut_call(reply: ModelReply) -> tuple[ReplyPart, ...]:
    """Return the parts up to the first call, and the call with the first half of its input."""
    before = list(itertools.takewhile(lambda part: not isinstance(part, ToolCallPart), reply.parts))
    calls = [part for part in reply.parts if isinstance(part, ToolCallPart)] or [
        ToolCallPart(UNKNOWN_TOOL, {"argument": 1})
    ]
    raw_json = calls[0].json or '{"a'
    return (*before, replace(calls[0], raw_json=raw_json[: len(raw_json) // 2 + 1]))


@dataclass(frozen=True, slots=True)
class Pause:
    """A time without output."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The connection is closed before the response is complete."""


@dataclass(frozen=True, slots=True)
class StreamError:
    """An `error` event in the stream."""

    error: ApiError


Step = Event | Pause | Disconnect | StreamError


def apply_to_stream(events: Iterator[Event], fault: Fault) -> Iterator[Step]:
    """Yield the stream as the mode changes it."""
    match fault.mode:
        case "overloaded_in_stream":
            yield from _until(events, "text_delta", 2)
            yield StreamError(ApiError(529, "Overloaded"))
        case "cut_before_block":
            yield next(events)
            yield Disconnect()
        case "cut_in_text":
            yield from _until(events, "text_delta", 2)
            yield Disconnect()
        case "cut_in_tool_input":
            yield from _until(events, "input_json_delta", 2)
            yield Disconnect()
        case "cut_after_tool_block":
            yield from _until(events, "input_json_delta", 1)
            yield from _until(events, "content_block_stop", 1)
            yield Disconnect()
        case "no_message_stop":
            yield from _until(events, "message_delta", 1)
        case "silence":
            yield next(events)
            yield Pause(fault.seconds)
            yield from events
        case "silence_in_text":
            yield from _until(events, "text_delta", 2)
            yield Pause(fault.seconds)
            yield from events
        case _:
            yield from events


def _until(events: Iterator[Event], kind: str, count: int) -> Iterator[Event]:
    """Yield events up to the `count`-th of a kind, or up to the end of the last block if there are fewer."""
    for event in events:
        if event.name == "message_delta":
            return
        yield event
        if event.kind == kind:
            count -= 1
            if count == 0:
                return
