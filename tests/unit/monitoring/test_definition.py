"""Dashboard and alarms agree with the metrics that the code records, with template.yaml and with the documents."""

import json
import re
from itertools import chain
from typing import Any

import pytest

from monitoring.__main__ import replace_generated
from monitoring.alarms import ALARMS
from monitoring.cloudwatch import alarm_properties, dashboard_widgets
from monitoring.definition import ROWS
from monitoring.model import Alarm, Series
from monitoring.page import PROMETHEUS_COUNTERPARTS, metrics_page
from pam.platform.dimensions import FeedbackVerdict, PromptCacheUse, RequestOutcome, Tier, ToolCallOutcome
from pam.platform.metrics import NAMESPACE, Metric, MetricKind
from tests.conftest import CHECKOUT
from tests.functional.sam import TEMPLATE, of_type, translate

OPERATIONS = (CHECKOUT / "docs" / "operations.md").read_text("utf-8")
EXPANDED = translate()
WIDGET_SERIES = [series for row in ROWS for widget in row.widgets for series in widget.series]
ALARM_SERIES = [series for alarm in ALARMS for series in alarm.series]


def names_in(node: Any) -> set[str]:
    """Return the names of PAM's metrics in a part of the expanded template: of alarms, or of widgets as text."""
    text = json.dumps(node)
    listed = re.findall(rf'\[\\*"{NAMESPACE}\\*", \\*"([\w.]+)\\*"', text)
    searched = re.findall(r'MetricName=\\+"([\w.]+)\\+"', text)
    in_alarms = re.findall(rf'"Namespace": "{NAMESPACE}", "MetricName": "([\w.]+)"', text)
    return {*listed, *searched, *in_alarms}


def test_every_metric_has_a_widget_and_every_widget_a_metric() -> None:
    """In the expanded template, the dashboard's metrics are those of the code."""
    (dashboard,) = of_type(EXPANDED, "AWS::CloudWatch::Dashboard").values()
    assert names_in(dashboard) == set(Metric)


def test_every_alarm_has_a_metric_of_the_code_or_of_aws() -> None:
    """In the expanded template, no alarm's metric is one that nothing records."""
    for name, alarm in of_type(EXPANDED, "AWS::CloudWatch::Alarm").items():
        of_pam = names_in(alarm)
        assert of_pam <= set(Metric), name
        assert of_pam or alarm["Properties"]["Namespace"].startswith("AWS/"), name


@pytest.mark.parametrize("metric", Metric)
def test_every_metric_is_recorded_by_the_code(metric: Metric) -> None:
    """Each metric's name occurs in the package outside of its definition."""
    files = chain(CHECKOUT.glob("layers/pam/pam/**/*.py"), CHECKOUT.glob("functions/*/*.py"))
    pattern = re.compile(rf"\bMetric\.{metric.name}\b")
    assert any(pattern.search(path.read_text("utf-8")) for path in files if path.name != "metrics.py")


@pytest.mark.parametrize("series", WIDGET_SERIES + ALARM_SERIES, ids=lambda series: series.label)
def test_every_series_is_of_a_recorded_set_of_dimensions(series: Series) -> None:
    """CloudWatch has a metric for each set that is recorded, and for no other."""
    if isinstance(series.metric, Metric):
        recorded = [(), *series.metric.rollups, series.metric.dimensions]
        assert set(series.by or series.dimensions) in [set(each) for each in recorded]


@pytest.mark.parametrize("metric", Metric)
def test_no_dimension_is_an_id(metric: Metric) -> None:
    """Dimensions are of a fixed list, in which nothing identifies a user, a turn or a place."""
    allowed = {
        "tier", "outcome", "route", "service", "cache", "model", "kind", "scope", "source", "tool", "verdict", "need",
        "gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.token.type", "error.type",
        "gen_ai.tool.name",
    }  # fmt: skip
    assert set(metric.dimensions) <= allowed
    assert all(set(each) < set(metric.dimensions) for each in metric.rollups)
    assert metric.kind in MetricKind


def test_template_and_page_are_written_from_the_definitions() -> None:
    """`make dashboard` changes neither template.yaml nor docs/metrics.md."""
    template = (CHECKOUT / "template.yaml").read_text("utf-8")
    assert replace_generated(template) == template
    assert (CHECKOUT / "docs" / "metrics.md").read_text("utf-8") == metrics_page()


@pytest.mark.parametrize("metric", Metric)
def test_page_has_each_metric_with_its_dimensions_and_sums(metric: Metric) -> None:
    """In one row, with all sets of dimensions that CloudWatch has of it."""
    (row,) = (line for line in metrics_page().splitlines() if line.startswith(f"| `{metric}` |"))
    _, _, _, _, dimensions, sums, meaning, _ = (cell.strip() for cell in row.split("|"))
    assert re.findall(r"`([^`]+)`", dimensions) == list(metric.dimensions)
    assert [tuple(re.findall(r"`([^`]+)`", each)) for each in sums.split(";") if each] == list(metric.rollups)
    assert meaning == metric.meaning


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.name)
def test_page_has_what_an_alarm_needs_and_does_without_a_value(alarm: Alarm) -> None:
    """As the template has it."""
    (row,) = (line for line in metrics_page().splitlines() if line.startswith(f"| [{alarm.title}]"))
    _, _, condition, needed, without_value, _ = (cell.strip() for cell in row.split("|"))
    properties = of_type(EXPANDED, "AWS::CloudWatch::Alarm")[alarm.name]["Properties"]
    assert f"{properties['Threshold']:g}" in condition
    assert without_value == {"ignore": "keeps its state", "notBreaching": "OK"}[properties["TreatMissingData"]]
    expression = next((each["Expression"] for each in properties.get("Metrics", ()) if "Expression" in each), "")
    at_least = re.findall(r">= (\d+)", expression)
    assert re.findall(r"at least ([\d,]+)", needed) == [f"{int(each):,}" for each in at_least]


