"""Runs Gemini's stand-in in a process of its own."""

import asyncio
import socket
import sys
from pathlib import Path

from local.stand_ins.child import Child, serve

GEMINI_KEY = "AIza-simulated"
"""The key that the stand-in accepts."""

LOCAL_MODEL = "minilm"
"""The stand-in's own model. Vectors stored under this name are never compared with those of Gemini."""


class GeminiStandIn:
    """Gemini's stand-in, on a port of 127.0.0.1."""

    def __init__(self, log: Path) -> None:
        self._child = Child("local.stand_ins.gemini.server", log, sockets=1)
        [self.url] = self._child.urls
        self.parameters = {"GeminiBaseUrl": self.url, "GeminiEmbeddingModel": LOCAL_MODEL}
        """The template's parameters that make the functions call the stand-in."""

    async def start(self) -> None:
        """Start the process and wait until it serves. It loads its model with the first text."""
        await self._child.start()

    async def stop(self) -> None:
        await self._child.stop()


async def _serve(descriptor: int) -> None:
    from local.http_server import HttpServer
    from local.stand_ins.gemini.api import GeminiApi

    await serve(HttpServer(socket.socket(fileno=descriptor), GeminiApi().handle))


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
