"""The local dashboard: the rows of CloudWatch's, with the metrics of the real functions."""

import json

import httpx

from local.dashboard import LocalDashboard
from local.stack import LocalStack
from monitoring.alarms import ALARMS
from monitoring.definition import ROWS
from tests.conftest import Traveller
from tests.functional.monitoring.replay import NOW


def test_page_has_the_deployed_rows_and_the_values_of_the_functions(
    stack: LocalStack, http: httpx.Client, traveller: Traveller
) -> None:
    """The same rows, widgets and alarms, and the request that was just made."""
    question = {"text": "How much did I spend on gas this month?"}
    assert traveller.http.post("/v1/ask", json=question).status_code == 200
    shown = http.get("/dashboard.json").json()
    assert [(row["title"], [each["title"] for each in row["widgets"]]) for row in shown["rows"]] == [
        (row.title, [each.title for each in row.widgets]) for row in ROWS
    ]
    assert [each["title"] for each in shown["alarms"]] == [alarm.title for alarm in ALARMS]
    widgets = {each["title"]: each for row in shown["rows"] for each in row["widgets"]}
    by_tier = {line["label"]: line["values"] for line in widgets["Requests by tier"]["lines"]}
    assert sum(filter(None, by_tier["1"])) >= 1
    (p50, p95, p99) = widgets["Time of an answer (targets: P50 1,000, P95 1,500, P99 2,000)"]["lines"]
    newest = [next(value for value in reversed(line["values"]) if value is not None) for line in (p50, p95, p99)]
    assert 0 < newest[0] <= newest[1] <= newest[2]


def test_page_and_its_libraries_are_served(http: httpx.Client) -> None:
    """From this machine alone, with their types."""
    for path, kind in (
        ("/dashboard", "text/html"),
        ("/dashboard/dashboard.js", "text/javascript"),
        ("/dashboard/uplot.js", "text/javascript"),
        ("/dashboard/uplot.css", "text/css"),
    ):
        response = http.get(path)
        assert (response.status_code, response.headers["content-type"].split(";")[0]) == (200, kind), path


def test_lines_in_pieces_and_beside_each_other_are_read() -> None:
    """Data may end within a line, and a line may have several objects, or something else."""
    dashboard = LocalDashboard(lambda: NOW)
    line = {
        "_aws": {
            "Timestamp": int((NOW - 30) * 1000),
            "CloudWatchMetrics": [{"Namespace": "PAM", "Dimensions": [[]], "Metrics": [{"Name": "RoutedFast"}]}],
        },
        "RoutedFast": [1],
    }
    text = json.dumps(line)
    data = f'START RequestId: 1\n{text}{text}\n{{"level": "INFO"}}\n{{"_aws": 1}}\n{{broken\n{text}\n'.encode()
    for at in range(0, len(data), 7):
        dashboard.add_log("ask", data[at : at + 7])
    widgets = {each["title"]: each for row in dashboard.snapshot()["rows"] for each in row["widgets"]}
    (fast, _) = widgets["Questions routed"]["lines"]
    assert sum(filter(None, fast["values"])) == 3
