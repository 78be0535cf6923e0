"""No log has what users or models wrote: markers are sent through every route and frame, and looked for."""

import itertools
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest
from pydantic import BaseModel

from local.stack import LocalStack
from pam.chat.frames import CancelFrame, ChatFrame, ConfirmFrame, PingFrame, ResumeFrame
from tests.conftest import CHECKOUT, Traveller
from tests.functional.chat.chat_socket import ChatSocket, open_socket
from tests.functional.chat.claude_scripts import ClaudeScripts, step, text, use

FRAMES: dict[str, type[BaseModel]] = {
    "chat": ChatFrame,
    "resume": ResumeFrame,
    "confirm": ConfirmFrame,
    "cancel": CancelFrame,
    "ping": PingFrame,
}
ID = "3f1c2a9e-6a52-4c0e-9a0f-0c6a5b1d7e42"

_OPENAPI = json.loads((CHECKOUT / "docs" / "openapi.json").read_text("utf-8"))
OPERATIONS = [
    (method, path, operation)
    for path, methods in _OPENAPI["paths"].items()
    for method, operation in methods.items()
    if method in ("get", "post", "delete")
]


@pytest.fixture
def marker() -> str:
    """A word that nothing else contains; places, names and texts may consist of it."""
    return f"qx{uuid.uuid4().hex[:12]}"


@pytest.fixture
def socket(traveller: Traveller) -> Iterator[ChatSocket]:
    """An open connection."""
    with open_socket(traveller.http) as socket:
        yield socket


@pytest.fixture
def check_logs(stack: LocalStack, marker: str) -> Iterator[Callable[[], None]]:
    """Check that no log of a function, and not that of Postgres, has the marker. At the end it is called again."""
    folder = stack.functions["ask"].log.parent

    def check() -> None:
        logs = sorted(folder.glob("*.log"))
        assert {"ask.log", "chat.log", "chat_worker.log", "postgres.log"} <= {log.name for log in logs}
        for log in logs:
            found = [line for line in log.read_text("utf-8", "replace").splitlines() if marker in line]
            assert found == [], log.name

    yield check
    check()


