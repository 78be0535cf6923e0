"""The snapshot of a SnapStart function: a process that has imported the handler, and that environments are forks of.

The process runs `local.lambda_runtime.zygote`. It sends `{"threads": [...]}` once it has imported the handler, with
the names of threads that a fork wouldn't have. It then forks for each line with the address of a Runtime API, and
sends `{"forked": pid}`; when a fork ends, it sends `{"ended": pid, "status": n}` with a return code as in `subprocess`.
"""

import asyncio
import collections
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local import processes

ZYGOTE = Path(__file__).with_name("zygote.py")


class SnapshotError(Exception):
    """There is no snapshot. `status` is the return code of its process, None if it was stopped here."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Fork:
    """A process forked from a snapshot, with the interface of `local.processes.Process`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def returncode(self) -> int | None:
        return self.ended.result() if self.ended.done() else None

    async def wait(self) -> int:
        return await asyncio.shield(self.ended)


class Snapshot:
    """One process to fork from. Use it on one event loop."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Task[None] | None = None
        self._threads: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        self._requested: collections.deque[asyncio.Future[Fork]] = collections.deque()
        self._forks: dict[int, Fork] = {}

    @property
    def is_running(self) -> bool:
        """Whether forks can be requested."""
        return self._listener is not None and not self._listener.done()

    async def create(
        self, handler: str, folder: Path, environment: Mapping[str, str], log: int, timeout_s: float
    ) -> None:
        """Start the process and wait until it has imported the handler. Raises SnapshotError, and TimeoutError.

        `log` is the descriptor that it and its forks write to.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                # Unbuffered, so that no fork repeats output of the import from a copied buffer.
                *processes.bind_to_parent([sys.executable, "-u", str(ZYGOTE), handler, str(theirs.fileno())]),
                cwd=folder,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._listener = asyncio.create_task(self._listen(reader))
        async with asyncio.timeout(timeout_s):
            threads = await self._threads
        if threads:
            raise SnapshotError(
                f"Importing {handler} starts threads ({', '.join(threads)}), which its "
                "forks don't have. Start them in a hook after the restore, or in the handler."
            )

    async def fork(self, address: str) -> Fork:
        """Fork a process whose runtime client uses the Runtime API at `address`. Raises SnapshotError."""
        if self._writer is None or not self.is_running:
            raise SnapshotError("The snapshot's process has ended.")
        wanted: asyncio.Future[Fork] = asyncio.get_running_loop().create_future()
        self._requested.append(wanted)
        self._writer.write(f"{address}\n".encode())
        return await asyncio.shield(wanted)

    async def stop(self) -> None:
        """Kill the process, and on Linux its remaining forks with it."""
        if self._process is not None:
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
                self._threads.set_result(threads)
            case {"forked": pid}:
                self._forks[pid] = fork = Fork(pid)
                self._requested.popleft().set_result(fork)
            case {"ended": pid, "status": status} if pid in self._forks:
                self._forks.pop(pid).ended.set_result(status)

    async def _handle_exit(self) -> None:
        """Fail the requested forks and kill the existing ones, whose end nothing would report any more."""
        assert self._process is not None
        status = await self._process.wait()
        error = SnapshotError("The snapshot's process has ended.", status)
        waiting: list[asyncio.Future[Any]] = [self._threads, *self._requested]
        for future in waiting:
            if not future.done():
                future.set_exception(error)
                future.exception()  # marks it as retrieved if nothing waits for it any more
        for fork in self._forks.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(fork.pid, signal.SIGKILL)
            fork.ended.set_result(-signal.SIGKILL)
