"""Child processes that end with the process that started them, also when that one is killed."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Sequence
from typing import Protocol

STOP_TIMEOUT_S = 10


class Process(Protocol):
    """A running or ended process: a child of this one, or a fork of a snapshot. It leads a process group."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None:
        """None while it runs; the negative number of the signal that killed it."""

    async def wait(self) -> int:
        """Wait for the end of the process; return its return code."""
        ...


def bind_to_parent(command: Sequence[str], ending: signal.Signals = signal.SIGKILL) -> list[str]:
    """`command`, wrapped so that the kernel sends it the signal `ending` when the thread that starts it ends.

    Works on Linux with util-linux, by `PR_SET_PDEATHSIG`. Elsewhere the command is unchanged, and a child has
    to notice itself that its parent has ended: `docs/local.md` lists which ones do.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return list(command)
    return [setpriv, "--pdeathsig", ending.name.removeprefix("SIG"), "--", *command]


async def stop(process: Process, ending: signal.Signals) -> None:
    """Send `ending` to the process and its group, and SIGKILL after STOP_TIMEOUT_S."""
    for signum in (ending, signal.SIGKILL):
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signum)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
