"""Each alarm fires by what the recorder writes, at its threshold, for as long as it has to, and returns to OK."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from monitoring.alarms import ALARMS
from monitoring.cloudwatch import alarm_properties
from monitoring.model import Alarm, Series, Share
from monitoring.values import RETENTION_S, AlarmBoard, AlarmState, MetricValues, evaluate
from pam.platform.metrics import Metric
from pam.platform.observability import measure, metrics

NOW = 1_795_806_000.0
"""A full hour."""


@pytest.fixture(autouse=True)
def _recorder() -> Iterator[None]:
    metrics.drain()
    yield
    metrics.drain()


def lines_at(time_s: float) -> Iterator[dict[str, Any]]:
    """Yield the EMF objects of what was measured, as if it had been at this time."""
    for line in metrics.drain():
        yield line | {"_aws": line["_aws"] | {"Timestamp": int(time_s * 1000)}}


def of_series(series: Series, value: float, time_s: float) -> Iterator[dict[str, Any]]:
    """Yield EMF objects with a value of a series, by the recorder where the metric is ours."""
    if isinstance(series.metric, Metric):
        measure(series.metric, value, series.dimensions)
        yield from lines_at(time_s)
        return
    metric = series.metric
    directive = {
        "Namespace": metric.namespace,
        "Dimensions": [list(metric.dimensions)],
        "Metrics": [{"Name": metric.name}],
    }
    yield dict(metric.dimensions) | {
        "_aws": {"Timestamp": int(time_s * 1000), "CloudWatchMetrics": [directive]},
        metric.name: value,
    }


def fill(alarm: Alarm, values: MetricValues, level: float, end: float, periods: int) -> None:
    """Give the alarm's value this level in each of the last periods before `end`."""
    for number in range(periods):
        time_s = end - (number + 0.5) * alarm.period_s
        lines = list(_lines(alarm, level, time_s))
        for line in lines:
            values.add(line)


def _lines(alarm: Alarm, level: float, time_s: float) -> Iterator[dict[str, Any]]:
    if not isinstance(alarm.value, Share):
        yield from of_series(alarm.value, level, time_s)
        return
    total = max(1000.0, alarm.at_least)
    yield from of_series(alarm.value.part[0], total * level / 100, time_s)
    rest = alarm.value.whole[-1]
    if not rest.dimensions:
        # The part is in a whole without dimensions already: the rest is of another outcome.
        rest = replace(rest, dimensions={"outcome": "answered"})
    yield from of_series(rest, total * (1 - level / 100), time_s)


def beyond(alarm: Alarm) -> float:
    return alarm.threshold - 1 if alarm.is_below else alarm.threshold + 1


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.name)
def test_alarm_fires_and_returns_to_ok(alarm: Alarm) -> None:
    """It is OK before, fires in the period after the last one it needs, and is OK once the value is back."""
    values = MetricValues()
    board = AlarmBoard([alarm], values)
    end = NOW // alarm.period_s * alarm.period_s
    assert board.report(end)[0].state is AlarmState.OK
    fill(alarm, values, beyond(alarm), end, alarm.periods)
    (report,) = board.report(end)
    assert (report.state, report.since) == (AlarmState.ALARM, end)
    assert report.value == pytest.approx(beyond(alarm))
    if alarm.keeps_state:
        fill(alarm, values, alarm.threshold, end + alarm.period_s, 1)
    (report,) = board.report(end + alarm.period_s)
    assert (report.state, report.since) == (AlarmState.OK, end + alarm.period_s)


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.name)
def test_alarm_is_ok_at_its_threshold_and_for_too_short_a_time(alarm: Alarm) -> None:
    """The threshold itself isn't beyond it, and one period less than needed isn't enough."""
    values = MetricValues()
    end = NOW // alarm.period_s * alarm.period_s
    fill(alarm, values, alarm.threshold, end, alarm.periods)
    assert evaluate(alarm, values, end)[0] is AlarmState.OK
    values = MetricValues()
    fill(alarm, values, beyond(alarm), end, alarm.periods - 1)
    assert evaluate(alarm, values, end)[0] is AlarmState.OK


def test_alarm_that_keeps_its_state_waits_for_the_next_value() -> None:
    """Once measured it fires, stays so without values, and ends with the next good one."""
    series = Series("applied", Metric.MIGRATIONS_APPLIED, "Maximum")
    alarm = Alarm("X", "X", series, 0, 300, 1, keeps_state=True)
    values = MetricValues()
    assert evaluate(alarm, values, NOW) == (AlarmState.OK, None)
    for at, value in ((NOW - 3000, 3), (NOW - 600, 0)):
        measure(Metric.MIGRATIONS_APPLIED, value)
        for line in lines_at(at):
            values.add(line)
    assert evaluate(alarm, values, NOW - 2700) == (AlarmState.ALARM, 3)
    assert evaluate(alarm, values, NOW - 900) == (AlarmState.ALARM, 3)
    assert evaluate(alarm, values, NOW) == (AlarmState.OK, 0)
    assert alarm_properties(alarm)["TreatMissingData"] == "ignore"


