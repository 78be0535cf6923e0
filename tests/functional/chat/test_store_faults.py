"""DynamoDB throttles requests and Postgres is down: before a turn, during it, and at its end."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from tests.functional.chat.claude_scripts import (
    LONG_ANSWER,
    READ,
    SHORT_ANSWER,
    SHORT_TEXT,
    WRITE,
    WRITE_TEXT,
    WRITE_WITH_MORE_TO_DO,
    step,
    text,
    use,
)
from tests.functional.chat.disconnecting_tool import add_disconnecting_tool
from tests.functional.chat.fake_tools import error_code, newest_results
from tests.functional.chat.fault_proxies import RequestFilter
from tests.functional.chat.frames import tool_states
from tests.functional.chat.in_process_backend import MAX_CAPS
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name
from tests.functional.chat.waiting import wait_until

scenario = ScenarioList()


# DynamoDB


def is_put_of(key: str, item: str = "") -> RequestFilter:
    """Return a filter of `PutItem` requests by the beginning of the item's partition key and the end of the other."""

    def matches(operation: str, request: Mapping[str, Any]) -> bool:
        stored = request.get("Item", {})
        return (
            operation == "PutItem"
            and stored["key"]["S"].startswith(key)
            and stored.get("item", {}).get("S", "").endswith(item)
        )

    return matches


def is_end_of_turn(operation: str, request: Mapping[str, Any]) -> bool:
    """Return whether a request sets the state of a turn to ended."""
    return operation == "UpdateItem" and {"S": "ended"} in request.get("ExpressionAttributeValues", {}).values()


def first(count: int, selected: RequestFilter) -> RequestFilter:
    """Return a filter of the first `count` requests that another filter selects."""
    left = count

    def matches(operation: str, request: Mapping[str, Any]) -> bool:
        nonlocal left
        if left and selected(operation, request):
            left -= 1
            return True
        return False

    return matches


@scenario
def question_while_dynamodb_is_throttled_is_rejected_unstored(context: ScenarioContext) -> None:
    """The error has no number; the same message is answered once DynamoDB is available."""
    user, backend = context.new_user(), context.backend
    backend.dynamodb.should_throttle = lambda *_: True
    message_id = backend.send_question(user)
    error = user.socket.receive()
    assert (error["type"], error["code"], error["retry_after"]) == ("error", "store_unavailable", 5)
    assert error["message_id"] == message_id
    assert "seq" not in error
    backend.dynamodb.should_throttle = None
    user.claude.script(SHORT_ANSWER)
    assert backend.ask(user, message_id=message_id)[-1]["type"] == "done"
    user.ask_follow_up()


@dataclass(frozen=True)
class ThrottledKey:
    """All requests for items whose key begins so are throttled: the turn fails, and the next one is answered."""

    name: str
    key: str

    def __call__(self, context: ScenarioContext) -> None:
        user, backend = context.new_user(), context.backend
        backend.dynamodb.should_throttle = lambda _, request: f'"{self.key}' in json.dumps(request)
        backend.send_question(user)
        last = user.socket.receive_until("error")[-1]
        assert (last["code"], last["retry_after"]) == ("store_unavailable", 5)
        backend.dynamodb.should_throttle = None
        user.claude.script(SHORT_ANSWER)
        assert backend.ask(user)[-1]["type"] == "done"
        user.ask_follow_up()


scenario(ThrottledKey("question_with_throttled_rate_limit_fails", "rate#"))
scenario(ThrottledKey("question_with_throttled_queue_fails", "conversation#"))
scenario(ThrottledKey("turn_with_throttled_cost_reservation_fails", "spend#"))


@scenario
def frames_that_could_not_be_stored_are_stored_later(context: ScenarioContext) -> None:
    """They are sent at once, and a `resume` after the turn returns all frames."""
    user, backend = context.new_user(), context.backend
    backend.dynamodb.should_throttle = first(2, is_put_of("turn#", "frames#00000002"))
    user.claude.script(step(LONG_ANSWER, READ), SHORT_ANSWER)
    frames = backend.ask(user)
    assert backend.dynamodb.throttled_count == 2
    assert frames[-1]["type"] == "done"
    backend.wait()
    assert user.resume(frames[0]["message_id"]) == frames
    user.ask_follow_up()