def test_values_of_dimensions_are_those_of_the_code() -> None:
    """Meanings, widgets, the check of the database and the page's control have the values that are defined once."""
    verdicts = [str(each) for each in FeedbackVerdict]
    for metric, values in (
        (Metric.REQUESTS, RequestOutcome),
        (Metric.TOOL_CALLS, ToolCallOutcome),
        (Metric.PROMPT_TOKENS, PromptCacheUse),
        (Metric.FEEDBACK, FeedbackVerdict),
    ):
        assert all(f"`{each}`" in metric.meaning for each in values)
    control = (CHECKOUT / "web/cards/feedback_control.js").read_text("utf-8")
    assert re.findall(r"(\w+): \"", re.findall(r"const VERDICTS = \{(.+?)\};", control, re.DOTALL)[0]) == verdicts
    (check,) = re.findall(r"feedback_verdict_check CHECK \((.+)\)", (CHECKOUT / "migrations/schema.sql").read_text())
    assert re.findall(r"'(\w+)'", check) == verdicts
    allowed = {
        "tier": {str(each) for each in Tier},
        "outcome": {*RequestOutcome, *ToolCallOutcome},
        "cache": {*PromptCacheUse},
        "verdict": {*FeedbackVerdict},
    }
    for series in WIDGET_SERIES + ALARM_SERIES:
        if isinstance(series.metric, Metric):
            assert all(value in allowed[name] for name, value in series.dimensions.items()), series


def test_targets_are_of_questions() -> None:
    """The shares of the success table, and complaints, are of answered questions, without the page's requests."""
    targets = {widget.title: widget for row in ROWS for widget in row.widgets if "target" in widget.title}
    for title in ("Answers within a second (target 80 %)", "Answered without a model (target 60 %)",
                  "Answers called slow (target below 1 %)"):  # fmt: skip
        metrics = {each.metric for each in targets[title].series}
        assert metrics <= {Metric.QUESTION_TIME, Metric.QUESTIONS_ANSWERED, Metric.FEEDBACK}, title


def test_alarms_of_the_expanded_template_are_those_defined() -> None:
    """Their properties survive YAML and the translator as they were meant."""
    alarms = of_type(EXPANDED, "AWS::CloudWatch::Alarm")
    assert alarms.keys() == {alarm.name for alarm in ALARMS}
    for alarm in ALARMS:
        assert alarms[alarm.name]["Properties"] == alarm_properties(alarm)
        assert alarms[alarm.name].get("Condition", "") == alarm.condition


def test_dashboard_of_the_template_is_valid_json() -> None:
    """After `Fn::Sub` the body has the widgets, none of which overlaps another."""
    body = TEMPLATE["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(body)["widgets"]
    assert widgets == dashboard_widgets()
    cells = [
        (x, y)
        for each in widgets
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    # Fn::Sub would take any other `${...}` for a reference.
    assert set(re.findall(r"\$\{([^}]*)\}", body)) - {"AWS::Region"} == {
        found for found in re.findall(r"\$\{([^}]*)\}", body) if found.startswith("!PROP(")
    }


def test_alarms_and_their_sections_are_the_same() -> None:
    """Each alarm has a section with meaning, diagnosis and action, and each section an alarm, which links to it."""
    chapter = OPERATIONS.partition("\n## Alarms\n")[2].partition("\n## ")[0]
    sections = dict(re.findall(r"^### (.+)\n((?:(?!### ).*\n)*)", chapter, re.MULTILINE))
    assert set(sections) == {alarm.title for alarm in ALARMS}
    for title, text in sections.items():
        assert "\nMeaning: " in text, title
        assert re.search(r"\nDiagnosis: .*(?:.*\n)+?Action: |\nDiagnosis and action: \[", text, re.DOTALL), title
    anchors = {"docs/operations.md#" + title.lower().replace(" ", "-") for title in sections}
    described = {
        alarm["Properties"]["AlarmDescription"].rpartition(" ")[2]
        for alarm in of_type(EXPANDED, "AWS::CloudWatch::Alarm").values()
    }
    assert described == anchors


def test_alarms_notify_by_email_and_webhook() -> None:
    """Each alarm's topic has a subscription for each parameter that is set, and none for an empty one."""
    for alarm in of_type(EXPANDED, "AWS::CloudWatch::Alarm").values():
        properties = alarm["Properties"]
        assert properties["AlarmActions"] == properties["OKActions"] == [{"Ref": "AlarmTopic"}]
    subscriptions = of_type(EXPANDED, "AWS::SNS::Subscription").values()
    endpoints = {
        each["Properties"]["Protocol"]: (each["Properties"]["Endpoint"]["Ref"], each["Condition"])
        for each in subscriptions
    }
    assert endpoints == {
        "email": ("AlarmEmail", "NotifiesByEmail"),
        "https": ("AlarmWebhook", "NotifiesWebhook"),
    }


def test_the_planned_prometheus_metrics_have_counterparts() -> None:
    """All five, each with a metric that exists."""
    assert len(PROMETHEUS_COUNTERPARTS) == 5
    for counterpart in PROMETHEUS_COUNTERPARTS.values():
        assert re.findall(r"`(\w+)`", counterpart)[0] in set(Metric)
