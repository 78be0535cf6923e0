"""`python zygote.py FD`: imports the libraries of SnapStart functions, and forks their snapshots and environments.

There are three generations of processes. The zygote has imported libraries, and nothing of ours. Each of its forks
becomes the snapshot of a function: it imports the handler and runs the hooks before the snapshot. Each fork of a
snapshot is an environment: it becomes the real runtime client, which runs the hooks after the restore. The client
itself is imported in that fork, since it reads the address of the Runtime API when it is loaded.
`local.lambda_runtime.fork_server` describes the messages on the socket FD, and `snapshot` those of each generation.

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
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from awslambdaric.lambda_runtime_hooks_runner import run_before_snapshot
from snapshot_restore_py import get_before_snapshot

LIBRARIES = (
    "aws_lambda_powertools.event_handler",
    "babel.numbers",
    "boto3",
    "botocore.session",
    "mangum",
    "psycopg",
    "pydantic",
    "starlette.applications",
)
"""What most functions import. The SDKs of models aren't among them: three functions of thirty need them."""

PR_SET_PDEATHSIG = 1

Request = dict[str, Any]


def main(descriptor: int) -> None:
    del sys.path[0]  # this file's folder
    for library in LIBRARIES:
        importlib.import_module(library)
    request = _serve(socket.socket(fileno=descriptor), descriptors=2)
    if request is not None:
        _become_snapshot(*request)


def _become_snapshot(request: Request, descriptors: list[int]) -> None:
    """Take over the folder, the variables and the log of a function, and serve forks of its imported handler."""
    channel, log = socket.socket(fileno=descriptors[0]), descriptors[1]
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.chdir(request["folder"])
    sys.path.insert(0, request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    filters = _initialise(request["handler"])
    threads = _threads()
    _send(channel, {"threads": threads})
    if threads:
        return
    fork = _serve(channel)
    if fork is not None:
        os.environ["AWS_LAMBDA_RUNTIME_API"] = fork[0]["address"]
        _filter_later_handlers(filters)
        from awslambdaric.__main__ import main as run

        run([sys.argv[0], request["handler"]])


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


def _serve(channel: socket.socket, descriptors: int = 0) -> tuple[Request, list[int]] | None:
    """Fork for each request, a line of JSON with so many descriptors.

    Returns the request in the fork; returns None when the stack has closed the socket.
    """
    gc.freeze()  # imported objects aren't collected, so their pages stay shared
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    parent = os.getpid()
    requests = _Requests(channel, descriptors)
    poll = select.poll()  # `select` refuses descriptors above 1023
    poll.register(channel.fileno(), select.POLLIN)
    poll.register(woken, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if woken in ready:
            os.read(woken, 4096)
            _reap(channel)
        if channel.fileno() not in ready:
            continue
        if not requests.receive():
            return None
        for request, received in requests.take():
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                requests.close()
                channel.close()
                os.close(woken)
                os.close(wake)
                os.setpgid(0, 0)
                _bind_to_parent(parent)
                return request, received
            with contextlib.suppress(OSError):  # in both processes, so that the group exists whichever runs first
                os.setpgid(pid, pid)
            for descriptor in received:
                os.close(descriptor)
            _send(channel, {"forked": pid})


class _Requests:
    """The requests on a socket, each with so many descriptors."""

    def __init__(self, channel: socket.socket, descriptors: int) -> None:
        self._channel = channel
        self._count = descriptors
        self._data = b""
        self._descriptors: list[int] = []

    def receive(self) -> bool:
        """Receive what has arrived; return False when the other end is closed."""
        data, received, _, _ = socket.recv_fds(self._channel, 65536, self._count)
        self._data += data
        self._descriptors += received
        return bool(data)

    def take(self) -> Iterator[tuple[Request, list[int]]]:
        """Yield the complete requests. A fork must not go on with them."""
        while b"\n" in self._data:
            line, _, self._data = self._data.partition(b"\n")
            received, self._descriptors = self._descriptors[: self._count], self._descriptors[self._count :]
            yield json.loads(line), received

    def close(self) -> None:
        """Close the descriptors of later requests, in a fork: the stack sees the end of a process by its socket's."""
        for descriptor in self._descriptors:
            os.close(descriptor)


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
    main(int(sys.argv[1]))
