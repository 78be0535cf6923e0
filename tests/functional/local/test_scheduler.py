"""Schedules of a template, and the local stack's runs of them."""

import asyncio
from collections.abc import Callable

from local.lambda_runtime.scheduler import Scheduler
from local.template import Schedule

INTERVAL_S = 0.05


class RecordingFunction:
    """A function whose runs take `seconds`; it records when they start and how many are under way."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.starts: list[float] = []
        self.began = 0.0
        self.events: set[bytes] = set()
        self.running = 0
        self.most_running = 0

    async def invoke(self, event: bytes) -> None:
        self.starts.append(asyncio.get_running_loop().time())
        self.events.add(event)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.running -= 1


def run(*functions: RecordingFunction, until: Callable[[], bool]) -> None:
    """Run the functions on schedules until a condition is met, within ten seconds; then stop the schedules."""

    async def serve() -> None:
        invoke = {str(number): function.invoke for number, function in enumerate(functions)}
        for function in functions:
            function.began = asyncio.get_running_loop().time()
        scheduler = Scheduler([Schedule(name, INTERVAL_S) for name in invoke], invoke)
        async with asyncio.timeout(10):
            while not until():
                await asyncio.sleep(0.005)
        await scheduler.stop()
        stopped = [len(function.starts) for function in functions]
        await asyncio.sleep(3 * INTERVAL_S)
        assert [len(function.starts) for function in functions] == stopped

    asyncio.run(serve())


def test_function_is_invoked_at_its_rate() -> None:
    """The first time at once; no two runs are closer on the average."""
    function = RecordingFunction()
    run(function, until=lambda: len(function.starts) == 5)
    assert function.starts[0] - function.began < INTERVAL_S
    assert function.events == {b"{}"}
    assert function.starts[-1] - function.starts[0] >= 3.5 * INTERVAL_S


def test_function_does_not_overlap_itself() -> None:
    """A run that is longer than the interval delays the next one, and no other function's."""
    slow, quick = RecordingFunction(4 * INTERVAL_S), RecordingFunction()
    run(slow, quick, until=lambda: len(slow.starts) == 3)
    assert slow.most_running == 1
    assert len(quick.starts) > len(slow.starts)


def test_stop_ends_a_run() -> None:
    """A run that is under way doesn't hold up the end of the stack."""
    endless = RecordingFunction(3600)
    run(endless, until=lambda: endless.running == 1)
    assert (endless.running, len(endless.starts)) == (0, 1)
