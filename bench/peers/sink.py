"""Where a worker's frames are posted to instead of API Gateway: taken, looked at, and forgotten."""

import asyncio
import json
import threading
import time
from types import TracebackType
from typing import Self

from local.http_server import HttpServer, Reply, Request
from local.sockets import listen


class Sink:
    """Answers every post with 200 at once, on an event loop in a thread of its own."""

    def __init__(self) -> None:
        listener = listen()
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.first_delta_at: dict[str, float] = {}
        """By message id, when the first text of its answer came, by `time.monotonic`."""
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

    async def _answer(self, request: Request) -> Reply:
        came_at, frame = time.monotonic(), json.loads(request.body)
        if frame["type"] == "delta":
            self.first_delta_at.setdefault(frame["message_id"], came_at)
        return Reply(200)
