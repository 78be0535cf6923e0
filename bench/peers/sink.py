"""Where frames are posted to instead of API Gateway."""

import asyncio
import json
import threading
import time
from collections import Counter
from types import TracebackType
from typing import Self

from local.http_server import HttpRequest, HttpResponse, HttpServer
from local.sockets import listen


class Sink:
    """An HTTP server that answers every post with 200 at once, on an event loop in a thread of its own."""

    def __init__(self) -> None:
        listener = listen()
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.first_delta_at: dict[str, float] = {}
        """By message id, when the first text of its answer came, by `time.monotonic`."""
        self.frames: Counter[str] = Counter()
        """How many frames came of each message."""
        self.ended: set[str] = set()
        """The messages whose `done` has come."""
        self._server = HttpServer(listener, self._answer)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sink", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._server.start(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        received_at, frame = time.monotonic(), json.loads(request.body)
        message_id = frame["message_id"]
        self.frames[message_id] += 1
        if frame["type"] == "delta":
            self.first_delta_at.setdefault(message_id, received_at)
        elif frame["type"] == "done":
            self.ended.add(message_id)
        return HttpResponse(200)
