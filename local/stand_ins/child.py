"""Runs a stand-in in a process of its own, so that its CPU time isn't counted as a handler's."""

import asyncio
import contextlib
import gc
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from local import processes
from local.sockets import listen

_READY = b"ready\n"

_MIN_LIFE_S = 1.0
"""A process that ends at once is started again once in this time."""


class Child:
    """A process that runs a module with the descriptors of listening sockets, and further arguments.

    Where it ends by itself it is started again, with the same addresses. Connections wait meanwhile.
    """

    def __init__(
        self,
        module: str,
        log: Path,
        *,
        sockets: int,
        arguments: Sequence[str] = (),
        on_restart: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Bind the sockets: their addresses are known, and connections wait until the process serves.

        `on_restart` is awaited once the process has been started again.
        """
        self._module = module
        self._log = log
        self._arguments = arguments
        self._sockets = [listen() for _ in range(sockets)]
        self._on_restart = on_restart
        self._process: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self.urls = [f"http://127.0.0.1:{each.getsockname()[1]}" for each in self._sockets]

    async def start(self, *, wait: bool = True) -> None:
        """Start the process; unless `wait` is false, return when it serves. Raises RuntimeError if it doesn't start."""
        await self._launch(wait=wait)
        self._watching = asyncio.create_task(self._watch())

    async def _launch(self, *, wait: bool) -> None:
        descriptors = [each.fileno() for each in self._sockets]
        command = [sys.executable, "-m", self._module, *map(str, descriptors), *self._arguments]
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *processes.bind_to_parent(command),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                pass_fds=descriptors,
                start_new_session=True,
            )
        assert self._process.stdout is not None
        if wait and await self._process.stdout.readline() != _READY:
            raise RuntimeError(f"{self._module} doesn't start: see {self._log}")

    async def _watch(self) -> None:
        """Start the process again each time that it has ended."""
        while self._process is not None:
            began = time.monotonic()
            await self._process.wait()
            await asyncio.sleep(max(0.0, _MIN_LIFE_S - (time.monotonic() - began)))
            try:
                await self._launch(wait=True)
                if self._on_restart is not None:
                    await self._on_restart()
            except Exception as error:
                with contextlib.suppress(OSError), self._log.open("a", encoding="utf-8") as log:
                    log.write(f"{self._module} wasn't started again: {error!r}\n")
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()  # it is half started: once more

    async def stop(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        for each in self._sockets:
            each.close()
        if self._process is not None:
            await processes.stop(self._process, signal.SIGKILL)


@contextmanager
def without_collection() -> Iterator[None]:
    """Disable garbage collection while modules and data are loaded, which are never collected later either.

    Loading the gazetteer takes two thirds of the CPU time in this way, loading moto four fifths.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


class Server(Protocol):
    """A server of a child process."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


async def serve(*servers: Server) -> None:
    """Start servers in the child process, report that they serve, and stop them when standard input is closed."""
    for server in servers:
        await server.start()
    os.write(sys.stdout.fileno(), _READY)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing reads the pipe any more
    await asyncio.to_thread(sys.stdin.read)
    for server in servers:
        await server.stop()
