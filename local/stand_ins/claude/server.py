"""Runs Claude's stand-in in a process of its own."""

import asyncio
import socket
import sys
from pathlib import Path

from local.stand_ins.child import Child, serve

CLAUDE_KEY = "sk-ant-simulated"
"""The key that the stand-in accepts."""


class ClaudeStandIn:
    """Claude's stand-in, on a port of 127.0.0.1."""

    def __init__(self, log: Path, profile: str = "seed") -> None:
        """`profile` is a latency profile of `local.stand_ins.claude.profile.PROFILES`."""
        self._child = Child("local.stand_ins.claude.server", log, sockets=1, arguments=[profile])
        [self.url] = self._child.urls
        self.parameters = {"ClaudeBaseUrl": self.url}
        """The template's parameters that make the functions call the stand-in."""

    async def start(self) -> None:
        """Start the process and wait until it serves."""
        await self._child.start()

    async def stop(self) -> None:
        await self._child.stop()


async def _serve(descriptor: int, profile: str) -> None:
    from local.asgi_server import AsgiServer
    from local.stand_ins.claude.app import make_app

    await serve(AsgiServer(make_app(profile), socket.socket(fileno=descriptor)))


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2]))
