"""EventBridge Scheduler: invokes functions at their rates."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping

from local.lambda_runtime.function import LambdaFunction
from local.template import Schedule

EVENT = b"{}"


class Scheduler:
    """Invokes each schedule's function at its rate, and not before the last run has ended. Use it on one event loop."""

    def __init__(self, schedules: Iterable[Schedule], functions: Mapping[str, LambdaFunction]) -> None:
        """`functions` are by logical id."""
        self._tasks = [
            asyncio.create_task(_run(functions[schedule.function], schedule.interval_s)) for schedule in schedules
        ]

    async def stop(self) -> None:
        """End the schedules, and runs that haven't ended."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _run(function: LambdaFunction, interval_s: float) -> None:
    while True:
        await asyncio.sleep(interval_s)
        await function.invoke(EVENT)  # a failure is an outcome, and in the function's log
