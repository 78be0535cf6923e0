"""Child processes that end with the process that started them, also when it is killed."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Sequence
from typing import Protocol


class Process(Protocol):
    """What there is to know of a process, whoever has started it. It leads a group of its own."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None:
        """None while it runs, and the negative number of the signal that has killed it."""

    async def wait(self) -> int:
        """The return code, once there is one."""
        ...


def bound(command: Sequence[str], ending: signal.Signals = signal.SIGKILL) -> list[str]:
    """`command`, made to get the signal `ending` from the kernel when the thread that starts it ends.

    Holds on Linux with util-linux, by `PR_SET_PDEATHSIG`. Elsewhere the command is unchanged, and a child has
    to notice by itself that its parent is gone: `docs/local.md` says which ones do.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return list(command)
    return [setpriv, "--pdeathsig", ending.name.removeprefix("SIG"), "--", *command]


async def end(process: Process, ending: signal.Signals, patience: float = 10) -> None:
    """Sends `ending` to the process and the group that it leads, and kills it after `patience` seconds."""
    for signum in (ending, signal.SIGKILL):
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signum)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), patience)