def during(seconds: float, selected: RequestFilter) -> RequestFilter:
    """Return a filter of requests that another one selects, for so long from the first of them."""
    ends_at: float | None = None

    def matches(operation: str, request: Mapping[str, Any]) -> bool:
        nonlocal ends_at
        if not selected(operation, request):
            return False
        ends_at = ends_at or time.monotonic() + seconds
        return time.monotonic() < ends_at

    return matches


@scenario
def end_of_a_turn_is_stored_after_an_outage_of_ten_seconds(context: ScenarioContext) -> None:
    """It is no lost turn: the client gets its answer, and the next question is answered."""
    user, backend = context.new_user(), context.backend
    user.claude.script(SHORT_ANSWER)
    backend.dynamodb.should_throttle = during(10, is_end_of_turn)
    frames = backend.ask(user)
    assert frames[-1]["type"] == "done"
    backend.wait()
    assert user.resume(frames[0]["message_id"]) == frames
    user.ask_follow_up()


@scenario
def end_of_a_turn_is_retried_while_dynamodb_is_throttled(context: ScenarioContext) -> None:
    """The answer is sent once, and the next question needn't wait."""
    user, backend = context.new_user(), context.backend
    user.claude.script(SHORT_ANSWER)
    backend.dynamodb.should_throttle = first(2, is_end_of_turn)
    frames = backend.ask(user)
    assert frames[-1]["type"] == "done"
    backend.wait()
    assert backend.dynamodb.throttled_count == 2
    assert user.resume(frames[0]["message_id"]) == frames
    user.ask_follow_up()


@scenario
def answer_is_sent_when_its_cost_cannot_be_settled(context: ScenarioContext) -> None:
    """The reservation stays in the day's sum."""
    user, backend = context.new_user(), context.backend
    backend.replace(cost_caps=replace(MAX_CAPS, turn=Decimal("0.01")))
    backend.dynamodb.should_throttle = lambda _, request: "remove #turn" in request.get("UpdateExpression", "")
    user.claude.script(SHORT_ANSWER)
    assert backend.ask(user)[-1]["type"] == "done"
    backend.wait()
    assert backend.dynamodb.throttled_count > 0
    (day,) = context.table.query(f"spend#{user.id}")
    assert day["held"] == 10_000
    user.ask_follow_up()


# Postgres


@scenario
def turn_without_postgres_fails_before_its_model_call(context: ScenarioContext) -> None:
    """The next question is answered once Postgres is back."""
    user, backend = context.new_user(), context.backend
    backend.postgres.disconnect()
    last = backend.ask(user)[-1]
    assert (last["code"], last["retry_after"]) == ("database_unavailable", 5)
    assert user.claude.requests() == []
    backend.postgres.reconnect()
    user.claude.script(SHORT_ANSWER)
    assert backend.ask(user)[-1]["type"] == "done"
    user.ask_follow_up()


@scenario
def tools_fail_and_messages_are_deferred_when_postgres_disconnects(context: ScenarioContext) -> None:
    """Claude gets the tools' errors, and the next prompt has all messages of the turn."""
    user, backend = context.new_user(), context.backend
    answer = "The books are closed."
    user.claude.script(add_disconnecting_tool(backend, user), step(READ, WRITE), text(answer))
    frames = backend.ask(user)
    assert frames[-1]["text"] == answer
    assert tool_states(frames)[1:] == [("get_spending_summary", "failed"), ("create_expense", "failed")]
    assert [error_code(result) for result in newest_results(user)] == ["database_unavailable"] * 2
    backend.wait()
    assert user.rows("expenses") == user.rows("effects") == []
    backend.postgres.reconnect()
    next_prompt = user.ask_follow_up()
    for expected in ("What now?", answer, "Nothing there."):
        assert expected in next_prompt
    assert [row["role"] for row in user.messages()] == ["user", "assistant"] * 4


@scenario
def answer_is_saved_by_the_next_turn_when_postgres_disconnects(context: ScenarioContext) -> None:
    """The answer is sent, and saved before the next question."""
    user, backend = context.new_user(), context.backend
    user.claude.script(add_disconnecting_tool(backend, user), SHORT_ANSWER)
    frames = backend.ask(user)
    assert frames[-1]["text"] == SHORT_TEXT
    backend.wait()
    assert len(user.messages()) < 4
    backend.postgres.reconnect()
    assert SHORT_TEXT in user.ask_follow_up()
    assert len(user.messages()) == 6
    costs = {str(row["id"]): row["cost_microdollars"] for row in user.rows("turns")}
    assert costs[frames[0]["message_id"]] == Decimal(frames[-1]["cost_usd"]) * 1_000_000


