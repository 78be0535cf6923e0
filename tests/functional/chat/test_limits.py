"""Limits on questions and costs, and the kill switch."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from pam.chat.lifecycle.kill_switch import KillSwitch
from pam.chat.lifecycle.limits import ChatLimits, CostCaps
from pam.platform import aws
from pam.platform.clock import utc_now
from pam.platform.dynamodb import DynamoTable
from pam.platform.errors import PamError
from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.claude_scripts import (
    LONG_ANSWER,
    SHORT_ANSWER,
    SHORT_TEXT,
    WRITE_TEXT,
    WRITE_WITH_MORE_TO_DO,
    pausing_reply,
)
from tests.functional.chat.frames import tool_states
from tests.functional.chat.in_process_backend import MAX_CAPS
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name

FAST_QUESTION = "How much did I spend on gas this month?"

scenario = ScenarioList()


@scenario
def question_beyond_the_rate_limit_is_rejected(context: ScenarioContext) -> None:
    """The message isn't stored: sent again later, it is answered."""
    user = context.new_user()
    now = datetime.now(UTC)
    bucket = (f"rate#{user.id}", "questions")
    context.table.put(bucket, {"full_at": (now + timedelta(hours=1)).timestamp()}, now + timedelta(days=2))
    message_id = user.send()
    error = user.socket.receive()
    assert (error["type"], error["code"]) == ("error", "rate_limited")
    assert 3400 < error["retry_after"] <= 3600
    assert error["message_id"] == message_id
    assert "seq" not in error
    context.table.delete(*bucket)
    user.claude.script(SHORT_ANSWER)
    assert user.ask(message_id=message_id)[-1]["text"] == SHORT_TEXT
    assert len(user.claude.requests()) == 1
    user.ask_follow_up()


@contextmanager
def exhausted_user_day(context: ScenarioContext, user: ChatUser) -> Iterator[None]:
    """The user has reached their daily cost cap for the duration of the context."""
    cap = Decimal(context.stack.environment_of("chat")["CHAT_USER_DAY_CAP_USD"])
    now = datetime.now(UTC)
    days = [(now + timedelta(days=ahead)).date().isoformat() for ahead in range(2)]
    for day in days:
        context.table.put((f"spend#{user.id}", day), {"held": int(cap * 1_000_000)}, now + timedelta(days=2))
    yield
    for day in days:
        context.table.delete(f"spend#{user.id}", day)


@scenario
def question_beyond_the_user_day_cap_makes_no_model_call(context: ScenarioContext) -> None:
    """The error has the seconds until tomorrow, and fast questions are still answered."""
    user = context.new_user()
    with exhausted_user_day(context, user):
        last = user.ask()[-1]
        assert last["code"] == "daily_limit_reached"
        assert 0 < last["retry_after"] <= 86_400
        assert user.claude.requests() == []
        assert user.socket.ask(FAST_QUESTION)[-1]["tier"] == 1
    user.claude.script(SHORT_ANSWER)
    assert user.ask()[-1]["type"] == "done"
    user.ask_follow_up()


@scenario
def user_day_cap_is_checked_when_the_turn_starts(context: ScenarioContext) -> None:
    """A question that waits behind the one that exhausts the day fails."""
    user = context.new_user()
    user.claude.script(pausing_reply(LONG_ANSWER, seconds=1))
    first = user.send()
    user.receive_until_pause()
    second = user.send()
    user.socket.receive_until("queued")
    with exhausted_user_day(context, user):
        ends = [user.socket.receive_until("done", "error")[-1] for _ in range(2)]
    assert [(end["message_id"], end.get("code")) for end in ends] == [(first, None), (second, "daily_limit_reached")]
    user.ask_follow_up()


