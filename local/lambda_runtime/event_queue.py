"""Lambda's queue of asynchronous invocations: events, retries, dead-letter queues and destinations.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html and
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import asyncio
import collections
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local.lambda_runtime.function import Invocation, LambdaFunction
from local.template import EventInvoke

MAX_EVENT = 1024 * 1024
"""Maximum bytes of an asynchronous invocation's event, by botocore's description of `Invoke`."""

RETRY_DELAYS_S = (60.0, 120.0)
"""Delays before the second and the third attempt."""

Send = Callable[[str, str, Mapping[str, Any]], Awaitable[None]]
"""Sends a message to a queue, given its ARN, the body, and message attributes in SQS's format."""


@dataclass
class _Queued:
    """An accepted event."""

    payload: bytes
    settings: EventInvoke
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    accepted: float = field(default_factory=time.monotonic)
    attempts: int = 0


class EventQueue:
    """The queue of one function, in order of arrival. Use it on one event loop.

    At most as many events run at once as the function may have environments. The others wait here, so that a
    synchronous invocation doesn't wait for all of them.
    """

    def __init__(
        self, function: LambdaFunction, send: Send, retry_delays_s: tuple[float, ...] = RETRY_DELAYS_S
    ) -> None:
        self._function = function
        self._send = send
        self._retry_delays_s = retry_delays_s
        self._waiting: collections.deque[_Queued] = collections.deque()
        self._delayed: set[asyncio.TimerHandle] = set()
        self._running: set[asyncio.Task[None]] = set()

    @property
    def depth(self) -> int:
        """Number of unfinished events: waiting, running, or waiting for another attempt."""
        return len(self._waiting) + len(self._delayed) + len(self._running)

    def put(self, payload: bytes, qualifier: str) -> str:
        """Accept an event for a version or an alias of the function. Returns its request id."""
        queued = _Queued(payload, self._function.function.event_invoke.get(qualifier, EventInvoke()))
        self._waiting.append(queued)
        self._start_next()
        return queued.request_id

    async def stop(self) -> None:
        """Drop waiting events and cancel running ones."""
        self._waiting.clear()
        for delayed in self._delayed:
            delayed.cancel()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _start_next(self) -> None:
        while self._waiting and len(self._running) < self._function.limit:
            task = asyncio.create_task(self._attempt(self._waiting.popleft()))
            self._running.add(task)
            task.add_done_callback(self._handle_end)

    def _handle_end(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._start_next()

    async def _attempt(self, queued: _Queued) -> None:
        age = time.monotonic() - queued.accepted
        if age > queued.settings.max_age:
            await self._discard(queued, "EventAgeExceeded", None)
            return
        queued.attempts += 1
        invocation = await self._function.invoke(queued.payload, queued.request_id)
        if invocation.function_error is None:
            return
        if queued.attempts > queued.settings.retries:
            await self._discard(queued, "RetriesExhausted", invocation)
        else:
            self._retry(queued, self._retry_delays_s[queued.attempts - 1])

    def _retry(self, queued: _Queued, seconds: float) -> None:
        def requeue() -> None:
            self._delayed.discard(handle)
            self._waiting.append(queued)
            self._start_next()

        handle = asyncio.get_running_loop().call_later(seconds, requeue)
        self._delayed.add(handle)

    async def _discard(self, queued: _Queued, condition: str, invocation: Invocation | None) -> None:
        if arn := self._function.function.dead_letters:
            await self._send(arn, queued.payload.decode(), _attributes(queued, condition, invocation))
        if arn := queued.settings.on_failure:
            await self._send(arn, json.dumps(self._record(queued, condition, invocation)), {})

    def _record(self, queued: _Queued, condition: str, invocation: Invocation | None) -> dict[str, Any]:
        """Return the record for an on-failure destination."""
        record: dict[str, Any] = {
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requestContext": {
                "requestId": queued.request_id,
                "functionArn": self._function.arn,
                "condition": condition,
                "approximateInvokeCount": queued.attempts,
            },
            "requestPayload": json.loads(queued.payload),
        }
        if invocation is not None:
            record["responseContext"] = {
                "statusCode": 200,
                "executedVersion": self._function.version,
                "functionError": invocation.function_error,
            }
            record["responsePayload"] = invocation.json()
        return record


def _attributes(queued: _Queued, condition: str, invocation: Invocation | None) -> dict[str, Any]:
    """Return the message attributes of a dead letter, whose body is the event itself."""
    message = str(invocation.json().get("errorMessage", "")) if invocation else condition
    kept = message.encode()[:1024].decode("utf-8", "ignore")
    return {
        "RequestID": {"DataType": "String", "StringValue": queued.request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        # SQS rejects an empty value.
        "ErrorMessage": {"DataType": "String", "StringValue": kept or condition},
    }