def test_alarm_that_keeps_its_state_does_so_for_longer_than_values_are_kept() -> None:
    """A day after the last measurement it has fired still, also while the next value's period isn't over."""
    (alarm,) = (each for each in ALARMS if each.keeps_state)
    values = MetricValues()
    assert isinstance(alarm.value, Series) and isinstance(alarm.value.metric, Metric)

    def measure_at(time_s: float, value: float) -> None:
        for line in of_series(alarm.value, value, time_s):
            values.add(line)

    measure_at(NOW - 10, 2)
    day = 24 * 3600
    assert evaluate(alarm, values, NOW) == (AlarmState.ALARM, 2)
    assert evaluate(alarm, values, NOW + RETENTION_S + alarm.period_s) == (AlarmState.ALARM, 2)
    assert evaluate(alarm, values, NOW + day) == (AlarmState.ALARM, 2)
    measure_at(NOW + day + 10, 0)
    assert evaluate(alarm, values, NOW + day + 20) == (AlarmState.ALARM, 2)
    assert evaluate(alarm, values, NOW + day + alarm.period_s) == (AlarmState.OK, 0)
    measure_at(NOW + 2 * day, 1)
    # Of what is older only the newest is kept.
    assert values.statistic(alarm.value, 0, NOW) is None


def test_few_tokens_say_nothing_about_the_prompt_cache() -> None:
    """Below the number of tokens that it needs, the alarm is OK whatever their share."""
    (alarm,) = (each for each in ALARMS if each.name == "CacheReadAlarm")
    values = MetricValues()
    for cache, tokens in (("read", 0), ("written", 9_000), ("uncached", 500)):
        measure(Metric.PROMPT_TOKENS, tokens, {"cache": cache})
    for line in lines_at(NOW - 10):
        values.add(line)
    assert evaluate(alarm, values, NOW) == (AlarmState.OK, None)


def test_statistics_are_those_of_a_period() -> None:
    """Percentiles by nearest rank, the share up to a bound, sums by dimension, and nothing without values."""
    values = MetricValues()
    for number in range(1, 101):
        measure(Metric.RESPONSE_TIME, number * 20, {"tier": "1" if number <= 60 else "3", "route": "chat"})
    for line in lines_at(NOW - 30):
        values.add(line)

    def of(statistic: str, **dimensions: str) -> float | None:
        return values.statistic(Series("", Metric.RESPONSE_TIME, statistic, dimensions), NOW - 60, NOW)

    assert (of("p50"), of("p95"), of("p99"), of("Maximum")) == (1000, 1900, 1980, 2000)
    assert of("PR(:1000)") == 50
    assert (of("Sum", tier="1"), of("p50", tier="3", route="chat")) == (36_600, 1600)
    assert of("p95", tier="2") is None
    assert values.statistic(Series("", Metric.RESPONSE_TIME, "Sum"), NOW, NOW + 60) is None
    found = values.expand(Series("P95", Metric.RESPONSE_TIME, "p95", by=("tier",)))
    assert [each.label for each in found] == ["1", "3"]


def test_more_values_than_a_line_takes_are_in_several_lines() -> None:
    """No value is lost; a line has at most a hundred of each metric."""
    for number in range(250):
        measure(Metric.TURN_TIME, number)
    measure(Metric.FIRST_DELTA, 1)
    lines = metrics.drain()
    assert [len(line["TurnTime"]) for line in lines] == [100, 100, 50]
    assert sum(sum(line["TurnTime"]) for line in lines) == sum(range(250))
    assert [line.get("FirstDelta") for line in lines] == [[1.0], None, None]
    assert metrics.drain() == []


@pytest.mark.parametrize("metric", Metric)
def test_every_set_of_dimensions_is_written_once(metric: Metric) -> None:
    """With any of its dimensions: without any, by each rollup that has a value, and by all; CloudWatch counts each."""
    for number in range(len(metric.dimensions) + 1):
        for names in combinations(metric.dimensions, number):
            measure(metric, 1, dict.fromkeys(names, "x"))
            (line,) = metrics.drain()
            (directive,) = line["_aws"]["CloudWatchMetrics"]
            written = [frozenset(each) for each in directive["Dimensions"]]
            rollups = {frozenset(each) for each in metric.rollups if set(each) <= set(names)}
            assert len(written) == len(set(written))
            assert set(written) == {frozenset(), frozenset(names), *rollups}


def test_dimension_that_the_metric_lacks_is_refused() -> None:
    """An id can't become a dimension by mistake."""
    with pytest.raises(TypeError, match="no dimension user_id"):
        measure(Metric.TURN_TIME, 1, {"user_id": "x"})
