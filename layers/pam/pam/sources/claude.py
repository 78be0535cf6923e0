"""Claude, by the official SDK: one streamed reply at a time, its blocks as they become complete, its faults as kinds.

The only module that imports the SDK, which takes a second: only the conversation's worker imports this.
"""

import json
import math
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import anthropic
import httpx2

from pam.platform.deadline import Deadline
from pam.sources.api_key import ApiKey
from pam.sources.claude_pricing import TokenUsage
from pam.sources.http_client import SIMULATED_HEADER
from pam.sources.source import SourceError

# A reply that says nothing for so long has died, whatever the socket says: the API's own pings don't count.
STREAM_IDLE_TIMEOUT_S = 12.0

_CONNECT_S = 2.0

# What lies on the path forgets a connection that was idle for long, and a thawed environment doesn't notice.
_LONGEST_IDLE_S = 30.0


class ModelErrorKind(StrEnum):
    """Why there is no whole reply."""

    BUSY = "busy"
    """429 or 529, or the same in the stream: may be tried again, after `retry_after`."""
    SPENT = "spent"
    """The account's own spending limit: trying again only costs time."""
    UNAVAILABLE = "unavailable"
    """5xx, no connection, no answer in time, or a body that is none of the API's."""
    REFUSED = "refused"
    """4xx: the key or the request is wrong, and will be again."""
    CUT = "cut"
    """The stream ended before the reply did."""
    SILENT = "silent"
    """The stream is open, and nothing comes."""


class ModelError(Exception):
    """There is no whole reply. `partial` holds the blocks that were complete, and the text up to the fault."""

    def __init__(self, kind: ModelErrorKind, detail: str, retry_after: float | None = None) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.retry_after = retry_after
        self.partial = ModelReply()


@dataclass(frozen=True)
class TextDelta:
    """A piece of text."""

    text: str


@dataclass(frozen=True)
class ToolUse:
    """A tool that Claude wants to be run. `arguments` is the JSON text as it was written, valid or not."""

    id: str
    name: str
    arguments: str


@dataclass
class ModelReply:
    """A reply, as far as it has come: blocks as the API takes them back, why it ended, and its tokens."""

    content: list[dict[str, Any]] = field(default_factory=list)
    tools: list[ToolUse] = field(default_factory=list)
    stop_reason: str | None = None
    simulated: bool = False
    """A stand-in answered."""
    usage: TokenUsage = field(default_factory=TokenUsage)

    @property
    def text(self) -> str:
        """All text of it."""
        return "".join(block["text"] for block in self.content if block["type"] == "text")


class ClaudeClient:
    """One client for each Lambda environment."""

    def __init__(self, base_url: str, key: ApiKey, silence_s: float = STREAM_IDLE_TIMEOUT_S) -> None:
        """`silence_s`: how long a reply may say nothing."""
        self._base_url = base_url
        self._key = key
        self._silence_s = silence_s
        self._client: anthropic.Anthropic | None = None
        self._used_at = 0.0

    def stream(
        self, request: Mapping[str, Any], betas: tuple[str, ...], deadline: Deadline, stop: threading.Event
    ) -> Iterator[TextDelta | ToolUse | ModelReply]:
        """Texts and tools as they are complete, and at last the whole reply; without one where `stop` was set.

        Raises `ModelError`.
        """
        reply = ModelReply()
        try:
            yield from self._stream(request, betas, deadline, stop, reply)
        except ModelError as fault:
            fault.partial = reply
            raise

    def _stream(
        self,
        request: Mapping[str, Any],
        betas: tuple[str, ...],
        deadline: Deadline,
        stop: threading.Event,
        reply: ModelReply,
    ) -> Iterator[TextDelta | ToolUse | ModelReply]:
        headers = {"anthropic-beta": ",".join(betas)} if betas else {}
        watch: _Watch | None = None
        try:
            stream = self._connected(deadline).messages.create(**request, stream=True, extra_headers=headers)
            watch = _Watch(stream.response, self._silence_s, deadline, stop)
            reply.simulated = stream.response.headers.get(SIMULATED_HEADER) == "true"
            with stream:
                yield from _read(stream, reply, watch, stop)
        except (anthropic.APIError, httpx2.HTTPError, OSError) as error:
            if stop.is_set():
                return
            if watch is not None and watch.fired:
                raise ModelError(ModelErrorKind.SILENT, "nothing came for too long") from None
            if isinstance(error, anthropic.AuthenticationError):
                self._forget_key()
            raise _fault(error, began=watch is not None) from error
        except (ValueError, LookupError) as error:
            raise ModelError(ModelErrorKind.CUT, f"no event of the API's: {type(error).__name__}") from error
        except SourceError as error:
            raise ModelError(ModelErrorKind.REFUSED, str(error)) from None
        finally:
            self._used_at = time.time()
            if watch is not None:
                watch.end()
        if stop.is_set():
            return
        if reply.stop_reason is None:
            raise ModelError(ModelErrorKind.CUT, "the stream ended without its message_stop")
        yield reply

    def _connected(self, deadline: Deadline) -> anthropic.Anthropic:
        """The client, with fresh connections after a long idle time: by the wall clock, which a freeze doesn't stop."""
        if self._client is not None and time.time() - self._used_at > _LONGEST_IDLE_S:
            self._client.close()
            self._client = None
        if self._client is None:
            limits = httpx2.Limits(max_connections=8, max_keepalive_connections=8, keepalive_expiry=_LONGEST_IDLE_S)
            self._client = anthropic.Anthropic(
                api_key=self._key.get(),
                base_url=self._base_url,
                max_retries=0,  # the turn retries, which knows what the traveller has seen and how much time is left
                http_client=anthropic.DefaultHttpxClient(limits=limits),
            )
        patience = max(0.1, min(self._silence_s, deadline.left_s))
        return self._client.with_options(timeout=httpx2.Timeout(patience, connect=_CONNECT_S))

    def _forget_key(self) -> None:
        """The next request reads the secret again, and finds a replaced key."""
        self._key.invalidate()
        if self._client is not None:
            self._client.close()
            self._client = None

    def warm(self) -> None:
        """Builds what the first request would build, and reaches for nothing: for the snapshot."""
        anthropic.Anthropic(api_key="none", base_url=self._base_url).close()


