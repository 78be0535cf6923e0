"""The dashboard and the alarms of `monitoring`, from the EMF lines that the functions of this machine write."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from monitoring.alarms import ALARMS
from monitoring.definition import ROWS
from monitoring.model import AwsMetric, Series, Share, Widget
from monitoring.values import AlarmBoard, MetricValues

PAGE = Path(__file__).with_name("page")

PERIOD_S = 60
"""The width of a point. CloudWatch's widgets have wider ones, since they show longer times."""

WINDOW_S = 3600
"""The time that is shown."""

Clock = Callable[[], float]


class LocalDashboard:
    """What CloudWatch would have of this stack. Use it on one thread."""

    def __init__(self, clock: Clock = time.time) -> None:
        """`clock` returns seconds of Unix time."""
        self._clock = clock
        self._values = MetricValues()
        self._board = AlarmBoard(ALARMS, self._values)
        self._rest: dict[str, bytes] = {}
        metrics = [each.metric for alarm in ALARMS for each in alarm.series]
        self._queues = [each for each in metrics if isinstance(each, AwsMetric) and each.namespace == "AWS/SQS"]

    def add_log(self, function: str, data: bytes) -> None:
        """Add what a function has written to its log, in pieces that may end within a line."""
        *lines, rest = (self._rest.get(function, b"") + data).split(b"\n")
        self._rest[function] = rest
        for line in lines:
            for found in emf_objects(line):
                with contextlib.suppress(KeyError, TypeError, ValueError):  # an object of another shape
                    self._values.add(found)

    @property
    def queues(self) -> list[str]:
        """The logical ids of the queues that an alarm is on."""
        return [_queue(metric) for metric in self._queues]

    def measure_queues(self, depths: Mapping[str, int]) -> None:
        """Measure the messages that queues have, by their logical ids."""
        for metric in self._queues:
            if _queue(metric) in depths:
                self.measure(metric, depths[_queue(metric)])

    def measure(self, metric: AwsMetric, value: float) -> None:
        """Add a value of a metric that AWS measures, as of now."""
        directive = {
            "Namespace": metric.namespace,
            "Dimensions": [list(metric.dimensions)],
            "Metrics": [{"Name": metric.name}],
        }
        about = {"_aws": {"Timestamp": int(self._clock() * 1000), "CloudWatchMetrics": [directive]}}
        self._values.add({**about, **metric.dimensions, metric.name: value})

    def snapshot(self) -> dict[str, Any]:
        """Return the rows with the values of the last hour, and the states of the alarms, as JSON values."""
        now = self._clock()
        end = now // PERIOD_S * PERIOD_S + PERIOD_S
        times = [end - WINDOW_S + number * PERIOD_S for number in range(WINDOW_S // PERIOD_S)]
        return {
            "times": times,
            "alarms": [
                {
                    "title": each.alarm.title,
                    "state": each.state.value,
                    "value": each.value,
                    "threshold": each.alarm.threshold,
                    "is_below": each.alarm.is_below,
                    "since": each.since,
                    "section": each.alarm.anchor,
                }
                for each in self._board.report(now)
            ],
            "rows": [
                {"title": str(row.title), "widgets": [self._widget(widget, times) for widget in row.widgets]}
                for row in ROWS
            ],
        }

    def _widget(self, widget: Widget, times: list[float]) -> dict[str, Any]:
        lines = [each for line in widget.lines for each in self._values.expand(line)]
        return {
            "title": widget.title,
            "unit": widget.unit,
            "target": widget.target,
            "lines": [self._line(line, times) for line in lines],
        }

    def _line(self, line: Series | Share, times: list[float]) -> dict[str, Any]:
        values = [self._values.value(line, time_s, time_s + PERIOD_S) for time_s in times]
        return {"label": line.label, "values": values}


def _queue(metric: AwsMetric) -> str:
    return metric.dimensions["QueueName"].removeprefix("${").partition(".")[0]


def emf_objects(line: bytes) -> Iterator[dict[str, Any]]:
    """Yield the EMF objects in a line: environments share a log, so that a line can have several objects."""
    text = line.decode("utf-8", "replace")
    while text[:1] == "{":
        try:
            found, end = json.JSONDecoder().raw_decode(text)
        except ValueError:
            return
        if "_aws" in found:
            yield found
        text = text[end:]