def _properties(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of an object's schema, by name."""
    while "$ref" in schema:
        schema = _OPENAPI["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    properties: dict[str, Any] = schema.get("properties", {})
    return properties


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=lambda value: str(value)[:40])
def test_no_route_logs_what_it_is_sent(
    traveller: Traveller,
    marker: str,
    check_logs: Callable[[], None],
    method: str,
    path: str,
    operation: dict[str, Any],
) -> None:
    """A marker in each parameter and each field, in unknown ones, in their names, and as broken JSON."""
    path = path.replace("{id}", marker)
    names = [each["name"] for each in operation.get("parameters", []) if each.get("in") == "query"]
    queries = [{name: marker} for name in [*names, marker]] + [dict.fromkeys(names, marker)]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    fields = list(_properties(body))
    bodies: list[bytes] = [f'{{"{marker}": '.encode(), f'{{"{marker}": 1, "{marker}": 2}}'.encode(), marker.encode()]
    valid = {"amount": "5", "category": "fuel", "text": f"weather in {marker}"}
    base = {name: value for name, value in valid.items() if name in fields}
    for name, value in itertools.product([*fields, marker], (marker, {marker: marker}, [marker], f"5 {marker}")):
        bodies.append(json.dumps(base | {name: value}).encode())
    headers = {"content-type": "application/json"}
    for query in queries if method != "post" else ():
        assert traveller.http.request(method, path, params=query).status_code < 500
    traveller.http.request(method, path, params=[(marker, "1"), (marker, "2")])
    for content in bodies if method == "post" else ():
        key = {"idempotency-key": f"{marker} {marker}"}
        assert traveller.http.request(method, path, content=content, headers=headers).status_code < 500
        assert traveller.http.request(method, path, content=content, headers=headers | key).status_code < 500
    check_logs()


@pytest.mark.parametrize("action", FRAMES)
def test_no_frame_is_logged(action: str, socket: ChatSocket, marker: str, check_logs: Callable[[], None]) -> None:
    """A marker in each field, in an unknown one, and in its name."""
    valid = {"message_id": ID, "confirmation_id": ID, "text": "How much?", "decision": "yes", "digest": "0" * 64}
    fields = set(FRAMES[action].model_fields) - {"action"}
    base = {name: valid[name] for name in fields & set(valid)} | ({"after": 0} if "after" in fields else {})
    sent = 0
    for name, value in itertools.product([*sorted(fields - {"text"}), marker], (marker, {marker: marker}, [marker])):
        socket.send(action, **(base | {name: value}))
        sent += 1
    for _ in range(sent):
        assert socket.receive()["type"] == "error"
    check_logs()


def test_every_route_of_the_socket_is_tested(stack: LocalStack) -> None:
    """The frames above are all that there are."""
    routes = set(stack.template.websocket.routes)  # type: ignore[union-attr]
    assert routes - {"$connect", "$disconnect", "$default"} == set(FRAMES)


def test_no_position_is_logged(
    stack: LocalStack, traveller: Traveller, marker: str, check_logs: Callable[[], None]
) -> None:
    """Neither that of a device with its question, for fast answers and for Claude's tools, nor one in a request."""
    digits = str(uuid.uuid4().int)[:6]
    latitude, longitude = f"38.5{digits}", f"-109.5{digits}"
    location = {"latitude": float(latitude), "longitude": float(longitude)}
    with open_socket(traveller.http) as socket, httpx.Client(base_url=stack.claude.url, timeout=30) as http:
        claude = ClaudeScripts(http)
        claude.script(step(use("find_rv_parks"), use("get_weather_forecast"), use("share_location")), text("Here."))
        for question in (f"Where am I? {claude.marker}", "weather here", "campgrounds near me"):
            assert socket.ask(question, context={"location": location})[-1]["type"] in ("done", "error")
    for path in ("/v1/weather", "/v1/parks"):
        assert traveller.http.get(path, params=location).status_code < 500
    # Out of its range.
    assert traveller.http.get("/v1/weather", params=location | {"latitude": f"138.5{digits}"}).status_code == 422
    for log in stack.functions["ask"].log.parent.glob("*.log"):
        if log.name not in ("travel_sources.log", "claude.log"):  # of the stand-ins
            found = [line for line in log.read_text("utf-8", "replace").splitlines() if f"8.5{digits}" in line]
            assert found + [line for line in log.read_text().splitlines() if f"9.5{digits}" in line] == [], log.name


def test_no_turn_logs_its_question_or_its_tools(
    stack: LocalStack, traveller: Traveller, owner: psycopg.Connection, marker: str, check_logs: Callable[[], None]
) -> None:
    """Nor the arguments of tools that fail, nor a row that Postgres refuses."""
    with open_socket(traveller.http) as socket, httpx.Client(base_url=stack.claude.url, timeout=30) as http:
        claude = ClaudeScripts(http)
        calls = [
            use("find_rv_parks", place=marker),
            use("get_weather_forecast", place=marker, period=marker),
            use("create_expense", amount=5, category=marker),
            use("create_expense", amount=marker, category="fuel"),
            use("create_expense", amount=5, category="fuel", description=f"\x01{marker}"),
            use("get_spending_summary", **{marker: marker}),
            use("message_friend", recipient=marker, message=marker),
            use(marker, place=marker),
        ]
        owner.execute(
            "create or replace function refuse_row() returns trigger language plpgsql as $$ begin"
            " raise exception 'refused' using errcode = 'check_violation', detail = new.content::text; end $$"
        )
        name = f"refuse_{traveller.id.hex}"
        owner.execute(
            f"create trigger {name} before insert on messages for each row when (new.user_id = '{traveller.id}')"  # type: ignore[arg-type]
            " execute function refuse_row()"
        )
        try:
            claude.script(step(*calls), text(f"There is no {marker}."))
            last = socket.ask(f"Is there a {marker}? {claude.marker}")[-1]
        finally:
            owner.execute(f"drop trigger {name} on messages")  # type: ignore[arg-type]
        assert (last["type"], last["text"]) == ("done", f"There is no {marker}."), last
        worker = stack.functions["chat_worker"].log.read_text("utf-8")
        assert "psycopg.errors.CheckViolation (sqlstate=23514)" in worker
        check_logs()
