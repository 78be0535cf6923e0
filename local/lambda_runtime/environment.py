"""One execution environment: a process with the real runtime client that handles one event at a time."""

import asyncio
import contextlib
import signal
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from local import processes
from local.lambda_runtime.function_log import FunctionLog
from local.lambda_runtime.runtime_api import Event, Outcome, RuntimeApi
from local.processes import Process
from local.template import Function

INIT_TIMEOUT_S = 10.0
"""Lambda's timeout for the import of a handler."""


class InitError(Exception):
    """An environment ended, failed or timed out before its first event; `outcome` is Lambda's error object."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome

    @classmethod
    def timed_out(cls, seconds: float) -> "InitError":
        return cls(Outcome.failure("Sandbox.Timedout", f"Error: Init timed out after {seconds:.2f} seconds"))


def exit_outcome(status: int, prefix: str = "Error: ") -> Outcome:
    """Return Lambda's error object for a process that ended unexpectedly with this status."""
    if status == 0:
        reason = "Runtime exited without providing a reason"
    elif status > 0:
        reason = f"Runtime exited with error: exit status {status}"
    else:
        reason = f"Runtime exited with error: signal: {(signal.strsignal(-status) or '').lower()}"
    return Outcome.failure("Runtime.ExitError", f"{prefix}{reason}")


class Environment:
    """A process and its Runtime API."""

    def __init__(
        self, function: Function, version: str, arn: str, launch: Callable[[str], Awaitable[Process]], log: FunctionLog
    ) -> None:
        """`launch` starts the process, given the address of the Runtime API. `log` receives Lambda's own log lines."""
        self._function = function
        self._version = version
        self._arn = arn
        self._launch = launch
        self._log = log
        self._api = RuntimeApi()
        self._process: Process | None = None
        self._exit: asyncio.Task[int] | None = None
        self._init_ms: float | None = None
        self.is_usable = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the process and wait until it requests its first event. Raises InitError."""
        began = time.perf_counter()
        self._process = await self._launch(await self._api.start())
        self._exit = asyncio.create_task(self._process.wait())
        ready = asyncio.create_task(self._api.ready.wait())
        timeout_s = INIT_TIMEOUT_S + self._function.timeout
        try:
            await asyncio.wait({ready, self._exit}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if not self._api.ready.is_set():
            if self._exit.done():
                raise InitError(self._api.init_error or exit_outcome(self._exit.result()))
            raise InitError.timed_out(timeout_s)
        self._init_ms = (time.perf_counter() - began) * 1000
        self.is_usable = True

    async def run(self, request_id: str, payload: bytes) -> Outcome | None:
        """Have the environment handle one event. A timeout or an exit makes it unusable.

        Returns None if the process ended before it fetched the event, which another environment can then handle.
        """
        assert self._exit is not None
        self._log.write(f"START RequestId: {request_id} Version: {self._version}")
        began = time.perf_counter()
        self.is_usable = False
        outcome_future = self._api.send(Event(request_id, self._headers(request_id), payload))
        ends: set[asyncio.Future[Any]] = {outcome_future, self._exit}
        await asyncio.wait(ends, timeout=self._function.timeout, return_when=asyncio.FIRST_COMPLETED)
        if outcome_future.done():
            self.is_usable = True
            outcome = outcome_future.result()
        elif not self._exit.done():
            message = f"RequestId: {request_id} Error: Task timed out after {self._function.timeout:.2f} seconds"
            outcome = Outcome.failure("Sandbox.Timedout", message)
            self._log.write(message)
        elif self._api.delivered_id == request_id:
            outcome = exit_outcome(self._exit.result(), f"RequestId: {request_id} Error: ")
        else:
            return None
        self._report(request_id, (time.perf_counter() - began) * 1000)
        return outcome

    async def stop(self) -> None:
        """Kill the process, as Lambda does with a function that has no extensions."""
        self.is_usable = False
        if self._process is not None:
            await processes.stop(self._process, signal.SIGKILL)
        await self._api.stop()

    def _headers(self, request_id: str) -> Mapping[str, str]:
        now = time.time()
        return {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((now + self._function.timeout) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self._arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(now):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
        }

    def _report(self, request_id: str, duration_ms: float) -> None:
        fields = [
            f"REPORT RequestId: {request_id}",
            f"Duration: {duration_ms:.2f} ms",
            f"Memory Size: {self._function.memory} MB",
        ]
        peak = _peak_memory_mb(self.pid)
        if peak is not None:
            fields.append(f"Max Memory Used: {peak} MB")
        if self._init_ms is not None:
            phase = "Restore" if self._function.snap_start else "Init"
            fields.append(f"{phase} Duration: {self._init_ms:.2f} ms")
            self._init_ms = None
        self._log.write(f"END RequestId: {request_id}\n" + "\t".join(fields))


def _peak_memory_mb(pid: int | None) -> int | None:
    """Return the largest resident set so far, in MB; None if the system has no /proc or the process has ended."""
    with contextlib.suppress(OSError, StopIteration):
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) // 1024
    return None
