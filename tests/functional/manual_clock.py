"""A clock for tests that only moves when they say so."""

from datetime import UTC, datetime, timedelta


class ManualClock:
    """A clock that `advance` moves."""

    def __init__(self, now: datetime = datetime(2026, 7, 1, 12, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **time: float) -> None:
        self.now += timedelta(**time)
