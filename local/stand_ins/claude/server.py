"""Runs Claude's stand-in in a process of its own, so that its CPU time isn't counted as a handler's."""

import asyncio
import signal
import socket
import sys
from pathlib import Path

from local import processes
from local.sockets import listen

CLAUDE_KEY = "sk-ant-simulated"
"""The key that the stand-in accepts."""


class ClaudeStandIn:
    """Claude's stand-in, on a port of 127.0.0.1."""

    def __init__(self, log: Path, profile: str = "seed") -> None:
        """Bind the socket: connections wait until `start` has finished.

        `profile` is a latency profile of `local.stand_ins.claude.profile.PROFILES`.
        """
        self._log = log
        self._profile = profile
        self._process: asyncio.subprocess.Process | None = None
        self._socket = listen()
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.parameters = {"ClaudeBaseUrl": self.url}
        """The template's parameters that make the functions call the stand-in."""

    async def start(self) -> None:
        """Start the process and wait until it serves."""
        descriptor = self._socket.fileno()
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *processes.bind_to_parent(
                    [sys.executable, "-m", "local.stand_ins.claude.server", str(descriptor), self._profile]
                ),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                pass_fds=[descriptor],
                start_new_session=True,
            )
        self._socket.close()
        assert self._process.stdout is not None
        if await self._process.stdout.readline() != _READY:
            raise RuntimeError(f"the stand-in for Claude doesn't start: see {self._log}")

    async def stop(self) -> None:
        self._socket.close()
        if self._process is not None:
            await processes.stop(self._process, signal.SIGKILL)


_READY = b"ready\n"

_KEEP_ALIVE_TIMEOUT_S = 120
"""Longer than a client keeps an idle connection: uvicorn's five seconds would cause connection errors."""


async def _serve(descriptor: int, profile: str) -> None:
    """Serve on an inherited socket until standard input is closed."""
    import uvicorn

    from local.stand_ins.claude.app import make_app

    config = uvicorn.Config(
        make_app(profile),
        http="h11",
        ws="none",
        lifespan="off",
        log_level="critical",
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_TIMEOUT_S,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[socket.socket(fileno=descriptor)]))
    while not server.started:
        await asyncio.sleep(0.005)
    sys.stdout.buffer.write(_READY)
    sys.stdout.buffer.flush()
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2]))
