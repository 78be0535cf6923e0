"""Sends a response with the latency of a profile, up to the point where a fault ends it."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from local.stand_ins.claude.faults import Disconnect, Pause, Step, StreamError
from local.stand_ins.claude.journal import JournalEntry
from local.stand_ins.claude.profile import LatencyProfile
from local.stand_ins.claude.stream import Event


@dataclass
class PacedResponse:
    """A response with status 200, as an ASGI app.

    The `steps` are streamed; if `whole_body` is given, it is sent instead, after the time that they take.
    `on_first_token` is called at the first token. `entry` records the output tokens and how the response ended.
    """

    steps: Iterator[Step]
    whole_body: bytes | None
    headers: dict[str, str]
    profile: LatencyProfile
    entry: JournalEntry
    on_first_token: Callable[[], None]

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        client = _Client(receive)
        try:
            self.entry.ended = await self._respond(client, send)
        finally:
            client.close()

    async def _respond(self, client: "_Client", send: Send) -> str:
        loop = asyncio.get_running_loop()
        if not await client.wait_while_connected(
            self.profile.first_token_s(self.entry.input_total - self.entry.cache_read)
        ):
            return "disconnected"
        began = loop.time()
        self.on_first_token()
        await self._open(send)
        ready: list[bytes] = []
        last = None
        for step in self.steps:
            if isinstance(step, Disconnect):
                await self._end_early(send, ready)
                return "cut"
            if isinstance(step, StreamError):
                ready.append(Event("error", step.error.body(self.entry.request_id)).encode())
                continue
            if isinstance(step, Pause):
                due = step.seconds
                began += step.seconds
            else:
                due = began + self.profile.output_s(step.tokens_before) - loop.time()
            if due > 0:
                await self._flush(send, ready)
                if not await client.wait_while_connected(due):
                    return "disconnected"
            if isinstance(step, Event):
                ready.append(step.encode())
                self.entry.output_tokens = step.tokens_before
                last = step.name
        if self.whole_body is not None:
            if last != "message_stop":
                await self._end_early(send, ready)
                return "cut"
            ready = [self.whole_body]
        await send({"type": "http.response.body", "body": b"".join(ready)})
        return "complete" if last == "message_stop" else "incomplete"

    async def _open(self, send: Send) -> None:
        """Send the headers; like the API, with the content length unless the response is streamed."""
        headers = dict(self.headers)
        if self.whole_body is None:
            headers["content-type"] = "text/event-stream; charset=utf-8"
        else:
            headers |= {"content-type": "application/json", "content-length": str(len(self.whole_body))}
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": encoded})

    async def _flush(self, send: Send, ready: list[bytes]) -> None:
        """Send the events that are due in one write."""
        if ready and self.whole_body is None:
            await send({"type": "http.response.body", "body": b"".join(ready), "more_body": True})
        ready.clear()

    async def _end_early(self, send: Send, ready: list[bytes]) -> None:
        """End the body early: returning before its end makes uvicorn close the connection."""
        if self.whole_body is not None:
            half = self.whole_body[: len(self.whole_body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
        await self._flush(send, ready)


class _Client:
    """The client's connection, which may close while nothing is sent."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._disconnection: asyncio.Task[None] | None = None

    async def wait_while_connected(self, seconds: float) -> bool:
        """Wait for so many seconds. Returns False at once when the client disconnects."""
        if seconds <= 0:
            return True
        if self._disconnection is None:
            self._disconnection = asyncio.create_task(self._wait_for_disconnect())
        done, _ = await asyncio.wait({self._disconnection}, timeout=seconds)
        return not done

    def close(self) -> None:
        if self._disconnection is not None:
            self._disconnection.cancel()

    async def _wait_for_disconnect(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
