"""Serves an ASGI application with uvicorn on a socket that listens already."""

import asyncio
import socket
from typing import Any

import uvicorn
from starlette.middleware.trustedhost import TrustedHostMiddleware

from local.sockets import ALLOWED_HOSTS

KEEP_ALIVE_TIMEOUT_S = 120
"""Longer than a client keeps an idle connection: uvicorn's five seconds would cause connection errors."""


class AsgiServer:
    """A server of one application. Use it on one event loop."""

    def __init__(self, app: Any, listener: socket.socket) -> None:
        config = uvicorn.Config(
            TrustedHostMiddleware(app, list(ALLOWED_HOSTS), www_redirect=False),
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_TIMEOUT_S,
            timeout_graceful_shutdown=1,
        )
        self._listener = listener
        self._server = uvicorn.Server(config)
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when it serves."""
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        while not self._server.started and not self._serving.done():
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Close all connections, after a second for requests that are running."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
