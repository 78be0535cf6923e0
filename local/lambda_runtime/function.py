"""Lambda functions on this machine: pools of execution environments with the real runtime client.

An environment is one operating-system process that handles one event at a time, in the function's folder and
with the function's own variables, without those of the developer's shell. It is `python -m awslambdaric
<handler>`, or, if the function has SnapStart, a fork of a process that has imported the handler.
"""

import asyncio
import collections
import json
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from local import processes
from local.lambda_runtime.environment import Environment, InitError, exit_outcome
from local.lambda_runtime.fork_server import ForkError, ForkServer
from local.lambda_runtime.function_log import FunctionLog
from local.lambda_runtime.runtime_api import MAX_PAYLOAD, Outcome
from local.lambda_runtime.snapshot import Zygote
from local.lambda_runtime.start_slots import StartSlots
from local.processes import Process
from local.template import Function
from local.template.intrinsics import ACCOUNT, REGION

DEFAULT_CONCURRENCY = 8
"""Maximum number of environments of a function without reserved concurrency."""

_LAYER = Path(__file__).parent.parent.parent / "layers" / "pam"
"""The pam layer of the checkout that this stack runs from, which may not be the one that is installed."""

MAX_CONCURRENCY = 50
"""Limit of the reserved concurrency, since all environments run on one machine."""

IDLE_LIFETIME_S = 60.0
"""How long an environment without events is kept, except for the function's last one.

Lambda keeps them for minutes. All of them are in the memory of one machine here, and a snapshot starts another one
in milliseconds.
"""

SNAPSHOT_TIMEOUT_S = 130.0
"""Lambda's timeout for the import of a SnapStart function; the function's own if that is longer.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""


_SNAP_START = "snap-start"


def runtime_variables(runtime: str) -> dict[str, str]:
    """Return the variables that all functions with SnapStart and this runtime have, and that libraries read early."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": str(_LAYER),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": _SNAP_START,
    }


@dataclass(frozen=True)
class Invocation:
    """The result of a synchronous invocation."""

    request_id: str
    payload: bytes
    """The JSON that the handler returned, or Lambda's error object."""
    function_error: str | None
    """`Unhandled` if Lambda would send the header X-Amz-Function-Error."""

    def json(self) -> Any:
        return json.loads(self.payload)


class PayloadTooLargeError(Exception):
    """The event is larger than MAX_PAYLOAD."""


