"""The snapshot of a SnapStart function: a process that has imported it, and that environments are forked from.

The process runs `local.lambda_runtime.zygote`. It sends `{"threads": [...]}` once it has imported the handler, with
the names of threads that no fork would have. Then a line with the address of a Runtime API asks for a fork, answered by
`{"forked": pid}`; when one ends, `{"ended": pid, "status": n}` says how, as `subprocess` would.
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
from io import FileIO
from pathlib import Path
from typing import Any

from local import processes

ZYGOTE = Path(__file__).with_name("zygote.py")


class SnapshotError(Exception):
    """There is no snapshot. `status` is how the process ended, None where it was ended here."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Fork:
    """A process forked from a snapshot, with the face of a child process."""

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
        self._listening: asyncio.Task[None] | None = None
        self._threads: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        self._wanted: collections.deque[asyncio.Future[Fork]] = collections.deque()
        self._forks: dict[int, Fork] = {}

    @property
    def is_there(self) -> bool:
        """Whether it can be forked from."""
        return self._listening is not None and not self._listening.done()

    async def take(
        self, handler: str, folder: Path, environment: Mapping[str, str], log: FileIO, patience: float
    ) -> None:
        """Imports the handler, within `patience` seconds. Raises SnapshotError, and TimeoutError."""
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                # Unbuffered, so that no fork writes again what the import has printed.
                *processes.bound([sys.executable, "-u", str(ZYGOTE), handler, str(theirs.fileno())]),
                cwd=folder,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._listening = asyncio.create_task(self._listen(reader))
        async with asyncio.timeout(patience):
            threads = await self._threads
        if threads:
            raise SnapshotError(
                f"Importing {handler} starts threads ({', '.join(threads)}), which no environment that is forked "
                "from it would have. Start them in a hook after the restore, or in the handler."
            )

    async def fork(self, address: str) -> Fork:
        """A new process whose runtime client talks to the Runtime API at `address`. Raises SnapshotError."""
        if self._writer is None or not self.is_there:
            raise SnapshotError("The snapshot's process has ended.")
        wanted: asyncio.Future[Fork] = asyncio.get_running_loop().create_future()
        self._wanted.append(wanted)
        self._writer.write(f"{address}\n".encode())
        return await asyncio.shield(wanted)

    async def stop(self) -> None:
        """Ends the process, and on Linux what is left of its forks."""
        if self._process is not None:
            await processes.end(self._process, signal.SIGKILL)
        if self._writer is not None:
            self._writer.close()
        if self._listening is not None:
            await self._listening

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            async for line in reader:
                self._handle(json.loads(line))
        await self._lose()

    def _handle(self, message: Mapping[str, Any]) -> None:
        match message:
            case {"threads": threads}:
                self._threads.set_result(threads)
            case {"forked": pid}:
                self._forks[pid] = fork = Fork(pid)
                self._wanted.popleft().set_result(fork)
            case {"ended": pid, "status": status} if pid in self._forks:
                self._forks.pop(pid).ended.set_result(status)

    async def _lose(self) -> None:
        """The process is gone: nothing can be forked any more, and nobody will tell how its forks end."""
        assert self._process is not None
        status = await self._process.wait()
        error = SnapshotError("The snapshot's process has ended.", status)
        waiting: list[asyncio.Future[Any]] = [self._threads, *self._wanted]
        for future in waiting:
            if not future.done():
                future.set_exception(error)
                future.exception()  # also where nobody waits any more
        for fork in self._forks.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(fork.pid, signal.SIGKILL)
            fork.ended.set_result(-signal.SIGKILL)
