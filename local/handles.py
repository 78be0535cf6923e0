"""Functions and database of a running local stack, as used from outside its event loop."""

import json
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from local.lambda_runtime.event_queue import EventQueue
from local.lambda_runtime.function import Invocation, LambdaFunction
from local.stand_ins.postgres import Postgres

Run = Callable[[Coroutine[Any, Any, Any]], Any]
"""Runs a coroutine on the stack's event loop and waits for its result."""


class FunctionHandle:
    """A function of the stack, called from outside its event loop."""

    def __init__(self, function: LambdaFunction, queue: EventQueue, run: Run) -> None:
        self._function = function
        self._queue = queue
        self._run = run

    def invoke(self, event: Mapping[str, Any] | bytes) -> Invocation:
        """Run the handler on an event, a JSON object or its bytes, and wait for the result."""
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()
        result: Invocation = self._run(self._function.invoke(payload))
        return result

    def invoke_async(self, event: Mapping[str, Any] | bytes) -> str:
        """Put an event into the queue of asynchronous invocations. Returns the request id."""
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()

        async def put() -> str:
            return self._queue.put(payload, self._function.function.alias or "$LATEST")

        request_id: str = self._run(put())
        return request_id

    @property
    def queued(self) -> int:
        """Number of events of asynchronous invocations that aren't finished."""
        return self._queue.depth

    def warm(self, count: int = 1) -> None:
        """Start environments until there are `count`, or as many as the function may have. Raises InitError."""
        self._run(self._function.warm(count))

    @property
    def pids(self) -> list[int]:
        """Process ids of the environments."""
        return self._function.pids

    @property
    def log(self) -> Path:
        """The file with the function's log."""
        return self._function.log.path


class PostgresHandle:
    """The database of the stack."""

    def __init__(self, postgres: Postgres, run: Run) -> None:
        self._postgres = postgres
        self._run = run

    @property
    def owner(self) -> str:
        """Conninfo of the role that owns the tables."""
        return self._postgres.owner

    @property
    def app(self) -> dict[str, Any]:
        """The app's connection, as the secret holds it: host, port, dbname, username, password."""
        return dict(self._postgres.app)

    def stop(self) -> None:
        """Stop the server while the stack runs on. Raises PostgresError for one that DATABASE_URL names."""
        self._run(self._postgres.stop())

    def start(self) -> None:
        """Start the server again after `stop`."""
        self._run(self._postgres.start())
