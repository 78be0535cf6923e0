"""A function's log file, which never makes a function fail: not even on a full disk."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

_CHUNK = 64 * 1024


class FunctionLog:
    """The log of one function. Use it on one event loop.

    The function's processes write to a pipe, which is read here: a line that the disk has no room for is lost, while a
    process that wrote to the file itself would fail in the middle of a request.
    """

    def __init__(self, path: Path, on_data: Callable[[bytes], None] = lambda _data: None) -> None:
        """`on_data` is called with what is added, in pieces that may end within a line."""
        self.path = path
        self._on_data = on_data
        self._file = path.open("ab", buffering=0)
        self._pipe, self.descriptor = os.pipe()
        """`descriptor` is the end that processes write to."""
        os.set_blocking(self._pipe, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._pipe, self._drain)

    def write(self, text: str) -> None:
        """Add a line of Lambda's own, after what processes have written so far."""
        self._drain()
        self._append(f"{text}\n".encode())

    def close(self) -> None:
        """Add what processes have written, and close the file."""
        self._drain()
        self._loop.remove_reader(self._pipe)
        os.close(self._pipe)
        os.close(self.descriptor)
        self._file.close()

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._pipe, _CHUNK):
                self._append(data)

    def _append(self, data: bytes) -> None:
        self._on_data(data)
        with contextlib.suppress(OSError):
            self._file.write(data)
