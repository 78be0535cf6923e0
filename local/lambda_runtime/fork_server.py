"""A process that forks on request, as the stack sees it: the zygote, or the snapshot of a function.

The stack writes a line of JSON for each fork that it wants. The process responds with `{"forked": pid}`, in order; when
a fork ends, it sends `{"ended": pid, "status": n}` with a return code as in `subprocess`. A process that is to fork
later sends `{"threads": [...]}` once it is ready, with the names of threads that its forks wouldn't have.
"""

import asyncio
import collections
import contextlib
import json
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from local import processes
from local.processes import Process


class ForkError(Exception):
    """There is no fork. `status` is the return code of the process to fork, None if it was stopped here."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Fork:
    """A forked process, with the interface of `local.processes.Process`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def returncode(self) -> int | None:
        return self.ended.result() if self.ended.done() else None

    async def wait(self) -> int:
        return await asyncio.shield(self.ended)


class ForkServer:
    """One process to fork from. Use it on one event loop."""

    def __init__(self, process: Process, channel: socket.socket) -> None:
        """`channel` is the stack's end of the socket, which is closed with the process."""
        self._process = process
        self._channel = channel
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Task[None] | None = None
        self._requested: collections.deque[asyncio.Future[Fork]] = collections.deque()
        self._forks: dict[int, Fork] = {}
        self.threads: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()

    @property
    def is_running(self) -> bool:
        """Whether forks can be requested."""
        return self._listener is not None and not self._listener.done()

    async def start(self) -> None:
        """Listen to the process."""
        reader, self._writer = await asyncio.open_connection(sock=self._channel)
        self._listener = asyncio.create_task(self._listen(reader))

    async def fork(self, request: Mapping[str, Any], descriptors: Sequence[int] = ()) -> Fork:
        """Have the process fork; it receives copies of the descriptors. Raises ForkError."""
        if not self.is_running:
            raise ForkError("The process to fork has ended.")
        wanted: asyncio.Future[Fork] = asyncio.get_running_loop().create_future()
        line = json.dumps(request).encode() + b"\n"
        try:
            socket.send_fds(self._channel, [line], descriptors)
        except OSError as error:
            raise ForkError("The process to fork has ended.") from error
        self._requested.append(wanted)
        return await asyncio.shield(wanted)

    async def stop(self) -> None:
        """Kill the process, and on Linux its remaining forks with it."""
        await processes.stop(self._process, signal.SIGKILL)
        if self._writer is not None:
            self._writer.close()
        if self._listener is not None:
            await self._listener

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            async for line in reader:
                self._handle(json.loads(line))
        await self._handle_exit()

    def _handle(self, message: Mapping[str, Any]) -> None:
        match message:
            case {"threads": threads}:
                self.threads.set_result(threads)
            case {"forked": pid}:
                self._forks[pid] = fork = Fork(pid)
                self._requested.popleft().set_result(fork)
            case {"ended": pid, "status": status} if pid in self._forks:
                self._forks.pop(pid).ended.set_result(status)

    async def _handle_exit(self) -> None:
        """Fail the requested forks and kill the existing ones, whose end nothing would report any more."""
        status = await self._process.wait()
        error = ForkError("The process to fork has ended.", status)
        waiting: list[asyncio.Future[Any]] = [self.threads, *self._requested]
        for future in waiting:
            if not future.done():
                future.set_exception(error)
                future.exception()  # marks it as retrieved if nothing waits for it any more
        for fork in self._forks.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(fork.pid, signal.SIGKILL)
            fork.ended.set_result(-signal.SIGKILL)
