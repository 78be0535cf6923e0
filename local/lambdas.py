"""Lambda functions on this machine: execution environments that run the real runtime client.

An environment is one operating-system process, `python -m awslambdaric <handler>`, that handles one event at
a time, in the function's folder and with the function's own variables: nothing of the developer's shell
reaches it.
"""

import asyncio
import collections
import contextlib
import json
import signal
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import processes
from local.intrinsics import ACCOUNT, REGION
from local.runtime_api import MAX_PAYLOAD, Event, Outcome, RuntimeApi
from local.template import Function

ENVIRONMENTS = 8
"""At most so many environments of a function at once, where its reserved concurrency doesn't say fewer."""

INIT_SECONDS = 10.0
"""How long Lambda gives an environment to import the handler."""


@dataclass(frozen=True)
class Invocation:
    """The result of a synchronous invocation."""

    request_id: str
    payload: bytes
    """The JSON that the handler returned, or Lambda's error object."""
    function_error: str | None
    """`Unhandled` where Lambda would send the header X-Amz-Function-Error."""

    def json(self) -> Any:
        return json.loads(self.payload)


class PayloadTooLargeError(Exception):
    """The event is larger than a synchronous invocation may be."""


class InitError(Exception):
    """An environment didn't get as far as to take an event; `outcome` says what Lambda answers."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome


class LambdaFunction:
    """A function with its pool of environments. Use it on one event loop."""

    def __init__(self, function: Function, *, aws_endpoint: str, logs: Path, starts: asyncio.Semaphore) -> None:
        """`starts` bounds how many environments the whole stack starts at once: an import takes a CPU for a while."""
        self.function = function
        self.limit = min(function.reserved_concurrency or ENVIRONMENTS, ENVIRONMENTS)
        self.version = "1" if function.alias else "$LATEST"
        qualifier = f":{function.alias}" if function.alias else ""
        self.arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function.name}{qualifier}"
        self.log_path = logs / f"{function.code.name}.log"
        self.log = self.log_path.open("ab", buffering=0)  # shared with the environments, which append to it too
        self._aws_endpoint = aws_endpoint
        self._slots = asyncio.Semaphore(self.limit)  # its waiters are served first come, first served
        self._starts = starts
        self._starting: set[asyncio.Task[None]] = set()
        self._idle: list[Environment] = []
        self._waiting: collections.deque[asyncio.Future[Environment]] = collections.deque()
        self._environments: set[Environment] = set()
        self._ending = False

    @property
    def pids(self) -> list[int]:
        """Process ids of the environments."""
        return [environment.pid for environment in self._environments if environment.pid]

    def environment(self) -> dict[str, str]:
        """The variables that an environment is started with, but for the address of its Runtime API."""
        function = self.function
        return {
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "LAMBDA_TASK_ROOT": str(function.code),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": "local",
            "AWS_ENDPOINT_URL": self._aws_endpoint,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": self.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            # By this the runtime client runs the hooks before the snapshot and after the restore.
            "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start" if function.snap_start else "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_path.name,
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            "_HANDLER": function.handler,
            **function.environment,
        }

    async def invoke(self, payload: bytes) -> Invocation:
        """Runs the handler on a JSON event and waits for its result, also when that is an error.

        Waits in line while all environments are busy. Raises PayloadTooLargeError.
        """
        if len(payload) > MAX_PAYLOAD:
            raise PayloadTooLargeError(f"{len(payload)} must be less than or equal to {MAX_PAYLOAD} bytes.")
        request_id = str(uuid.uuid4())
        async with self._slots:
            outcome = None
            while outcome is None:
                try:
                    environment = await self._take()
                except InitError as error:
                    outcome = error.outcome
                    break
                try:
                    outcome = await environment.run(request_id, payload)
                finally:
                    if environment.usable:
                        self._give(environment)
                    else:
                        await self._end(environment)
        return Invocation(request_id, outcome.payload, "Unhandled" if outcome.failed else None)

    async def warm(self, count: int = 1) -> None:
        """Has at least `count` environments started, or as many as the limit allows. Raises InitError."""

        async def add() -> None:
            self._give(await self._start())

        missing = min(count, self.limit) - len(self._environments)
        await asyncio.gather(*(add() for _ in range(missing)))

    async def stop(self) -> None:
        """Ends every environment, and with them the invocations that are running."""
        self._ending = True
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*(self._end(environment) for environment in list(self._environments)))
        self.log.close()

    async def _take(self) -> "Environment":
        """An idle environment, or the first that becomes one: freed by another event, or started for this one.

        Raises InitError.
        """
        if self._idle:
            return self._idle.pop()
        waiter: asyncio.Future[Environment] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        if len(self._environments) < self.limit:
            task = asyncio.create_task(self._start_for_waiting())
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._give(waiter.result())
            raise

    def _give(self, environment: "Environment") -> None:
        """To the event that has waited longest, else to the idle ones."""
        waiter = self._next_waiting()
        if waiter is None:
            self._idle.append(environment)
        else:
            waiter.set_result(environment)

    async def _start_for_waiting(self) -> None:
        try:
            self._give(await self._start())
        except InitError as error:
            waiter = self._next_waiting()
            if waiter is not None:
                waiter.set_exception(error)

    def _next_waiting(self) -> "asyncio.Future[Environment] | None":
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None

    async def _start(self) -> "Environment":
        if self._ending:
            raise InitError(Outcome.failure("ServiceException", "The local stack is ending."))
        environment = Environment(self)
        self._environments.add(environment)
        try:
            async with self._starts:
                await environment.start()
        except BaseException:
            await self._end(environment)
            raise
        return environment

    async def _end(self, environment: "Environment") -> None:
        self._environments.discard(environment)
        await environment.stop()


class Environment:
    """One execution environment: a process and the Runtime API that it talks to."""

    def __init__(self, owner: LambdaFunction) -> None:
        self._owner = owner
        self._api = RuntimeApi()
        self._process: asyncio.subprocess.Process | None = None
        self._exit: asyncio.Task[int] | None = None
        self._init_ms: float | None = None
        self.usable = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Starts the process and waits until the handler is imported. Raises InitError."""
        began = time.perf_counter()
        address = await self._api.start()
        function = self._owner.function
        self._process = await asyncio.create_subprocess_exec(
            *processes.bound([sys.executable, "-m", "awslambdaric", function.handler]),
            cwd=function.code,
            env=self._owner.environment() | {"AWS_LAMBDA_RUNTIME_API": address},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self._owner.log,
            stderr=self._owner.log,
            start_new_session=True,  # Ctrl-C is for the stack, which ends its children in order
        )
        self._exit = asyncio.create_task(self._process.wait())
        ready = asyncio.create_task(self._api.ready.wait())
        patience = INIT_SECONDS + function.timeout
        await asyncio.wait({ready, self._exit}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            if self._exit.done():
                raise InitError(self._api.init_error or self._exited("Error: "))
            message = f"Error: Init timed out after {patience:.2f} seconds"
            raise InitError(Outcome.failure("Sandbox.Timedout", message))
        self._init_ms = (time.perf_counter() - began) * 1000
        self.usable = True

    async def run(self, request_id: str, payload: bytes) -> Outcome | None:
        """Gives the environment one event and waits for the outcome. A timeout or an exit makes it unusable.

        Returns None when the process had ended before it fetched the event, which can then go to another one.
        """
        assert self._exit is not None
        function = self._owner.function
        self._log(f"START RequestId: {request_id} Version: {self._owner.version}")
        began = time.perf_counter()
        self.usable = False
        answer = self._api.send(Event(request_id, self._headers(request_id), payload))
        ends: set[asyncio.Future[Any]] = {answer, self._exit}
        await asyncio.wait(ends, timeout=function.timeout, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            self.usable = True
            outcome = answer.result()
        elif not self._exit.done():
            message = f"RequestId: {request_id} Error: Task timed out after {function.timeout:.2f} seconds"
            outcome = Outcome.failure("Sandbox.Timedout", message)
            self._log(message)
        elif self._api.delivered == request_id:
            outcome = self._exited(f"RequestId: {request_id} Error: ")
        else:
            return None
        self._report(request_id, (time.perf_counter() - began) * 1000)
        return outcome

    async def stop(self) -> None:
        """Kills the process, as Lambda does with a function that has no extensions."""
        self.usable = False
        if self._process is not None:
            await processes.end(self._process, signal.SIGKILL)
        await self._api.stop()

    def _headers(self, request_id: str) -> Mapping[str, str]:
        now = time.time()
        return {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((now + self._owner.function.timeout) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self._owner.arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(now):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
        }

    def _exited(self, prefix: str) -> Outcome:
        assert self._exit is not None
        status = self._exit.result()
        if status == 0:
            reason = "Runtime exited without providing a reason"
        elif status > 0:
            reason = f"Runtime exited with error: exit status {status}"
        else:
            reason = f"Runtime exited with error: signal: {(signal.strsignal(-status) or '').lower()}"
        return Outcome.failure("Runtime.ExitError", f"{prefix}{reason}")

    def _report(self, request_id: str, duration_ms: float) -> None:
        fields = [
            f"REPORT RequestId: {request_id}",
            f"Duration: {duration_ms:.2f} ms",
            f"Memory Size: {self._owner.function.memory} MB",
        ]
        peak = _peak_memory_mb(self.pid)
        if peak is not None:
            fields.append(f"Max Memory Used: {peak} MB")
        if self._init_ms is not None:
            fields.append(f"Init Duration: {self._init_ms:.2f} ms")
            self._init_ms = None
        self._log(f"END RequestId: {request_id}\n" + "\t".join(fields))

    def _log(self, text: str) -> None:
        self._owner.log.write(f"{text}\n".encode())


def _peak_memory_mb(pid: int | None) -> int | None:
    """The largest resident set so far, in MB; None where the system has no /proc or the process is gone."""
    with contextlib.suppress(OSError, StopIteration):
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) // 1024
    return None
