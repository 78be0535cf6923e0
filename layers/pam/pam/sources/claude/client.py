"""Claude by the official SDK: one streamed reply per request, which can be cancelled at any time.

Importing the SDK takes a second of CPU: only functions that call Claude import this module.
"""

import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from typing import Any

import anthropic
import httpx2

from pam.platform.deadline import Deadline
from pam.sources.api_key import ApiKey
from pam.sources.claude.errors import model_error
from pam.sources.claude.events import read_events
from pam.sources.claude.reply import ModelError, ModelErrorKind, ModelReply, TextDelta, ToolUse
from pam.sources.claude.transport import InterruptibleTransport
from pam.sources.claude.usage_metrics import record_usage
from pam.sources.model_call import ModelCall
from pam.sources.source import SIMULATED_HEADER, SourceError

STREAM_IDLE_TIMEOUT_S = 12.0
"""Time without any data, pings included, after which a reply counts as dead: a long tool argument arrives in one piece
after pings."""

_CONNECT_TIMEOUT_S = 2.0
_MAX_CONNECTIONS = 8

# A firewall or NAT gateway drops a connection that was idle for long, and a thawed environment doesn't notice.
_MAX_IDLE_S = 30.0

_SHORTEST_REPLY = b'event: message_stop\ndata: {"type": "message_stop"}\n\n'


class ClaudeClient:
    """The client of one Lambda environment. Thread-safe."""

    def __init__(self, base_url: str, key: ApiKey, idle_timeout_s: float = STREAM_IDLE_TIMEOUT_S) -> None:
        """Opens no connection and reads no key."""
        self._base_url = base_url
        self._key = key
        self._idle_timeout_s = idle_timeout_s
        self._transport = InterruptibleTransport(_MAX_CONNECTIONS, _MAX_IDLE_S)
        self._sdk: tuple[str, anthropic.Anthropic] | None = None  # with its key
        self._used_at = 0.0
        self._streams = 0  # under way
        self._lock = threading.Lock()

    def stream(
        self, request: Mapping[str, Any], betas: tuple[str, ...], deadline: Deadline, stop: threading.Event
    ) -> Iterator[TextDelta | ToolUse | ModelReply]:
        """Send a request; yield text as it arrives, tool calls once complete, and last the complete reply.

        Setting `stop` ends the request within 0.2 s, whether it is connecting, waiting or streaming; then there is no
        reply. Raises `ModelError`.
        """
        reply = ModelReply()
        watch = _Watch(self._idle_timeout_s, deadline, stop)
        call = ModelCall("chat", "anthropic", str(request["model"]))
        self._begin_stream()
        try:
            with (
                self._transport.observe(watch.is_over, watch.record_data),
                closing(self._stream(request, betas, watch, reply)) as pieces,
            ):
                for piece in pieces:
                    call.note_chunk()
                    yield piece
            if reply.stop_reason is None and not stop.is_set():
                raise ModelError(ModelErrorKind.CUT, "the stream ended without its message_stop")
        except ModelError as error:
            error.partial = reply
            call.error = str(error.kind)
            raise
        finally:
            call.end()
            record_usage(call.model, reply.usage)
            with self._lock:
                self._streams -= 1
                self._used_at = time.time()
        if stop.is_set():
            return
        yield reply

    def _stream(
        self, request: Mapping[str, Any], betas: tuple[str, ...], watch: "_Watch", reply: ModelReply
    ) -> Generator[TextDelta | ToolUse]:
        headers = {"anthropic-beta": ",".join(betas)} if betas else {}
        timeout = httpx2.Timeout(self._idle_timeout_s, connect=_CONNECT_TIMEOUT_S)
        began = False
        try:
            with self._create({**request, "extra_headers": headers, "timeout": timeout}) as events:
                began = True
                reply.simulated = events.response.headers.get(SIMULATED_HEADER) == "true"
                for piece in read_events(events, reply):
                    if watch.stop.is_set():
                        return
                    yield piece
                    watch.record_data()  # the time that the consumer took isn't the API's
        except (anthropic.APIError, httpx2.HTTPError, OSError) as error:
            if watch.stop.is_set():
                return
            raise model_error(error, began=began) from error
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            raise ModelError(ModelErrorKind.CUT, f"not an event of the API: {type(error).__name__}") from error
        except SourceError as error:
            raise ModelError(ModelErrorKind.REFUSED, str(error)) from None

    def _create(self, request: Mapping[str, Any]) -> anthropic.Stream[Any]:
        """Send a request; where its key is refused and was replaced in the meantime, again with the new one."""
        key = self._key.get()
        stream: anthropic.Stream[Any]
        try:
            stream = self._connected(key).messages.create(**request, stream=True)
        except anthropic.AuthenticationError:
            if not self._key.renew(key):
                raise
            stream = self._connected(self._key.get()).messages.create(**request, stream=True)
        return stream

    def _begin_stream(self) -> None:
        """Count a stream; close connections that were idle for long by the wall clock, which never freezes."""
        with self._lock:
            if not self._streams and time.time() - self._used_at > _MAX_IDLE_S:
                self._transport.close()
            self._streams += 1

    def _connected(self, key: str) -> anthropic.Anthropic:
        """Return the SDK's client with a key."""
        with self._lock:
            if self._sdk is None or self._sdk[0] != key:
                self._sdk = key, self._build(key)
            return self._sdk[1]

    def _build(self, key: str, transport: httpx2.BaseTransport | None = None) -> anthropic.Anthropic:
        return anthropic.Anthropic(
            api_key=key,
            base_url=self._base_url,
            max_retries=0,  # the turn retries: it knows what the user has seen, and how much time is left
            http_client=anthropic.DefaultHttpxClient(transport=transport or self._transport),
        )

    def preload(self) -> None:
        """Do what the SDK does once, for a SnapStart snapshot, by a request whose reply is in memory.

        It builds its models of events with the first one that it reads. Opens no connection and reads no key.
        """
        response = httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=_SHORTEST_REPLY)
        sdk = self._build("none", httpx2.MockTransport(lambda _request: response))
        with sdk.messages.create(
            model="none",
            max_tokens=1,
            messages=[{"role": "user", "content": [{"type": "text", "text": "."}]}],
            tools=[{"name": "none", "input_schema": {"type": "object"}}],
            stream=True,
        ) as events:
            for _ in read_events(events, ModelReply()):
                pass


class _Watch:
    """Whether a request is over: it was stopped, its deadline has passed, or no data arrives."""

    def __init__(self, idle_timeout_s: float, deadline: Deadline, stop: threading.Event) -> None:
        self.stop = stop
        self._idle_timeout_s = idle_timeout_s
        self._deadline = deadline
        self._last_data = time.monotonic()

    def record_data(self) -> None:
        """Restart the idle timeout."""
        self._last_data = time.monotonic()

    def is_over(self) -> bool:
        idle_s = time.monotonic() - self._last_data
        return self.stop.is_set() or self._deadline.left_s == 0 or idle_s > self._idle_timeout_s
