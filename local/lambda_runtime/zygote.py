"""`python zygote.py HANDLER FD`: a SnapStart function, imported once, that forks its environments.

The process stands for the snapshot. It imports the handler, runs the hooks before the snapshot, and then waits
on the socket FD for the address of a Runtime API: each gets a fork, which becomes the real runtime client and
runs the hooks after the restore. The runtime client itself is imported in the fork, since it looks up the
address when it is loaded. Messages on the socket are lines of JSON, described at `local.lambda_runtime.snapshot`.

Whatever fails here by an exception is left alone: it fails in each fork again, whose runtime client says so in
its own words.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import logging
import os
import select
import signal
import socket
import sys
import threading
from pathlib import Path

from awslambdaric.lambda_runtime_hooks_runner import run_before_snapshot
from snapshot_restore_py import get_before_snapshot

PR_SET_PDEATHSIG = 1


def main(handler: str, descriptor: int) -> None:
    sys.path[0] = os.getcwd()  # noqa: PTH109  the function's folder, as the runtime client has it, not this file's
    channel = socket.socket(fileno=descriptor)
    _initialise(handler)
    threads = _threads()
    _tell(channel, {"threads": threads})
    if threads:
        return
    gc.freeze()  # what was imported isn't collected, so its pages stay shared
    address = _serve(channel)
    if address is not None:
        os.environ["AWS_LAMBDA_RUNTIME_API"] = address
        from awslambdaric.__main__ import main as run

        run([sys.argv[0], handler])


def _initialise(handler: str) -> None:
    # The runtime client sets logging up before it imports a handler, so a handler's `basicConfig` does nothing.
    placeholder = logging.NullHandler()
    logging.getLogger().addHandler(placeholder)
    hooks = list(get_before_snapshot())
    try:
        importlib.import_module(handler.rpartition(".")[0].replace("/", "."))
        hooks = list(get_before_snapshot())
        run_before_snapshot()
    except Exception:
        get_before_snapshot()[:] = hooks
    finally:
        logging.getLogger().removeHandler(placeholder)


def _threads() -> list[str]:
    """Names of the threads beside the main one: none of them would be in a fork."""
    names = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    with contextlib.suppress(OSError):  # where there is no /proc, Python's threads are all we know
        tasks = len(list(Path("/proc/self/task").iterdir()))
        names += ["of a C library"] * (tasks - 1 - len(names))
    return names


def _serve(channel: socket.socket) -> str | None:
    """Forks at each address that comes in. Returns it in the fork; None when the stack has closed the socket."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    zygote = os.getpid()
    orders = channel.makefile("rb", buffering=0)
    while True:
        ready, _, _ = select.select([channel.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _reap(channel)
        if channel.fileno() in ready:
            address = orders.readline().decode().strip()
            if not address:
                return None
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                orders.close()
                channel.close()
                os.close(woken)
                os.close(wake)
                os.setpgid(0, 0)
                _bind_to(zygote)
                return address
            with contextlib.suppress(OSError):  # whichever is first, so that the group is there at once
                os.setpgid(pid, pid)
            _tell(channel, {"forked": pid})


def _bind_to(parent: int) -> None:
    """Ends this process with its parent, on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _reap(channel: socket.socket) -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            _tell(channel, {"ended": pid, "status": os.waitstatus_to_exitcode(status)})


def _tell(channel: socket.socket, message: dict[str, object]) -> None:
    channel.sendall(json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
