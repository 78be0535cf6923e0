"""One WebSocket connection: frames in both directions, and API Gateway's limits.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from local.gateway.websocket_events import ConnectionInfo

MAX_FRAME = 32 * 1024
MAX_MESSAGE = 128 * 1024
"""Bytes."""

MAX_SEND_BUFFER = 1024 * 1024
"""Bytes that wait for a client that doesn't read. AWS has such a limit, and doesn't document it."""

CLOSE_TIMEOUT_S = 5.0
"""Time for a client to answer a close frame."""


@dataclass(frozen=True)
class WebSocketLimits:
    """Lifetimes of connections, in seconds."""

    idle: float = 600
    """Time without a message in either direction. The protocol's pings aren't messages."""
    lifetime: float = 7200


class GoneError(Exception):
    """The connection is closed, or closing."""


class BufferFullError(Exception):
    """MAX_SEND_BUFFER is reached, because the client doesn't read."""


class Connection:
    """A connection after its handshake. Use it on one event loop."""

    def __init__(
        self,
        info: ConnectionInfo,
        protocol: ServerProtocol,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limits: WebSocketLimits,
    ) -> None:
        self.info = info
        self._protocol = protocol
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._is_closing = False
        self._opened = self._active = self._loop.time()
        self.last_active_at = datetime.now(UTC)
        self._timer = self._loop.call_later(min(limits.idle, limits.lifetime), self._close_if_due)

    @property
    def is_open(self) -> bool:
        return self._protocol.state is State.OPEN and not self._writer.is_closing()

    async def messages(self) -> AsyncIterator[str]:
        """Yield the client's messages until either side closes the connection."""
        try:
            with contextlib.suppress(ConnectionError):
                async for message in self._messages():
                    yield message
        finally:
            self._timer.cancel()
            self._writer.close()

    def post(self, data: bytes) -> None:
        """Send a message in frames of at most MAX_FRAME bytes, without waiting for the client.

        Raises GoneError and BufferFullError.
        """
        if not self.is_open:
            raise GoneError
        if self._writer.transport.get_write_buffer_size() + len(data) > MAX_SEND_BUFFER:
            raise BufferFullError
        frames = [data[start : start + MAX_FRAME] for start in range(0, len(data), MAX_FRAME)] or [b""]
        for number, frame in enumerate(frames, 1):
            send = self._protocol.send_text if number == 1 else self._protocol.send_continuation
            send(frame, fin=number == len(frames))
        self._mark_active()
        self._flush()

    def close(self, code: CloseCode, reason: str) -> None:
        """Start to close the connection, unless it is closing already."""
        if self.is_open:
            self._is_closing = True
            self._protocol.send_close(code, reason)
            self._flush()

    @property
    def close_status(self) -> tuple[int, str]:
        """Code and reason of the first close frame, for the `$disconnect` event."""
        frame = self._protocol.close_rcvd
        if frame is None or self._protocol.close_rcvd_then_sent is False:
            frame = self._protocol.close_sent
        if frame is None:
            return CloseCode.ABNORMAL_CLOSURE, "Connection closed abnormally"
        if frame.code == CloseCode.NO_STATUS_RCVD:
            return frame.code, "Client-side close frame status not set"
        return frame.code, frame.reason

    async def _messages(self) -> AsyncIterator[str]:
        parts: list[bytes] = []
        while data := await self._reader.read(65536):
            self._protocol.receive_data(data)
            for frame in self._protocol.events_received():
                if not isinstance(frame, Frame) or self._is_closing:
                    continue  # frames after our own close frame are ignored
                if frame.opcode is Opcode.BINARY:
                    self.close(CloseCode.UNSUPPORTED_DATA, "Binary frames are not supported")
                elif frame.opcode in (Opcode.TEXT, Opcode.CONT):
                    parts.append(bytes(frame.data))
                    if frame.fin:
                        self._mark_active()
                        whole, parts = b"".join(parts), []
                        try:
                            yield whole.decode()
                        except UnicodeDecodeError:
                            self.close(CloseCode.INVALID_DATA, "Text frames must be UTF-8")
            self._flush()
        self._protocol.receive_eof()
        self._flush()

    def _mark_active(self) -> None:
        self._active = self._loop.time()
        self.last_active_at = datetime.now(UTC)

    def _close_if_due(self) -> None:
        due = min(self._active + self._limits.idle, self._opened + self._limits.lifetime)
        if self._loop.time() >= due:
            self.close(CloseCode.GOING_AWAY, "Going away")
        else:
            self._timer = self._loop.call_at(due, self._close_if_due)

    def _flush(self) -> None:
        """Write the protocol's pending data; abort the connection if the client doesn't complete a close in time."""
        for data in self._protocol.data_to_send():
            if self._writer.is_closing():
                return
            if data:
                self._writer.write(data)
            else:  # stands for the end of the stream
                with contextlib.suppress(OSError):  # the client may have gone already
                    self._writer.write_eof()
        if self._protocol.close_expected():
            self._timer.cancel()
            self._timer = self._loop.call_later(CLOSE_TIMEOUT_S, self._writer.transport.abort)
