"""docs/metrics.md, from the definitions."""

from collections.abc import Iterable, Iterator

from monitoring.alarms import ALARMS
from monitoring.definition import ROWS
from monitoring.model import Alarm, Share
from pam.platform.metrics import Metric, Subsystem

SEMANTIC_CONVENTIONS = "semantic-conventions-genai v0.1.0"
"""The release of OpenTelemetry's conventions whose names the `gen_ai.` metrics and dimensions have."""

PROMETHEUS_COUNTERPARTS = {
    "pam_response_seconds": (
        "`ResponseTime` (milliseconds), as percentiles or, with `PR(:1000)`, as the share below a bound in place of a "
        "histogram's buckets"
    ),
    "pam_requests_total{route_type}": (
        "`Requests` by `tier`: 1 and 2 are its `edge`, 3 is its `websocket`; `ResponseTime` has the route"
    ),
    "pam_active_websocket_connections": "`OpenConnections`",
    "pam_tool_calls_total{tool_name}": "`ToolCalls` by `tool` and `outcome`",
    "pam_prompt_cache_hits_total": (
        "`PromptTokens` with `cache` = `read`: tokens, since a request can be read from the cache in part"
    ),
}
"""The metrics that were planned for Prometheus, and ours in their place."""

_HEAD = f"""# Metrics

This page is written by `make dashboard` from `layers/pam/pam/platform/metrics.py` and `monitoring/`.

Functions write metrics as EMF log lines through Powertools; CloudWatch makes metrics of them in the namespace `PAM`.
Each is recorded without dimensions, by all dimensions in the table together, and by each of its sums: some of them. No
dimension has an id: the values are names from the code. The line also has the function's name as `service`, by which
Logs Insights finds it.

The names that begin with `gen_ai.` are those of OpenTelemetry's {SEMANTIC_CONVENTIONS}
(<https://github.com/open-telemetry/semantic-conventions-genai/blob/v0.1.0/docs/gen-ai/gen-ai-metrics.md>). It has no
metric for tokens that were read from a prompt cache, nor for cost: those are our own.
"""


def metrics_page() -> str:
    """Return the page."""
    return "\n".join(_page())


def _page() -> Iterator[str]:
    yield _HEAD
    yield "In place of the metrics that were planned for Prometheus:\n"
    yield "| planned | here |"
    yield "| --- | --- |"
    for name, counterpart in PROMETHEUS_COUNTERPARTS.items():
        yield f"| {name} | {counterpart} |"
    for subsystem in Subsystem:
        yield f"\n## {subsystem}\n"
        yield "| metric | unit | statistic | dimensions | sums by | meaning |"
        yield "| --- | --- | --- | --- | --- | --- |"
        for metric in Metric:
            if metric.subsystem is subsystem:
                dimensions, sums = _names(metric.dimensions), "; ".join(map(_names, metric.rollups))
                kind = metric.kind
                unit = {"None": "US dollars"}.get(kind.unit, kind.unit)
                yield f"| `{metric}` | {unit} | {kind.statistic} | {dimensions} | {sums} | {metric.meaning} |"
    yield "\n## Dashboard\n"
    yield "The dashboard is the same in CloudWatch and at `/dashboard` of the local stack. Its rows:\n"
    for row in ROWS:
        yield f"- {row.title}: {'; '.join(each.title for each in row.widgets)}"
    yield "\n## Alarms\n"
    yield "In a period without a value an alarm is OK, except where it keeps its state.\n"
    yield "| alarm | fires when | needs | without a value |"
    yield "| --- | --- | --- | --- |"
    for alarm in ALARMS:
        exists = f"; where `{alarm.condition}` holds" if alarm.condition else ""
        cells = f"{_condition(alarm)}{exists} | {_needed(alarm)} | {_without_value(alarm)}"
        yield f"| [{alarm.title}]({alarm.anchor.removeprefix('docs/')}) | {cells} |"
    yield ""


def _names(dimensions: Iterable[str]) -> str:
    return ", ".join(f"`{each}`" for each in dimensions)


def _needed(alarm: Alarm) -> str:
    if not isinstance(alarm.value, Share) or not alarm.at_least:
        return "any value"
    name = alarm.value.whole[0].source[1]
    return f"`{name}` of at least {alarm.at_least:,.0f} in a period"


def _without_value(alarm: Alarm) -> str:
    return "keeps its state" if alarm.keeps_state else "OK"


def _condition(alarm: Alarm) -> str:
    if isinstance(alarm.value, Share):
        value = f"the share {alarm.value.label}"
    else:
        _, name, _ = alarm.value.source
        value = f"the {alarm.value.statistic} of `{name}`"
    periods = f"{alarm.periods} periods of {alarm.period_s} s" if alarm.periods > 1 else f"{alarm.period_s} s"
    percent = " %" if isinstance(alarm.value, Share) else ""
    return f"{value} is {'below' if alarm.is_below else 'above'} {alarm.threshold:g}{percent} in {periods}"