def _read(stream: Any, reply: ModelReply, watch: "_Watch", stop: threading.Event) -> Iterator[TextDelta | ToolUse]:
    written = ""  # of the arguments of the tool that is being written
    ended: str | None = None
    for event in stream:
        watch.heard()
        if stop.is_set():
            return
        match event.type:
            case "message_start":
                reply.usage = _usage(event.message.usage)
            case "content_block_start":
                written = ""
                block = event.content_block.to_dict(exclude_none=True)
                if block["type"] == "text":
                    block = {"type": "text", "text": ""}
                reply.content.append(block)
            case "content_block_delta" if event.delta.type == "text_delta":
                reply.content[-1]["text"] += event.delta.text
                if event.delta.text:
                    yield TextDelta(event.delta.text)
            case "content_block_delta" if event.delta.type == "input_json_delta":
                written += event.delta.partial_json
            case "content_block_stop":
                tool = _finish(reply.content, written)
                if tool is not None:
                    reply.tools.append(tool)
                    yield tool
            case "message_delta":
                reply.usage = _usage(event.usage, reply.usage)
                ended = event.delta.stop_reason
            case "message_stop":
                reply.stop_reason = ended


def _finish(content: list[dict[str, Any]], written: str) -> ToolUse | None:
    """Completes the newest block; an empty text is none."""
    block = content[-1]
    if block["type"] == "text" and not block["text"].strip():
        content.pop()
        return None
    if block["type"] not in ("tool_use", "server_tool_use"):
        return None
    block.pop("caller", None)
    if written:
        with suppress(ValueError):
            block["input"] = json.loads(written)
    if not isinstance(block.get("input"), dict):
        block["input"] = {}
    if block["type"] == "server_tool_use":
        return None
    return ToolUse(block["id"], block["name"], written or "{}")


def _usage(told: Any, before: TokenUsage | None = None) -> TokenUsage:
    """The API's counts; those of `message_delta` are cumulative, and leave out what hasn't changed."""
    before = before or TokenUsage(calls=1)
    creation = getattr(told, "cache_creation", None)
    written = told.cache_creation_input_tokens
    if creation is not None:
        five, hour = creation.ephemeral_5m_input_tokens, creation.ephemeral_1h_input_tokens
    elif written is not None and written != before.write_5m + before.write_1h:
        five, hour = written, 0
    else:
        five, hour = before.write_5m, before.write_1h
    return TokenUsage(
        input=told.input_tokens if told.input_tokens is not None else before.input,
        write_5m=five,
        write_1h=hour,
        read=told.cache_read_input_tokens if told.cache_read_input_tokens is not None else before.read,
        output=told.output_tokens or before.output,
        calls=1,
    )


_BUSY = {"rate_limit_error", "overloaded_error"}


def _fault(error: Exception, *, began: bool) -> ModelError:
    if isinstance(error, anthropic.APIStatusError):
        # An error in the stream comes with the status 200 of its beginning: the type is what counts.
        kind = str(error.type or "")
        if isinstance(error, anthropic.RateLimitError) and "spend" in f"{error.error_code} {error.message}".lower():
            return ModelError(ModelErrorKind.SPENT, kind)
        if kind in _BUSY or error.status_code in (429, 529):
            return ModelError(ModelErrorKind.BUSY, kind, _seconds(error.response.headers.get("retry-after")))
        if error.status_code == 200 or error.status_code >= 500:
            return ModelError(ModelErrorKind.CUT if began else ModelErrorKind.UNAVAILABLE, kind)
        return ModelError(ModelErrorKind.REFUSED, f"{error.status_code} {kind}: {error.message[:200]}")
    if isinstance(error.__cause__ if isinstance(error, anthropic.APITimeoutError) else error, httpx2.ReadTimeout):
        return ModelError(ModelErrorKind.SILENT, "nothing came for too long")
    if began and not isinstance(error, anthropic.APIResponseValidationError):
        return ModelError(ModelErrorKind.CUT, type(error).__name__)
    return ModelError(ModelErrorKind.UNAVAILABLE, type(error).__name__)


def _seconds(header: str | None) -> float | None:
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None


class _Watch:
    """Ends a stream that is silent, stopped or out of time, by its socket: a blocked read sees no event."""

    def __init__(self, response: Any, silence_s: float, deadline: Deadline, stop: threading.Event) -> None:
        self.fired = False
        self._silence_s = silence_s
        self._response = response
        self._deadline = deadline
        self._stop = stop
        self._heard = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="claude-watch", daemon=True)
        self._thread.start()

    def heard(self) -> None:
        self._heard = time.monotonic()

    def end(self) -> None:
        self._ended.set()

    def _look(self) -> None:
        while not self._ended.wait(0.1):
            silent = time.monotonic() - self._heard > self._silence_s or self._deadline.left_s <= 0
            if silent or self._stop.is_set():
                self.fired = silent
                with suppress(Exception):
                    network = self._response.extensions["network_stream"]
                    network.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
                return
