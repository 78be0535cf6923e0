"""The snapshots of SnapStart functions: processes that have imported a handler, and that environments are forks of.

They are forks themselves, of the stack's one zygote: what functions have in common is imported once and is in memory
once. `local.lambda_runtime.zygote` is what runs in both.
"""

import asyncio
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local import processes
from local.lambda_runtime.fork_server import ForkError, ForkServer

_ZYGOTE = Path(__file__).with_name("zygote.py")


class Zygote:
    """The process that snapshots are forked from. It starts with the first one, and again if it was killed."""

    def __init__(self, variables: Mapping[str, str], log: Path) -> None:
        """`variables` are those that libraries may read when they are imported. `log` gets what it prints."""
        self._variables = dict(variables)
        self._log = log
        self._server: ForkServer | None = None
        self._lock = asyncio.Lock()

    async def take_snapshot(
        self, handler: str, folder: Path, environment: Mapping[str, str], log: int, timeout_s: float
    ) -> ForkServer:
        """Fork a process that imports the handler; return it. Raises ForkError, and TimeoutError.

        `log` is the descriptor that it and its forks write to. It forks an environment for `{"address": ...}` of a
        Runtime API.
        """
        async with asyncio.timeout(timeout_s):
            snapshot = await self._fork({"handler": handler, "folder": str(folder), "environment": environment}, log)
            try:
                threads = await snapshot.threads
                if threads:
                    raise ForkError(
                        f"Importing {handler} starts threads ({', '.join(threads)}), which its "
                        "forks don't have. Start them in a hook after the restore, or in the handler."
                    )
            except BaseException:
                await snapshot.stop()
                raise
        return snapshot

    async def stop(self) -> None:
        """Kill the process, and on Linux its remaining forks with it."""
        if self._server is not None:
            await self._server.stop()

    async def _fork(self, request: Mapping[str, Any], log: int) -> ForkServer:
        async with self._lock:
            if self._server is None or not self._server.is_running:
                self._server = await self._start()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                fork = await self._server.fork(request, (theirs.fileno(), log))
        except BaseException:
            ours.close()
            raise
        snapshot = ForkServer(fork, ours)
        await snapshot.start()
        return snapshot

    async def _start(self) -> ForkServer:
        ours, theirs = socket.socketpair()
        with theirs, self._log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                # Unbuffered, so that no fork repeats output of the import from a copied buffer.
                *processes.bind_to_parent([sys.executable, "-u", str(_ZYGOTE), str(theirs.fileno())]),
                env=self._variables,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # so that Ctrl-C reaches only the stack, which stops its children in order
            )
        server = ForkServer(process, ours)
        await server.start()
        return server
