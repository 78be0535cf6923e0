"""`python zygote.py HANDLER FD`: imports a SnapStart function once and forks its environments.

The process is the snapshot. It imports the handler, runs the hooks before the snapshot, and forks for each address
of a Runtime API that arrives on the socket FD. The fork becomes the real runtime client, which runs the hooks after
the restore. The runtime client itself is imported in the fork, since it reads the address when it is loaded.
`local.lambda_runtime.snapshot` describes the messages on the socket.

Exceptions of the import are ignored here: they occur again in each fork, whose runtime client reports them.
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
from typing import Any

from awslambdaric.lambda_runtime_hooks_runner import run_before_snapshot
from snapshot_restore_py import get_before_snapshot

PR_SET_PDEATHSIG = 1


def main(handler: str, descriptor: int) -> None:
    sys.path[0] = os.getcwd()  # noqa: PTH109  the function's folder, as the runtime client has it, not this file's
    channel = socket.socket(fileno=descriptor)
    filters = _initialise(handler)
    threads = _threads()
    _send(channel, {"threads": threads})
    if threads:
        return
    gc.freeze()  # imported objects aren't collected, so their pages stay shared
    address = _serve(channel)
    if address is not None:
        os.environ["AWS_LAMBDA_RUNTIME_API"] = address
        _filter_later_handlers(filters)
        from awslambdaric.__main__ import main as run

        run([sys.argv[0], handler])


def _initialise(handler: str) -> list[Any]:
    """Import the handler and run the hooks; return the filters that it has added to the root logger's handler."""
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
    return placeholder.filters


def _filter_later_handlers(filters: list[Any]) -> None:
    """Have the runtime client's handler get these filters: without Powertools' own it would log each line again."""
    root = logging.getLogger()
    add_handler = root.addHandler

    def add_filtered(added: logging.Handler) -> None:
        for each in filters:
            added.addFilter(each)
        add_handler(added)

    root.addHandler = add_filtered  # type: ignore[assignment, method-assign]


def _threads() -> list[str]:
    """Return the names of all threads but the main one: a fork doesn't have them."""
    names = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    with contextlib.suppress(OSError):  # without /proc, only Python's threads are known
        tasks = len(list(Path("/proc/self/task").iterdir()))
        names += ["of a C library"] * (tasks - 1 - len(names))
    return names


def _serve(channel: socket.socket) -> str | None:
    """Fork at each address that arrives. Returns it in the fork; returns None when the stack has closed the socket."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    zygote = os.getpid()
    addresses = channel.makefile("rb", buffering=0)
    poll = select.poll()  # `select` refuses descriptors above 1023
    poll.register(channel.fileno(), select.POLLIN)
    poll.register(woken, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if woken in ready:
            os.read(woken, 4096)
            _reap(channel)
        if channel.fileno() in ready:
            address = addresses.readline().decode().strip()
            if not address:
                return None
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                addresses.close()
                channel.close()
                os.close(woken)
                os.close(wake)
                os.setpgid(0, 0)
                _bind_to_parent(zygote)
                return address
            with contextlib.suppress(OSError):  # in both processes, so that the group exists whichever runs first
                os.setpgid(pid, pid)
            _send(channel, {"forked": pid})


def _bind_to_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, on Linux."""
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
            _send(channel, {"ended": pid, "status": os.waitstatus_to_exitcode(status)})


def _send(channel: socket.socket, message: dict[str, object]) -> None:
    channel.sendall(json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