@scenario
def question_beyond_the_stage_day_cap_makes_no_model_call(context: ScenarioContext) -> None:
    """The error has the seconds until tomorrow, and fast questions are still answered."""
    user, backend = context.new_user(), context.backend
    backend.replace(cost_caps=replace(MAX_CAPS, stage_day=Decimal(0)))
    last = backend.ask(user)[-1]
    assert last["code"] == "daily_limit_reached"
    assert 0 < last["retry_after"] <= 86_400
    assert user.claude.requests() == []
    assert backend.ask(user, FAST_QUESTION)[-1]["tier"] == 1
    user.ask_follow_up()


@scenario
def turn_beyond_its_cost_cap_ends_with_its_writes_kept(context: ScenarioContext) -> None:
    """No further model call is made after the tool; its write is reported, and can be undone."""
    user, backend = context.new_user(), context.backend
    backend.replace(cost_caps=replace(MAX_CAPS, turn=Decimal("0.000001")))
    user.claude.script(WRITE_WITH_MORE_TO_DO, SHORT_ANSWER)
    frames = backend.ask(user)
    assert frames[-1]["code"] == "cost_exceeded"
    assert tool_states(frames) == [("create_expense", "done")]
    assert len(user.claude.requests()) == len(user.rows("expenses")) == 1
    assert WRITE_TEXT in user.ask_follow_up()
    (undo,) = frames[-1]["undo"]
    assert undo["text"].startswith(WRITE_TEXT)
    assert user.http.delete(undo["href"]).status_code == 200
    assert all(row["undone_at"] for row in user.rows("expenses"))


@scenario
def kill_switch_rejects_questions_while_it_is_off(context: ScenarioContext) -> None:
    """Fast questions are still answered; a parameter that can't be read counts as on."""
    user, backend = context.new_user(), context.backend
    parameter = f"/test/{user.id}"
    ssm = aws.client("ssm")
    ssm.put_parameter(Name=parameter, Value="off", Type="String")
    backend.replace(kill_switch=KillSwitch(ssm, parameter))
    last = backend.ask(user)[-1]
    assert (last["code"], last["retry_after"]) == ("chat_disabled", 300)
    assert user.claude.requests() == []
    assert backend.ask(user, FAST_QUESTION)[-1]["tier"] == 1
    user.claude.script(SHORT_ANSWER)
    ssm.put_parameter(Name=parameter, Value="on", Type="String", Overwrite=True)
    for each in (parameter, "/test/missing-parameter"):
        backend.replace(kill_switch=KillSwitch(ssm, each))
        assert backend.ask(user)[-1]["type"] == "done"
    user.ask_follow_up()


def test_concurrent_turns_exceed_the_daily_cap_by_at_most_one(chat_table: DynamoTable) -> None:
    """Of 50 turns at once, as many start as the cap has room for, and every later one is rejected."""
    caps = CostCaps(turn=Decimal("0.05"), user_day=Decimal("0.50"), stage_day=Decimal(1000))
    user_id = uuid4()

    def reserve(_: int) -> bool:
        try:
            ChatLimits(chat_table, caps, utc_now).reserve_user(user_id, uuid4())
        except PamError as error:
            assert error.error.code == "daily_limit_reached"
            return False
        return True

    with ThreadPoolExecutor(50) as pool:
        started = sum(pool.map(reserve, range(50)))
    assert started * caps.turn <= caps.user_day + caps.turn
    assert started == 10


def test_settled_cost_is_rounded_as_the_turns_is(chat_table: DynamoTable) -> None:
    """To the microdollar, so that the day's sum is that of its turns."""
    limits = ChatLimits(chat_table, CostCaps(*map(Decimal, ("0.05", "0.50", "1000"))), utc_now)
    user_id, held = uuid4(), 0
    for cost in ("0.0000015", "0.0123456", "0.0000004"):
        reservation = limits.reserve_user(user_id, uuid4())
        limits.settle_user(reservation, Decimal(cost))
        held += round(Decimal(cost) * 1_000_000)
    item = chat_table.get(f"spend#{user_id}", reservation.day)
    assert item is not None and item["held"] == held == 12_348


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(scenario: Scenario, wait_for_scenario: Callable[[Scenario], None]) -> None:
    """Each scenario states its behaviour in its name and its first line."""
    wait_for_scenario(scenario)
