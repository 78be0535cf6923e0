"""How an answer goes out: at the profile's pace, and only as far as its fault lets it."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from local.stand_ins.claude.faults import Cut, Failure, Pause, Step
from local.stand_ins.claude.journal import Entry
from local.stand_ins.claude.profile import Profile
from local.stand_ins.claude.stream import Event


@dataclass
class Answer:
    """An answer with status 200, as an ASGI app.

    The `steps` are streamed, or only take their time where `whole` is the body. `begin` is called when the first
    token is there. `entry` learns what was sent and how it ended.
    """

    steps: Iterator[Step]
    whole: bytes | None
    headers: dict[str, str]
    profile: Profile
    entry: Entry
    begin: Callable[[], None]

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        line = _Line(receive)
        try:
            self.entry.ended = await self._answer(line, send)
        finally:
            line.close()

    async def _answer(self, line: "_Line", send: Send) -> str:
        loop = asyncio.get_running_loop()
        if not await line.wait(self.profile.first_token(self.entry.input_total - self.entry.cache_read)):
            return "hung_up"
        began = loop.time()
        self.begin()
        await self._open(send)
        ready: list[bytes] = []
        last = None
        for step in self.steps:
            if isinstance(step, Cut):
                await self._end_in_the_middle(send, ready)
                return "cut"
            if isinstance(step, Failure):
                ready.append(Event("error", step.error.body(self.entry.request_id)).encode())
                continue
            if isinstance(step, Pause):
                due = step.seconds
                began += step.seconds
            else:
                due = began + self.profile.seconds(step.before) - loop.time()
            if due > 0:
                await self._flush(send, ready)
                if not await line.wait(due):
                    return "hung_up"
            if isinstance(step, Event):
                ready.append(step.encode())
                self.entry.output_tokens = step.before
                last = step.name
        if self.whole is not None:
            if last != "message_stop":
                await self._end_in_the_middle(send, ready)
                return "cut"
            ready = [self.whole]
        await send({"type": "http.response.body", "body": b"".join(ready)})
        return "complete" if last == "message_stop" else "incomplete"

    async def _open(self, send: Send) -> None:
        """Sends the headers. Those of a whole message come with its length, as they do from the API."""
        headers = dict(self.headers)
        if self.whole is None:
            headers["content-type"] = "text/event-stream; charset=utf-8"
        else:
            headers |= {"content-type": "application/json", "content-length": str(len(self.whole))}
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": encoded})

    async def _flush(self, send: Send, ready: list[bytes]) -> None:
        """What is due at once goes out in one write."""
        if ready and self.whole is None:
            await send({"type": "http.response.body", "body": b"".join(ready), "more_body": True})
        ready.clear()

    async def _end_in_the_middle(self, send: Send, ready: list[bytes]) -> None:
        """Returning before the body has ended makes uvicorn close the connection."""
        if self.whole is not None:
            half = self.whole[: len(self.whole) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
        await self._flush(send, ready)


class _Line:
    """The connection, on which a client may hang up while nothing is sent."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone: asyncio.Task[None] | None = None

    async def wait(self, seconds: float) -> bool:
        """Waits, and says whether the client is still there."""
        if seconds <= 0:
            return True
        if self._gone is None:
            self._gone = asyncio.create_task(self._hang_up())
        done, _ = await asyncio.wait({self._gone}, timeout=seconds)
        return not done

    def close(self) -> None:
        if self._gone is not None:
            self._gone.cancel()

    async def _hang_up(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