@scenario
def answer_is_sent_when_it_cannot_be_saved_anywhere(context: ScenarioContext) -> None:
    """The next question is answered without knowing it."""
    user, backend = context.new_user(), context.backend
    disconnecting = add_disconnecting_tool(backend, user, throttled=is_put_of("deferred#"))
    user.claude.script(disconnecting, SHORT_ANSWER)
    assert backend.ask(user)[-1]["text"] == SHORT_TEXT
    backend.wait()
    backend.postgres.reconnect()
    backend.dynamodb.should_throttle = None
    assert "What now?" in user.ask_follow_up()


@scenario
def write_whose_commit_response_is_lost_happens_once(context: ScenarioContext) -> None:
    """Its effect is found by its key, and reported."""
    user, backend = context.new_user(), context.backend
    user.claude.script(WRITE)
    backend.postgres.lose_commit_of(b"insert into effects")
    frames = backend.ask(user)
    assert backend.postgres.commit_lost.is_set()
    assert frames[-1]["text"].startswith(WRITE_TEXT)
    assert tool_states(frames) == [("create_expense", "done")]
    assert frames[-1]["undo"]
    assert len(user.rows("expenses")) == len(user.rows("effects")) == 1
    user.ask_follow_up()


@scenario
def messages_whose_commit_response_is_lost_are_saved_once(context: ScenarioContext) -> None:
    """The save is repeated, and each message is stored once."""
    user, backend = context.new_user(), context.backend
    user.claude.script(READ, SHORT_ANSWER)
    backend.postgres.lose_commit_of(b"insert into messages")
    frames = backend.ask(user)
    assert backend.postgres.commit_lost.is_set()
    assert frames[-1]["type"] == "done", frames[-1]
    backend.wait()
    assert len(user.messages()) == 4
    user.ask_follow_up()


@scenario
def write_beside_an_infinite_number_is_reported_and_remembered(context: ScenarioContext) -> None:
    """Only the call with the number fails; the write can be undone, and the next prompt has the step."""
    user = context.new_user()
    # httpx refuses to encode the number; the stand-in streams it as the model wrote it.
    replies = [step(WRITE, use("get_weather_forecast", days="DAYS")), step(SHORT_ANSWER)]
    scripts = json.dumps([{"match": {"text_contains": user.claude.marker}, "replies": replies}])
    assert user.claude.http.put("/_script", content=scripts.replace('"DAYS"', "1e400")).is_success
    frames = user.ask()
    assert tool_states(frames) == [("create_expense", "done")]
    last = frames[-1]
    assert (last["type"], len(last["undo"]), last["text"]) == ("done", 1, SHORT_TEXT), last
    assert len(user.rows("expenses")) == 1
    assert [error_code(result) for result in newest_results(user)] == [None, "invalid_quantity"]
    assert WRITE_TEXT in user.ask_follow_up()


@scenario
def write_is_reported_when_postgres_refuses_the_transcript(context: ScenarioContext) -> None:
    """As while it is unavailable: the write can be undone, and the next prompt has the step once it is accepted."""
    user = context.new_user()
    context.owner.execute(
        "create or replace function refuse() returns trigger language plpgsql as"
        " $$ begin raise exception 'refused' using errcode = 'check_violation'; end $$"
    )
    trigger = f"refuse_{user.id.hex}"
    context.owner.execute(
        f"create trigger {trigger} before insert on messages for each row when (new.user_id = '{user.id}')"  # type: ignore[arg-type]
        " execute function refuse()"
    )
    try:
        user.claude.script(WRITE_WITH_MORE_TO_DO, SHORT_ANSWER)
        last = user.ask()[-1]
        assert (last["type"], len(last["undo"])) == ("done", 1), last
        assert len(user.rows("expenses")) == 1
        assert user.rows("messages") == []
    finally:
        context.owner.execute(f"drop trigger {trigger} on messages")  # type: ignore[arg-type]
    prompt = user.ask_follow_up()
    assert WRITE_TEXT in prompt and SHORT_TEXT in prompt
    # The messages of a turn are stored behind its last frame.
    wait_until(lambda: [row["role"] for row in user.messages()] == ["user", "assistant"] * 3)


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(scenario: Scenario, wait_for_scenario: Callable[[Scenario], None]) -> None:
    """Each scenario states its behaviour in its name and its first line."""
    wait_for_scenario(scenario)
