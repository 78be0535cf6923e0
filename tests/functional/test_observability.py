"""Logs as JSON with a correlation id, metrics as EMF lines, and the recorded event of each function."""

import json
from collections.abc import Callable
from typing import Any

from local.stack import LocalStack
from tests.conftest import CHECKOUT, Traveller


def lines_about(stack: LocalStack, function: str, request_id: str | None = None) -> list[dict[str, Any]]:
    """Return the JSON objects in a function's log, or those with a correlation id.

    Environments share the log, and one may write between another's line and its end, so a line can have several.
    """
    lines: list[dict[str, Any]] = []
    for line in stack.functions[function].log.read_text().splitlines():
        while line[:1] == "{":
            found, end = json.JSONDecoder().raw_decode(line)
            lines.append(found)
            line = line[end:]
    return [line for line in lines if request_id is None or line.get("correlation_id") == request_id]


def event(name: str) -> dict[str, Any]:
    return json.loads((CHECKOUT / "events" / f"{name}.json").read_text())


def metrics_of(stack: LocalStack, function: str, action: Callable[[], Any]) -> dict[str, float]:
    """Return the sums of the metrics that a function wrote during `action`; check that they are valid EMF."""
    before = len(lines_about(stack, function))
    action()
    sums: dict[str, float] = {}
    for line in lines_about(stack, function)[before:]:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            assert directive["Namespace"] == "PAM"
            for metric in directive["Metrics"]:
                assert all(name in line for dimensions in directive["Dimensions"] for name in dimensions)
                sums[metric["Name"]] = sums.get(metric["Name"], 0) + sum(line[metric["Name"]])
    # How an environment started depends on which test ran before; a time is another one each time.
    for name in ("ColdStart", "SnapshotRestored", "ResponseTime"):
        sums.pop(name, None)
    return sums


def test_log_line_has_the_id_of_its_request(stack: LocalStack, traveller: Traveller) -> None:
    """The id in the response header finds the log line with the error code."""
    reply = traveller.http.get("/v1/spend-summary", params={"category": "gas"})
    (line,) = lines_about(stack, "spend_summary", reply.headers["apigw-requestid"])
    assert (line["level"], line["error_code"], line["service"]) == ("WARNING", "unknown_category", "spend_summary")


def test_message_is_logged_once_and_in_one_line(stack: LocalStack, traveller: Traveller) -> None:
    """No second line repeats it as plain text, in which a line feed would begin a line of the client's own."""
    name = "x\nREPORT RequestId: forged\n{}"
    reply = traveller.http.get("/v1/spend-summary", params=[(name, "1"), (name, "2")])
    assert reply.status_code == 422
    log = stack.functions["spend_summary"].log.read_text()
    assert log.count("is there more than once") <= 1
    assert "\nREPORT RequestId: forged" not in log
    platform = ("{", "START RequestId: ", "END RequestId: ", "REPORT RequestId: ", "INIT_REPORT ")
    others = [line for line in log.splitlines() if line and not line.startswith(platform)]
    assert others == []


def test_read_counts_computed_and_cached_answers(stack: LocalStack, traveller: Traveller) -> None:
    """The first answer is computed, the second cached."""
    assert metrics_of(stack, "spend_summary", traveller.summary) == {"AnswerComputed": 1, "Requests": 1}
    assert metrics_of(stack, "spend_summary", traveller.summary) == {"AnswerCached": 1, "Requests": 1}


def test_write_and_refusal_are_counted(stack: LocalStack, traveller: Traveller) -> None:
    """An accepted expense counts as such, a refused one as a client error."""
    assert metrics_of(stack, "expense_create", lambda: traveller.spends("5")) == {"ExpenseCreated": 1, "Requests": 1}
    assert metrics_of(stack, "expense_create", lambda: traveller.spends("-5")) == {"ClientError": 1, "Requests": 1}


def test_logs_contain_no_personal_data(stack: LocalStack, traveller: Traveller) -> None:
    """Neither the amount and the description of an expense nor the token is logged."""
    traveller.spends("4711.47", description="a very private matter")
    log = stack.functions["expense_create"].log.read_text()
    assert "4711.47" not in log and "private matter" not in log
    assert traveller.http.headers["authorization"].removeprefix("Bearer ") not in log


def test_every_recorded_event_has_its_status(stack: LocalStack) -> None:
    """Each event in `events/`, through the real runtime client, has the expected status."""
    expected = {
        "spend_summary": ("spend_summary", 200),
        "budget_status": ("budget_status", 200),
        "savings_total": ("savings_total", 200),
        "expenses": ("expenses", 200),
        "weather": ("weather", 200),
        "distance": ("distance", 200),
        "fuel_estimate": ("fuel_estimate", 200),
        "nearby_parks": ("nearby_parks", 200),
        "gas_prices": ("gas_prices", 200),
        "expense_create": ("expense_create", 201),
        "expense_create_malformed": ("expense_create", 400),
        "ask": ("ask", 200),
        "expense_update": ("expense_update", 404),
        "expense_delete": ("expense_delete", 404),
        "effect_undo": ("effect_undo", 404),
        "account": ("account", 200),
        "memories": ("memories", 200),
        "memory_changes": ("memory_changes", 201),
        "profile": ("profile", 200),
        "friends": ("friends", 404),
        "websocket_ticket": ("websocket_ticket", 201),
        "feedback": ("feedback", 404),
    }
    websocket = {"websocket_connection", "chat", "chat_control"}
    # The migrations have tests of their own; the authorizer raises for an unknown ticket; the worker returns nothing.
    others = {"migrate", "migrate_on_deploy", "websocket_authorizer", "chat_worker"}
    names = {path.stem for path in (CHECKOUT / "events").glob("*.json")}
    assert names == expected.keys() | websocket | others
    for name in websocket:
        assert stack.functions[name].invoke(event(name)).json() == {"statusCode": 200}
    assert "Unauthorized" in str(stack.functions["websocket_authorizer"].invoke(event("websocket_authorizer")).json())
    assert stack.functions["chat_worker"].invoke(event("chat_worker")).json() is None
    for name, (function, status) in expected.items():
        reply = stack.functions[function].invoke(event(name)).json()
        assert reply["statusCode"] == status, (name, reply)
        assert reply["headers"]["content-type"] == "application/json"
