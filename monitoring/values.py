"""Metrics as CloudWatch keeps them, from EMF objects: the statistics of periods, and the states of alarms."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from monitoring.model import Alarm, Series, Share

RETENTION_S = 3 * 3600
"""How long values are kept. The newest of earlier ones stays, for alarms that keep their state until the next one."""

_MINUTE_S = 60

Dimensions = frozenset[tuple[str, str]]


class MetricValues:
    """The values of the last hours, minute by minute, of each metric and each of its sets of dimensions."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], dict[Dimensions, dict[int, list[float]]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(list))
        )

    def add(self, line: Mapping[str, Any]) -> None:
        """Add an EMF object. Raises KeyError, TypeError or ValueError for what isn't one."""
        minute = int(line["_aws"]["Timestamp"]) // 1000 // _MINUTE_S * _MINUTE_S
        for directive in line["_aws"]["CloudWatchMetrics"]:
            sets = [frozenset((name, str(line[name])) for name in names) for names in directive["Dimensions"]]
            for metric in directive["Metrics"]:
                values = line[metric["Name"]]
                for dimensions in dict.fromkeys(sets):
                    kept = self._values[directive["Namespace"], metric["Name"]][dimensions]
                    kept[minute] += map(float, values if isinstance(values, list) else [values])
                    for old in sorted(each for each in kept if each < minute - RETENTION_S)[:-1]:
                        del kept[old]

    def statistic(self, series: Series, since: float, until: float) -> float | None:
        """Return the statistic of the values from `since` to before `until`, in seconds of Unix time, or None."""
        values = [value for minute, each in self._minutes(series).items() if since <= minute < until for value in each]
        return _statistic(series.statistic, values) if values else None

    def _minutes(self, series: Series) -> Mapping[int, list[float]]:
        namespace, name, dimensions = series.source
        return self._values.get((namespace, name), {}).get(frozenset(dimensions.items()), {})

    def share(self, share: Share, since: float, until: float, at_least: float = 0) -> float | None:
        """Return the percentage; None where the whole is zero or less than `at_least`."""
        part, whole = (
            sum(self.statistic(each, since, until) or 0 for each in series) for series in (share.part, share.whole)
        )
        return 100 * part / whole if whole and whole >= at_least else None

    def value(self, line: Series | Share, since: float, until: float, at_least: float = 0) -> float | None:
        """Return the value of either; `at_least` is for shares."""
        if isinstance(line, Share):
            return self.share(line, since, until, at_least)
        return self.statistic(line, since, until)

    def newest_minute(self, line: Series | Share, before: float) -> int | None:
        """Return the begin of the last minute before an instant that has a value of one of the line's series."""
        found = [
            minute
            for each in (line.series if isinstance(line, Share) else (line,))
            for minute in self._minutes(each)
            if minute < before
        ]
        return max(found, default=None)

    def expand(self, line: Series | Share) -> Iterator[Series | Share]:
        """Yield the lines of a widget: of a series with `by` one for each value of these dimensions."""
        if isinstance(line, Share) or not line.by:
            yield line
            return
        namespace, name, _ = line.source
        for dimensions in sorted(self._values.get((namespace, name), {}), key=sorted):
            found = dict(dimensions)
            if found.keys() == set(line.by):
                yield replace(line, label=" ".join(found[each] for each in line.by), dimensions=found, by=())


def _statistic(statistic: str, values: Sequence[float]) -> float:
    if statistic == "Sum":
        return sum(values)
    if statistic == "Maximum":
        return max(values)
    if statistic.startswith("PR(:"):
        bound = float(statistic.removeprefix("PR(:").removesuffix(")"))
        return 100 * sum(value <= bound for value in values) / len(values)
    if statistic.startswith("p"):
        # The nearest rank.
        ordered = sorted(values)
        return ordered[max(0, math.ceil(float(statistic[1:]) / 100 * len(ordered)) - 1)]
    raise ValueError(f"no statistic {statistic}")


class AlarmState(StrEnum):
    """CloudWatch's states without `INSUFFICIENT_DATA`: a period without data isn't breaching, or keeps the state."""

    OK = "OK"
    ALARM = "ALARM"


@dataclass(frozen=True)
class AlarmReport:
    """An alarm at an instant. `value` is that of its last complete period; `since` is when it got into its state."""

    alarm: Alarm
    state: AlarmState
    value: float | None
    since: float


def evaluate(alarm: Alarm, values: MetricValues, now: float) -> tuple[AlarmState, float | None]:
    """Return the state by the complete periods before `now`, in seconds of Unix time, and the last one's value.

    Of an alarm that keeps its state the last one is the last that has a value, however long ago.
    """
    end = now // alarm.period_s * alarm.period_s

    def value_before(number: int) -> float | None:
        since = end - (number + 1) * alarm.period_s
        return values.value(alarm.value, since, since + alarm.period_s, alarm.at_least)

    first = 0
    if alarm.keeps_state:
        newest = values.newest_minute(alarm.value, end)
        first = 0 if newest is None else int((end - newest - 1) // alarm.period_s)
    found = [value_before(first + number) for number in range(alarm.periods)]
    is_alarm = all(
        value is not None and (value < alarm.threshold if alarm.is_below else value > alarm.threshold)
        for value in found
    )
    return AlarmState.ALARM if is_alarm else AlarmState.OK, found[0]


class AlarmBoard:
    """The states of alarms, and since when they have them."""

    def __init__(self, alarms: Sequence[Alarm], values: MetricValues) -> None:
        self._alarms = alarms
        self._values = values
        self._states: dict[str, tuple[AlarmState, float]] = {}

    def report(self, now: float) -> list[AlarmReport]:
        """Evaluate all alarms at an instant."""
        reports = []
        for alarm in self._alarms:
            state, value = evaluate(alarm, self._values, now)
            before = self._states.get(alarm.name)
            if before is None or before[0] is not state:
                self._states[alarm.name] = state, now
            reports.append(AlarmReport(alarm, state, value, self._states[alarm.name][1]))
        return reports
