"""Dashboard and alarms as CloudWatch takes them."""

import json
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from monitoring.alarms import ALARMS
from monitoring.definition import ROWS
from monitoring.model import Alarm, Row, Series, Share, Widget

_COLUMNS, _WIDTH, _HEIGHT = 24, 6, 6

BEGIN = "  # The rest of this section is written by `make dashboard` from monitoring/."
END = "  # Here ends what `make dashboard` writes."


def dashboard_widgets() -> list[dict[str, Any]]:
    """Return the widgets of the dashboard: a heading for each row, and four plots beside each other."""
    widgets: list[dict[str, Any]] = []
    y = 0
    for row in ROWS:
        widgets.append(_heading(row, y))
        y += 1
        for position, widget in enumerate(row.widgets):
            x, line = position * _WIDTH % _COLUMNS, position * _WIDTH // _COLUMNS
            place = {"x": x, "y": y + line * _HEIGHT, "width": _WIDTH, "height": _HEIGHT}
            widgets.append({"type": "metric", **place, "properties": _properties(widget)})
        y += -(-len(row.widgets) * _WIDTH // _COLUMNS) * _HEIGHT
    return widgets


def alarm_properties(alarm: Alarm) -> dict[str, Any]:
    """Return the properties of an alarm's resource; references are written as `Fn::Sub`."""
    comparison = "LessThanThreshold" if alarm.is_below else "GreaterThanThreshold"
    properties = {
        "AlarmDescription": f"{alarm.title}. What it means and what to do: {alarm.anchor}",
        "AlarmActions": [{"Ref": "AlarmTopic"}],
        "OKActions": [{"Ref": "AlarmTopic"}],
        "EvaluationPeriods": alarm.periods,
        "Threshold": alarm.threshold,
        "ComparisonOperator": comparison,
        "TreatMissingData": "ignore" if alarm.keeps_state else "notBreaching",
    }
    if isinstance(alarm.value, Share):
        queries, whole, expression = _share_queries(alarm.value)
        if alarm.at_least:
            # A value that doesn't fire: CloudWatch's IF needs one.
            expression = f"IF({whole} >= {alarm.at_least:g}, {expression}, {alarm.threshold:g})"
        data = [
            {"Id": id, "ReturnData": False, "MetricStat": {"Metric": _metric(each), "Period": alarm.period_s,
                                                           "Stat": each.statistic}}
            for id, each in queries.items()
        ]  # fmt: skip
        return properties | {"Metrics": [{"Id": "share", "Expression": expression}, *data]}
    is_percentile = alarm.value.statistic.startswith("p")
    statistic = {"ExtendedStatistic" if is_percentile else "Statistic": alarm.value.statistic}
    return properties | _metric(alarm.value) | statistic | {"Period": alarm.period_s}


def template_text() -> str:
    """Return what template.yaml has between `BEGIN` and `END`."""
    lines = [BEGIN]
    for alarm in ALARMS:
        lines += [f"  {alarm.name}:", "    Type: AWS::CloudWatch::Alarm"]
        lines += [f"    Condition: {alarm.condition}"] if alarm.condition else []
        lines += ["    Properties:"]
        for name, value in alarm_properties(alarm).items():
            if name == "Metrics":
                lines.append("      Metrics:")
                lines += [f"        - {_yaml(each)}" for each in value]
            else:
                lines.append(f"      {name}: {_yaml(value)}")
        lines.append("")
    lines += ["  Dashboard:", "    Type: AWS::CloudWatch::Dashboard", "    Properties:", "      DashboardBody: !Sub |"]
    widgets = [json.dumps(each, ensure_ascii=False) for each in dashboard_widgets()]
    lines += [
        '        {"widgets": [',
        *(f"        {each}," for each in widgets[:-1]),
        f"        {widgets[-1]}",
        "        ]}",
    ]
    return "\n".join([*lines, "", END])


def _heading(row: Row, y: int) -> dict[str, Any]:
    properties = {"markdown": f"## {row.title}"}
    return {"type": "text", "x": 0, "y": y, "width": _COLUMNS, "height": 1, "properties": properties}


def _properties(widget: Widget) -> dict[str, Any]:
    ids = count(1)
    lines = [line for each in widget.lines for line in _lines(each, ids)]
    properties: dict[str, Any] = {
        "title": widget.title,
        "region": "${AWS::Region}",
        "view": "timeSeries",
        "period": widget.period_s,
        "metrics": lines,
        "yAxis": {"left": {"min": 0, "label": widget.unit, "showUnits": False}},
    }
    if widget.target is not None:
        properties["annotations"] = {"horizontal": [{"value": widget.target}]}
    return properties


def _lines(line: Series | Share, ids: Iterator[int]) -> Iterator[list[Any]]:
    if isinstance(line, Share):
        queries, _, expression = _share_queries(line)
        number = next(ids)
        names = {id: f"s{number}{id}" for id in queries}
        for id, name in names.items():
            expression = expression.replace(f"({id},", f"({name},")
            yield [*_array(queries[id]), {"id": name, "stat": queries[id].statistic, "visible": False}]
        yield [{"expression": expression, "label": line.label, "id": f"s{number}"}]
    elif line.by:
        namespace, name, _ = line.source
        schema = ",".join([namespace, *(f'"{each}"' for each in line.by)])
        search = f"SEARCH('{{{schema}}} MetricName=\"{name}\"', '{line.statistic}')"
        label = " ".join(f"${{!PROP('Dim.{each}')}}" for each in line.by)
        yield [{"expression": search, "label": label, "id": f"q{next(ids)}"}]
    else:
        yield [*_array(line), {"label": line.label, "stat": line.statistic}]


def _array(series: Series) -> list[str]:
    namespace, name, dimensions = series.source
    return [namespace, name, *(part for dimension in dimensions.items() for part in dimension)]


def _metric(series: Series) -> dict[str, Any]:
    namespace, name, dimensions = series.source
    metric: dict[str, Any] = {"Namespace": namespace, "MetricName": name}
    if dimensions:
        metric["Dimensions"] = [{"Name": key, "Value": _reference(value)} for key, value in dimensions.items()]
    return metric


def _reference(value: str) -> Any:
    return {"Fn::Sub": value} if "${" in value else value


def _share_queries(share: Share) -> tuple[dict[str, Series], str, str]:
    """Return the series by their ids, and the expressions of the whole and of the share.

    A series without a value counts as zero. What is divided by zero has no value.
    """
    part = {f"p{number}": each for number, each in enumerate(share.part)}
    whole = {f"w{number}": each for number, each in enumerate(share.whole)}
    parts, wholes = (f"({' + '.join(f'FILL({id}, 0)' for id in ids)})" for ids in (part, whole))
    return part | whole, wholes, f"100 * {parts} / {wholes}"


def _yaml(value: Any) -> str:
    """Return a value in YAML's flow style, with references in their short form."""
    match value:
        case {"Ref": name}:
            return f"!Ref {name}"
        case {"Fn::Sub": text}:
            return f'!Sub "{text}"'
        case Mapping():
            return "{" + ", ".join(f"{key}: {_yaml(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_yaml, value)) + "]"
        case str() if not value.isalnum():
            return json.dumps(value, ensure_ascii=False)
    return f"{value}".lower() if isinstance(value, bool) else f"{value}"
