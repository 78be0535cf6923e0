"""A limit on how many execution environments start at once, with a priority for those that a request waits for."""

import asyncio
import heapq
import itertools


class StartSlots:
    """Starts at most `count` environments at once: importing a handler keeps a CPU busy.

    A start that an event waits for gets the next free slot before starts that only warm a function up.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._queue: list[tuple[bool, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    async def acquire(self, *, warm_up: bool) -> None:
        """Wait for a slot. `release` frees it."""
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, (warm_up, next(self._numbers), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()
            raise

    def release(self) -> None:
        """Pass the slot to the next start in the queue."""
        while self._queue:
            *_, turn = heapq.heappop(self._queue)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