class LambdaFunction:
    """A function with its pool of environments. Use it on one event loop."""

    def __init__(
        self,
        function: Function,
        *,
        aws_endpoint: str,
        lambda_endpoint: str,
        logs: Path,
        start_slots: StartSlots,
        zygote: Zygote,
        idle_lifetime_s: float = IDLE_LIFETIME_S,
        on_log: Callable[[str, bytes], None] = lambda _function, _data: None,
    ) -> None:
        """`start_slots` limits how many environments all functions of the stack start at once.

        An environment that has been idle for `idle_lifetime_s` seconds is ended, unless it is the last one.
        `zygote` is what the snapshots of all functions are forked from; it has this function's `runtime_variables`.
        `on_log` is called with the name of the function's folder and with what is added to its log.
        """
        self.function = function
        self.limit = min(function.reserved_concurrency or DEFAULT_CONCURRENCY, MAX_CONCURRENCY)
        self.version = "1" if function.alias else "$LATEST"
        qualifier = f":{function.alias}" if function.alias else ""
        self.arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function.name}{qualifier}"
        self.log = FunctionLog(logs / f"{function.code.name}.log", partial(on_log, function.code.name))
        self._aws_endpoint = aws_endpoint
        self._lambda_endpoint = lambda_endpoint
        self._slots = asyncio.Semaphore(self.limit)  # serves its waiters in order
        self._start_slots = start_slots
        self._zygote = zygote
        self._idle_lifetime_s = idle_lifetime_s
        self._starting: set[asyncio.Task[None]] = set()
        self._queued_starts = 0
        self._initialising = 0
        # With the timers that end them; the last used is last.
        self._idle: dict[Environment, asyncio.TimerHandle] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._waiting: collections.deque[asyncio.Future[Environment]] = collections.deque()
        self._environments: set[Environment] = set()
        self._snapshot: ForkServer | None = None
        self._snapshot_lock = asyncio.Lock()
        self._is_stopping = False

    @property
    def pids(self) -> list[int]:
        """Process ids of the environments."""
        return [environment.pid for environment in tuple(self._environments) if environment.pid]

    def environment(self) -> dict[str, str]:
        """Return the variables of the function's environments, without the address of the Runtime API."""
        function = self.function
        return {
            **runtime_variables(function.runtime),
            "LAMBDA_TASK_ROOT": str(function.code),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": "local",
            "AWS_ENDPOINT_URL": self._aws_endpoint,
            "AWS_ENDPOINT_URL_LAMBDA": self._lambda_endpoint,
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": self.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            # Makes the runtime client run the hooks after the restore.
            "AWS_LAMBDA_INITIALIZATION_TYPE": _SNAP_START if function.snap_start else "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log.path.name,
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            "_HANDLER": function.handler,
            **function.environment,
        }

    async def invoke(self, payload: bytes, request_id: str | None = None) -> Invocation:
        """Run the handler on a JSON event and return its result, which may be an error.

        Waits while all environments are busy. A retried event has the `request_id` of its first attempt. Raises
        PayloadTooLargeError.
        """
        if len(payload) > MAX_PAYLOAD:
            raise PayloadTooLargeError(f"{len(payload)} must be less than or equal to {MAX_PAYLOAD} bytes.")
        request_id = request_id or str(uuid.uuid4())
        async with self._slots:
            outcome = None
            while outcome is None:
                try:
                    environment = await self._acquire()
                except InitError as error:
                    outcome = error.outcome
                    break
                try:
                    outcome = await environment.run(request_id, payload)
                finally:
                    if environment.is_usable:
                        self._release(environment)
                    else:
                        await self._stop_environment(environment)
        return Invocation(request_id, outcome.payload, "Unhandled" if outcome.failed else None)

    async def warm(self, count: int = 1) -> None:
        """Start environments until there are `count`, or as many as the limit allows. Raises InitError."""
        wanted = min(count, self.limit)

        async def add() -> None:
            await self._start_slots.acquire(warm_up=True)
            try:
                if len(self._environments) < wanted:  # an event may have had one started in the meantime
                    await self._start()
            finally:
                self._start_slots.release()

        await asyncio.gather(*(add() for _ in range(wanted - len(self._environments))))

    async def stop(self) -> None:
        """Stop every environment, which ends running invocations with an error."""
        self._is_stopping = True
        for task in self._starting:
            task.cancel()
        while (waiter := self._next_waiting()) is not None:
            waiter.set_exception(InitError(_STACK_STOPPING))
        for timer in self._idle.values():
            timer.cancel()
        await asyncio.gather(*(self._stop_environment(environment) for environment in list(self._environments)))
        await asyncio.gather(*self._ending)
        if self._snapshot is not None:
            await self._snapshot.stop()
        self.log.close()

    async def _acquire(self) -> Environment:
        """Return an idle environment, or the first that is released or starts. Raises InitError."""
        if self._idle:
            environment, timer = self._idle.popitem()  # the last used, so that the others become superfluous
            timer.cancel()
            return environment
        waiter: asyncio.Future[Environment] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        if self._needs_start(self._queued_starts):
            self._queued_starts += 1
            task = asyncio.create_task(self._start_for_waiting())
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._release(waiter.result())
            raise

    def _release(self, environment: Environment) -> None:
        """Pass the environment to the event that has waited longest, or add it to the idle ones."""
        waiter = self._next_waiting()
        if waiter is not None:
            waiter.set_result(environment)
            return
        loop = asyncio.get_running_loop()
        self._idle[environment] = loop.call_later(self._idle_lifetime_s, self._end_idle, environment)

    def _end_idle(self, environment: Environment) -> None:
        """End an environment that nothing has used, unless it is the last one."""
        if len(self._environments) == 1:
            return
        del self._idle[environment]
        task = asyncio.create_task(self._stop_environment(environment))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _needs_start(self, queued: int) -> bool:
        """Whether more events wait than starts are queued or under way, and the limit allows one more environment."""
        waiting = sum(not waiter.done() for waiter in self._waiting)
        return waiting > queued + self._initialising and len(self._environments) + queued < self.limit

    async def _start_for_waiting(self) -> None:
        try:
            await self._start_slots.acquire(warm_up=False)
        finally:
            self._queued_starts -= 1
        try:
            if self._needs_start(0):
                await self._start()
        except InitError:
            pass  # the waiting event has received it
        finally:
            self._start_slots.release()

    def _next_waiting(self) -> asyncio.Future[Environment] | None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None

    async def _start(self) -> None:
        """Start an environment and release it. Raises InitError, which the first waiting event receives too."""
        environment = Environment(self.function, self.version, self.arn, self._launch, self.log)
        self._environments.add(environment)
        self._initialising += 1
        try:
            if self._is_stopping:
                raise InitError(_STACK_STOPPING)
            if self.function.snap_start:
                await self._ensure_snapshot()
            await environment.start()
        except BaseException as error:
            await self._stop_environment(environment)
            if isinstance(error, InitError) and (waiter := self._next_waiting()) is not None:
                waiter.set_exception(error)
            raise
        finally:
            self._initialising -= 1
        self._release(environment)

    async def _stop_environment(self, environment: Environment) -> None:
        self._environments.discard(environment)
        await environment.stop()

    async def _launch(self, address: str) -> Process:
        if self._snapshot is not None:
            try:
                return await self._snapshot.fork({"address": address})
            except ForkError as error:
                raise InitError(_snapshot_failure(error)) from error
        return await asyncio.create_subprocess_exec(
            *processes.bind_to_parent([sys.executable, "-m", "awslambdaric", self.function.handler]),
            cwd=self.function.code,
            env=self.environment() | {"AWS_LAMBDA_RUNTIME_API": address},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self.log.descriptor,
            stderr=self.log.descriptor,
            start_new_session=True,  # so that Ctrl-C reaches only the stack, which stops its children in order
        )

    async def _ensure_snapshot(self) -> None:
        """Create the snapshot, unless there is one. Raises InitError."""
        async with self._snapshot_lock:
            if self._snapshot is not None and self._snapshot.is_running:
                return
            began = time.perf_counter()
            timeout_s = max(SNAPSHOT_TIMEOUT_S, self.function.timeout)
            function = self.function
            try:
                self._snapshot = await self._zygote.take_snapshot(
                    function.handler, function.code, self.environment(), self.log.descriptor, timeout_s
                )
            except TimeoutError as error:
                raise InitError.timed_out(timeout_s) from error
            except ForkError as error:
                raise InitError(_snapshot_failure(error)) from error
            milliseconds = (time.perf_counter() - began) * 1000
            self.log.write(f"INIT_REPORT Init Duration: {milliseconds:.2f} ms\tPhase: snapshot")


_STACK_STOPPING = Outcome.failure("ServiceException", "The local stack is stopping.")


def _snapshot_failure(error: ForkError) -> Outcome:
    if error.status is None:
        return Outcome.failure("SnapStartException", f"Error: {error}")
    return exit_outcome(error.status)
