"""One id leads through the gateway, the worker, its tools and their sources: the question's, which the page shows."""

import uuid
from typing import Any

import httpx

from local.stack import LocalStack
from tests.conftest import Traveller
from tests.functional.chat.chat_socket import open_socket
from tests.functional.chat.claude_scripts import ClaudeScripts, step, text, use
from tests.functional.test_observability import lines_about


def test_a_question_s_id_is_in_every_line_about_it(stack: LocalStack, traveller: Traveller, shared_table: Any) -> None:
    """The failure of a source, in the thread of a tool of the worker, has it."""
    place = f"Nowhere {uuid.uuid4().hex[:8]}"
    with (
        open_socket(traveller.http) as socket,
        httpx.Client(base_url=stack.claude.url, timeout=30) as claude_http,
        httpx.Client(base_url=stack.travel_sources.mapbox_url) as mapbox,
    ):
        claude = ClaudeScripts(claude_http)
        claude.script(step(use("get_weather_forecast", place=place)), text("No forecast."))
        mapbox.put("/_control", json={"mode": "500"}).raise_for_status()
        try:
            last = socket.ask(f"Will it rain? {claude.marker}")[-1]
        finally:
            mapbox.delete("/_journal")
            mapbox.put("/_control", json={"mode": "ok"})
            shared_table.delete_item(Key={"key": "breaker|Mapbox"})
    found = lines_about(stack, "chat_worker", last["message_id"])
    assert "source error" in {line["message"] for line in found}
    assert {line["source"] for line in found if line["message"] == "source error"} == {"Mapbox"}


def test_a_refused_frame_has_the_ids_of_message_and_request(stack: LocalStack, traveller: Traveller) -> None:
    """In the gateway: the message's id as the correlation id, with API Gateway's beside it."""
    message_id = str(uuid.uuid4())
    with open_socket(traveller.http) as socket:
        socket.send("cancel", message_id=message_id)
        error = socket.receive()
    assert (error["code"], error["message_id"]) == ("message_not_found", message_id)
    (line,) = (each for each in lines_about(stack, "chat_control", message_id) if "error_code" in each)
    assert line["error_code"] == "message_not_found"
    assert line["gateway_request_id"] not in (None, message_id)


def test_the_next_invocation_begins_without_it(stack: LocalStack, traveller: Traveller) -> None:
    """A frame that names no message has API Gateway's id, and not that of an earlier question."""
    message_id = str(uuid.uuid4())
    with open_socket(traveller.http) as socket:
        socket.send("cancel", message_id=message_id)
        socket.receive()
        before = len(lines_about(stack, "chat_control", message_id))
        for _ in range(3):
            socket.send("cancel", message_id="no id")
            assert socket.receive()["type"] == "error"
    assert len(lines_about(stack, "chat_control", message_id)) == before
