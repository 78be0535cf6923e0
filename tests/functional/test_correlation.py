"""One id leads through the gateway, the worker, its tools and their sources: the question's, which the page shows."""

import uuid
from typing import Any

import httpx

from local.stack import LocalStack
from tests.conftest import Traveller
from tests.functional.chat.chat_socket import open_socket
from tests.functional.chat.claude_scripts import ClaudeScripts, failing_reply, step, text, use
from tests.functional.chat.waiting import wait_until
from tests.functional.test_observability import lines_about


def test_a_question_s_id_is_in_every_line_about_it(stack: LocalStack, traveller: Traveller, shared_table: Any) -> None:
    """In the gateway, in the worker, of its tool, and of the failure of a source in that tool's thread."""
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
    (routed,) = (
        each for each in lines_about(stack, "chat", last["message_id"]) if each["message"] == "question routed"
    )
    assert (routed["tier"], routed["level"]) == (3, "INFO")
    found = {line["message"]: line for line in lines_about(stack, "chat_worker", last["message_id"])}
    assert found["source error"]["source"] == "Mapbox"
    assert (found["tool call"]["tool"], found["tool call"]["outcome"]) == ("get_weather_forecast", "failed")
    wait_until(
        lambda: "turn ended" in {line["message"] for line in lines_about(stack, "chat_worker", last["message_id"])}
    )


def test_the_id_of_a_failed_question_leads_to_its_end(stack: LocalStack, traveller: Traveller) -> None:
    """The page shows the id with the error; the worker's line has the same code as the frame."""
    with open_socket(traveller.http) as socket, httpx.Client(base_url=stack.claude.url, timeout=30) as claude_http:
        claude = ClaudeScripts(claude_http)
        claude.script(failing_reply("500", times=None))
        last = socket.ask(f"Where is it quiet? {claude.marker}")[-1]
    assert last["code"] == "model_unavailable"

    def ends() -> list[str]:
        lines = lines_about(stack, "chat_worker", last["message_id"])
        return [line["ended"] for line in lines if line["message"] == "turn ended"]

    wait_until(lambda: bool(ends()))
    assert ends() == ["model_unavailable"]


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
