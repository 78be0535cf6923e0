"""What goes wrong on demand: refusals, replies that end badly, and streams that break."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from local.stand_ins.claude.errors import ApiError
from local.stand_ins.claude.replies import Call, Part, Reply, Say, limited, said
from local.stand_ins.claude.stream import Event

Mode = Literal[
    "401", "429", "spend_cap", "500", "503", "529", "not_json",
    "refusal", "max_tokens", "max_tokens_in_tool", "invalid_tool_json", "unknown_tool",
    "overloaded_in_stream", "cut_before_block", "cut_in_text", "cut_after_tool_block", "cut_in_tool_input",
    "no_message_stop", "silence", "silence_in_text",
]  # fmt: skip

UNKNOWN_TOOL = "read_the_tea_leaves"
"""What `unknown_tool` calls."""

_MESSAGES = {
    "401": "invalid x-api-key",
    "429": "This request would exceed your organization's rate limit. Please try again later.",
    "500": "Internal server error",
    "503": "Service unavailable",
    "529": "Overloaded",
}


class Order(BaseModel):
    """How to fail; `times` None means always, and the first `after` requests that fit are spared.

    With `contains`, only turns whose text contains that fit. `retry_after` and `seconds` are seconds: of the header,
    and of a silence.
    """

    model_config = ConfigDict(extra="forbid")

    mode: Mode
    times: int | None = Field(None, ge=0)
    after: int = Field(0, ge=0)
    retry_after: float | None = None
    seconds: float = 30.0
    contains: str = ""

    def strikes(self) -> bool:
        """Whether it strikes this request, which is counted."""
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
            return self.times >= 0
        return True


class Faults:
    """The orders that are given, at most one for each `contains`."""

    def __init__(self) -> None:
        self._orders: dict[str, Order] = {}

    def give(self, order: Order) -> None:
        self._orders[order.contains] = order

    def lift(self, contains: str | None = None) -> None:
        """Ends the order for `contains`, or all of them."""
        if contains is None:
            self._orders.clear()
        else:
            self._orders.pop(contains, None)

    def next(self, text: str) -> Order | None:
        """The order that strikes a request with this text in its newest turn."""
        for order in list(self._orders.values()):
            if order.contains in text and order.strikes():
                return order
        return None


def refusal_of(order: Order) -> ApiError | None:
    """The error that is the answer, for modes that are one."""
    if order.mode == "spend_cap":
        return ApiError(
            429, "You have reached your specified API usage limits for this month.", code="enforced_spend_limit_reached"
        )
    if order.mode in _MESSAGES:
        return ApiError(int(order.mode), _MESSAGES[order.mode], retry_after=order.retry_after)
    return None


def spoiled(reply: Reply, mode: Mode) -> Reply:
    """The reply of modes that end it badly; of others, as it is."""
    match mode:
        case "refusal":
            details = {"type": "refusal", "category": None, "explanation": None}
            return Reply((), "refusal", details)
        case "max_tokens":
            texts = [part for part in reply.parts if isinstance(part, Say)]
            return limited(said(*texts[:1]), max(texts[0].size // 2, 1)) if texts else Reply((), "max_tokens")
        case "max_tokens_in_tool":
            return Reply(_broken(reply), "max_tokens")
        case "invalid_tool_json":
            return Reply(_broken(reply), "tool_use")
        case "unknown_tool":
            texts = [part for part in reply.parts if isinstance(part, Say)]
            return said(*texts, Call(UNKNOWN_TOOL, {"cups": 1}))
    return reply


def _broken(reply: Reply) -> tuple[Part, ...]:
    """The parts up to the first call, and the first half of its input."""
    before = list(itertools.takewhile(lambda part: not isinstance(part, Call), reply.parts))
    calls = [part for part in reply.parts if isinstance(part, Call)] or [Call(UNKNOWN_TOOL, {"cups": 1})]
    written = calls[0].json or '{"a'
    return (*before, replace(calls[0], written=written[: len(written) // 2 + 1]))


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is sent for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection is closed in the middle."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An error within the stream."""

    error: ApiError


Step = Event | Pause | Cut | Failure


def disturbed(events: Iterator[Event], order: Order) -> Iterator[Step]:
    """The stream of modes that break it; of others, as it is."""
    match order.mode:
        case "overloaded_in_stream":
            yield from _until(events, "text_delta", 2)
            yield Failure(ApiError(529, "Overloaded"))
        case "cut_before_block":
            yield next(events)
            yield Cut()
        case "cut_in_text":
            yield from _until(events, "text_delta", 2)
            yield Cut()
        case "cut_in_tool_input":
            yield from _until(events, "input_json_delta", 2)
            yield Cut()
        case "cut_after_tool_block":
            yield from _until(events, "input_json_delta", 1)
            yield from _until(events, "content_block_stop", 1)
            yield Cut()
        case "no_message_stop":
            yield from _until(events, "message_delta", 1)
        case "silence":
            yield next(events)
            yield Pause(order.seconds)
            yield from events
        case "silence_in_text":
            yield from _until(events, "text_delta", 2)
            yield Pause(order.seconds)
            yield from events
        case _:
            yield from events


def _until(events: Iterator[Event], kind: str, count: int) -> Iterator[Event]:
    """Events up to the `count`-th of a kind, or up to the end of the last block where there are fewer."""
    for event in events:
        if event.name == "message_delta":
            return
        yield event
        if event.kind == kind:
            count -= 1
            if count == 0:
                return
