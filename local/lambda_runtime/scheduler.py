"""EventBridge Scheduler: invokes functions at their rates, the first time at once.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html: without a StartDate, a rate-based schedule
starts invoking its target immediately.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping

from local.template import Schedule

Invoke = Callable[[bytes], Awaitable[object]]


class Scheduler:
    """Invokes each schedule's function at its rate, and not before the last run has ended. Use it on one event loop.

    A run that had to wait starts at once; those that were missed meanwhile are not made up for.
    """

    def __init__(self, schedules: Iterable[Schedule], functions: Mapping[str, Invoke]) -> None:
        """`functions` invoke the functions with a schedule's event, by logical id."""
        self._tasks = [asyncio.create_task(_run(functions[schedule.function], schedule)) for schedule in schedules]

    async def stop(self) -> None:
        """End the schedules, and runs that haven't ended."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _run(invoke: Invoke, schedule: Schedule) -> None:
    clock = asyncio.get_running_loop().time
    due = clock()
    while True:
        await invoke(schedule.event)  # a function's failure is an outcome, and in its log
        due = max(due + schedule.interval_s, clock())
        await asyncio.sleep(due - clock())
