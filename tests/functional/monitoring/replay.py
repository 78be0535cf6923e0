"""A dashboard with a clock of its own, which is given what functions of the real stack write.

An alarm needs minutes: what a fault has made a function write is replayed with the times of so many periods.
"""

import json
from collections.abc import Callable
from typing import Any

from local.dashboard import LocalDashboard, emf_objects
from local.stack import LocalStack
from pam.platform.metrics import Metric
from tests.functional.chat.waiting import wait_until

NOW = 1_795_806_000.0
"""A full hour."""


class Replay:
    """A dashboard with a clock of its own, which is given what functions write during a fault."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self.now = NOW
        self.dashboard = LocalDashboard(lambda: self.now)

    def state(self, title: str) -> str:
        (alarm,) = (each for each in self.dashboard.snapshot()["alarms"] if each["title"] == title)
        return str(alarm["state"])

    def feed(
        self,
        function: str,
        action: Callable[[], Any],
        periods: int,
        period_s: int,
        times: int = 1,
        awaited: Metric | None = None,
    ) -> None:
        """Replay what the function writes during `action` in each of the periods before now, so many `times`.

        A function may write after its client has the response: wait for a line, or one with the `awaited` metric.
        """
        log = self._stack.functions[function].log
        before = log.stat().st_size if log.exists() else 0
        action()
        lines: list[dict[str, Any]] = []

        def has_written() -> bool:
            lines[:] = [found for line in log.read_bytes()[before:].splitlines() for found in emf_objects(line)]
            return any(awaited in line for line in lines) if awaited else bool(lines)

        wait_until(has_written)
        for number in range(periods):
            at = int((self.now - (number + 0.5) * period_s) * 1000)
            for line in lines * times:
                moved = line | {"_aws": line["_aws"] | {"Timestamp": at}}
                self.dashboard.add_log(function, json.dumps(moved).encode() + b"\n")

    def check(self, title: str, recover: Callable[[], Any] | None = None) -> None:
        """The alarm has fired; it is OK after `recover`, which replays what the function writes without the fault.

        Without one it is OK because there is no value any more.
        """
        assert self.state(title) == "ALARM"
        self.now += 3600
        if recover is not None:
            recover()
        assert self.state(title) == "OK"

    def newest(self, title: str) -> dict[str, float | None]:
        """Return the newest value of each line of a widget, by its label."""
        widgets = {each["title"]: each for row in self.dashboard.snapshot()["rows"] for each in row["widgets"]}
        return {
            line["label"]: next((value for value in reversed(line["values"]) if value is not None), None)
            for line in widgets[title]["lines"]
        }
