"""What the conversation rests on fails: Claude is silent, tools hang, DynamoDB is throttled, Postgres is gone."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from local.claude.cache import Usage
from local.claude.replies import Call, Say
from local.claude.replies import said as reply_of
from local.claude.server import CLAUDE_KEY
from local.claude.stream import Event, events
from local.stack import LocalStack
from pam.chat.limits import Limits
from pam.chat.parts import Workers
from pam.chat.switch import Switch
from pam.chat.turns import Turns
from pam.platform import aws
from pam.platform.clock import utc_now
from pam.tools.arguments import Arguments
from pam.tools.catalogue import TOOLS
from pam.tools.tool import Effect, Result, Tool, Written
from pam.upstream.claude import Claude
from pam.upstream.key import Key
from pam.upstream.source import Source
from tests.functional.chat.backstage import (
    LARGEST_CAPS,
    Backstage,
    Lines,
    Recital,
    Reciter,
    backstage,
    lay,
    make_claude,
)
from tests.functional.chat.conftest import step, text, use
from tests.functional.chat.scenes import Scene, gathered, lines, said, told, until

LONG = "The Needles district is quieter in November than the Island in the Sky."
PIECES = "The Needles district is quieter in"
ANSWER = text("Here you are.")

look = use("get_spending_summary", period="this_month")
pay = use("create_expense", amount=45, category="fuel")


@pytest.fixture(scope="module")
def all_lines(stack: LocalStack, lambda_environment: None) -> Iterator[Lines]:
    """Lines of this module's own: to cut them hurts nobody else."""
    with lay(stack) as lines:
        yield lines


@pytest.fixture
def behind(stack: LocalStack, all_lines: Lines) -> Iterator[Backstage]:
    """The functions in this process."""
    with backstage(stack, all_lines) as behind:
        yield behind


def test_backstage(scene: Scene, behind: Backstage) -> None:
    """Whole lines: an answer like everybody's, kept, and the conversation goes on in the stack's own functions."""
    scene.claude.says(step(look, pay), ANSWER)
    frames = behind.ask(scene)
    assert frames[-1]["type"] == "done", frames[-1]
    assert lines(frames) == [("get_spending_summary", "done"), ("create_expense", "done")]
    assert scene.resume(frames[0]["message_id"]) == frames
    assert "What now?" in said(scene.goes_on())


# Claude


def recited(*parts: Any, until: str = "message_stop", error: str | None = None) -> Recital:
    """A streamed reply up to the first event of that kind, with an error behind it."""
    body = b""
    for event in events("msg_01simulated", "claude-haiku-5-5", Usage(0, 0, 0, 100), reply_of(*parts)):
        body += event.encode()
        if event.kind == until:
            break
    if error:
        body += Event("error", {"type": "error", "error": {"type": error, "message": "x"}}).encode()
    return Recital(200, body, {"content-type": "text/event-stream"})


def refused(status: int, kind: str, **headers: str) -> Recital:
    """A refusal of the API's."""
    told = {"type": "error", "error": {"type": kind, "message": "x"}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Recital(status, json.dumps(told).encode(), {"content-type": "application/json"} | named)


def stream(body: bytes, **headers: str) -> Recital:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Recital(200, body, {"content-type": "text/event-stream"} | named)


_STOP = {"type": "content_block_stop", "index": 0}
WHOLE = recited(Say("Here you are."))
CALL = Call("create_expense", {"amount": 45, "category": "fuel"})


@dataclass(frozen=True)
class Case:
    """What comes from Claude's place, and what the traveller is told."""

    name: str
    recitals: tuple[Recital, ...]
    requests: int
    ends: str = "done"
    says: str = "Here you are."
    retry_after: int | None = None


AWAY = "can't reach Claude"
BUSY = "Claude is very busy"

RECITALS = (
    Case("400", (refused(400, "invalid_request_error"),), 1, "model_unavailable", "isn't set up right"),
    Case("413", (refused(413, "request_too_large"),), 1, "model_unavailable", "isn't set up right"),
    Case("overloaded before anything", (recited(until="", error="overloaded_error"), WHOLE), 2),
    Case("overloaded before a block", (recited(until="message_start", error="overloaded_error"), WHOLE), 2),
    Case("an error of the API's before a block", (recited(until="message_start", error="api_error"), WHOLE), 2),
    *(
        Case(f"a wait of {wait}", (refused(429, "rate_limit_error", retry_after=wait),), 3, "model_busy", BUSY, 20)
        for wait in ("Fri, 31 Dec 2049 23:59:59 GMT", "nan", "inf", "-5", "soon")
    ),
    Case("no end in a tool's input", (recited(CALL, until="input_json_delta"), WHOLE), 2),
    Case("no end after a tool", (recited(CALL, until="content_block_stop"), WHOLE), 2),
    Case("no end before anything", (stream(b""), WHOLE), 2),
    Case("an event that is no JSON", (stream(b'event: message_start\ndata: {"type": \n\n'), WHOLE), 2),
    Case("an event out of order", (stream(Event("content_block_stop", _STOP).encode()), WHOLE), 2),
    Case("JSON in place of a stream", (Recital(200, b"{}", {"content-type": "application/json"}), WHOLE), 2),
    Case("a broken encoding", (stream(b"no gzip", content_encoding="gzip"), WHOLE), 2),
)


@pytest.mark.parametrize("case", RECITALS, ids=lambda case: case.name)
def test_what_claude_says_is_not_what_it_should_be(case: Case, scene: Scene, behind: Backstage) -> None:
    """Told as the case says, asked no more often than may help, nothing written, and the conversation goes on."""
    reciter = Reciter(*case.recitals)
    behind.claude = make_claude(reciter.url)
    frames = behind.ask(scene)
    reciter.close()
    last = frames[-1]
    if case.ends == "done":
        assert (last["type"], last.get("text")) == ("done", case.says), last
    else:
        assert last.get("code") == case.ends, last
        assert case.says in last["message"]
        assert last.get("retry_after") == case.retry_after
    assert reciter.asked == case.requests
    assert scene.rows("expenses") == []
    assert "What now?" in said(scene.goes_on())


def test_silence_before_the_reply_is_waited_for_once_more(scene: Scene, behind: Backstage) -> None:
    """The second try answers."""
    behind.claude = make_claude(behind.stack.claude.url, silence_s=0.5)
    scene.claude.says(step(ANSWER, fault={"mode": "silence", "times": 1}))
    assert behind.ask(scene)[-1]["text"] == "Here you are."
    assert len(scene.claude.asked()) == 2
    scene.goes_on()


def test_silence_is_not_waited_for_a_third_time(scene: Scene, behind: Backstage) -> None:
    """Two tries, then a word about it."""
    behind.claude = make_claude(behind.stack.claude.url, silence_s=0.3)
    scene.claude.says(step(ANSWER, fault="silence"))
    last = behind.ask(scene)[-1]
    assert (last["code"], last["retry_after"]) == ("model_unavailable", 10)
    assert len(scene.claude.asked()) == 2
    scene.goes_on()


def test_silence_in_text_is_told_and_the_text_stays(scene: Scene, behind: Backstage) -> None:
    """What was said is not said again; the next question has it."""
    behind.claude = make_claude(behind.stack.claude.url, silence_s=0.5)
    scene.claude.says(step(text(LONG), fault="silence_in_text"))
    frames = behind.ask(scene)
    assert frames[-1]["code"] == "model_interrupted"
    assert told(frames).strip() == PIECES
    assert len(scene.claude.asked()) == 1
    assert PIECES in said(scene.goes_on())


def test_silence_after_a_tool_leaves_its_result(scene: Scene, behind: Backstage) -> None:
    """The tool isn't run again."""
    behind.claude = make_claude(behind.stack.claude.url, silence_s=0.5)
    scene.claude.says(step(look, fault={"mode": "silence_in_text", "times": 1}), ANSWER)
    frames = behind.ask(scene)
    assert frames[-1]["text"] == "Here you are."
    assert lines(frames) == [("get_spending_summary", "done")]
    assert len(scene.claude.asked()) == 2
    scene.goes_on()


def test_silence_after_a_write_does_not_write(scene: Scene, behind: Backstage) -> None:
    """Written once, by the second reply."""
    behind.claude = make_claude(behind.stack.claude.url, silence_s=0.5)
    scene.claude.says(step(pay, fault={"mode": "silence_in_text", "times": 1}))
    assert behind.ask(scene)[-1]["type"] == "done"
    assert len(scene.rows("expenses")) == len(scene.rows("effects")) == 1
    scene.goes_on()


def test_nobody_listens_in_claudes_place(scene: Scene, behind: Backstage) -> None:
    """Connections that are refused."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    behind.claude = make_claude(url)
    last = behind.ask(scene)[-1]
    assert (last["code"], last["retry_after"]) == ("model_unavailable", 10)
    scene.goes_on()


def test_nobody_answers_in_claudes_place(scene: Scene, behind: Backstage) -> None:
    """Connections that are taken, and not a byte."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        behind.claude = make_claude(f"http://127.0.0.1:{deaf.getsockname()[1]}", silence_s=0.2)
        last = behind.ask(scene)[-1]
    assert (last["code"], last["retry_after"]) == ("model_unavailable", 10)
    scene.goes_on()


def test_a_new_key_is_found_after_the_old_one_was_refused(scene: Scene, behind: Backstage) -> None:
    """One question fails, the next one reads the secret again."""
    keys = ["sk-ant-old", CLAUDE_KEY]
    secret = Key(Source.CLAUDE, lambda: json.dumps({"key": keys.pop(0)}))
    behind.claude = Claude(behind.stack.claude.url, secret)
    scene.claude.says(ANSWER)
    assert behind.ask(scene)[-1]["code"] == "model_unavailable"
    assert behind.ask(scene)[-1]["type"] == "done"
    scene.goes_on()


def test_no_key_is_told_like_a_refused_one(scene: Scene, behind: Backstage) -> None:
    """The secret is empty: nothing is asked."""
    behind.claude = Claude(behind.stack.claude.url, Key(Source.CLAUDE, lambda: json.dumps({"key": ""})))
    assert behind.ask(scene)[-1]["code"] == "model_unavailable"
    assert scene.claude.asked() == []
    scene.goes_on()


def test_a_worker_whose_time_is_over_says_so(scene: Scene, behind: Backstage) -> None:
    """Claude is slow beyond the function's own timeout: the traveller hears of it before the function is killed."""
    behind.seconds = 9.5
    scene.claude.says(step(text(LONG), fault="silence_in_text"))
    frames = behind.ask(scene)
    assert frames[-1]["code"] == "turn_too_long"
    assert PIECES in said(scene.goes_on())


# Tools


class _Nothing(Arguments):
    """No arguments."""


def reader(name: str, read: Callable[[], Result], timeout_s: float = 0.5) -> Tool[Any]:
    return Tool(name, "x", _Nothing, Effect.READ, lambda _: "Having a look", lambda *_: read(), timeout_s=timeout_s)


def writer(name: str, write: Callable[[], Written], timeout_s: float = 0.5) -> Tool[Any]:
    return Tool(
        name, "x", _Nothing, Effect.OWN, lambda _: "Writing it down", write=lambda *_: write(), timeout_s=timeout_s
    )


def nothing_found() -> Result:
    return Result("Nothing there.", {}, "A test", "2026-11-22T10:00:00+00:00")


def results(scene: Scene) -> list[dict[str, Any]]:
    """The newest tool results that Claude was sent."""
    blocks: list[dict[str, Any]] = scene.claude.asked()[-1]["body"]["messages"][-1]["content"]
    return blocks


def fault_of(block: Mapping[str, Any]) -> str | None:
    """The code of a failed result."""
    code = json.loads(block["content"]).get("error", {}).get("code")
    assert (code is not None) is block.get("is_error", False)
    return code


def test_a_tool_that_hangs_is_left_behind(scene: Scene, behind: Backstage) -> None:
    """Its neighbour's result is used; Claude hears that there is none from it."""

    def hang() -> Result:
        behind.released.wait(60)
        return nothing_found()

    behind.tools = TOOLS | {"hang": reader("hang", hang)}
    scene.claude.says(step(use("hang"), look), ANSWER)
    frames = behind.ask(scene)
    behind.released.set()
    assert frames[-1]["text"] == "Here you are."
    assert lines(frames) == [("hang", "failed"), ("get_spending_summary", "done")]
    assert [fault_of(block) for block in results(scene)] == ["tool_timed_out", None]
    scene.goes_on()


def test_a_write_that_hangs_is_neither_promised_nor_denied(scene: Scene, behind: Backstage) -> None:
    """It may still happen, and does, once."""

    def hang() -> Written:
        behind.released.wait(60)
        return Written("Written.", {}, "A test", {})

    behind.tools = TOOLS | {"hang": writer("hang", hang)}
    scene.claude.says(use("hang"), text("I can't say whether that was done."))
    frames = behind.ask(scene)
    assert frames[-1]["text"] == "I can't say whether that was done."
    assert "can't say whether it was done" in results(scene)[0]["content"]
    assert scene.rows("effects") == []
    behind.released.set()
    until(lambda: len(scene.rows("effects")) == 1)
    scene.goes_on()


def test_a_result_of_five_megabytes_is_not_sent(scene: Scene, behind: Backstage) -> None:
    """Claude is told to ask for less."""
    big = Result("Much.", {"rows": "x" * 5_000_000}, "A test", "2026-11-22T10:00:00+00:00")
    behind.tools = TOOLS | {"all": reader("all", lambda: big, timeout_s=30)}
    scene.claude.says(use("all"), ANSWER)
    frames = behind.ask(scene)
    assert frames[-1]["text"] == "Here you are."
    assert lines(frames) == [("all", "failed")]
    assert [fault_of(block) for block in results(scene)] == ["tool_result_too_large"]
    scene.goes_on()


def test_a_tool_that_breaks_tells_nothing_of_its_insides(scene: Scene, behind: Backstage) -> None:
    """Neither the traveller nor Claude reads the exception."""

    def fail() -> Result:
        raise RuntimeError("password=hunter2")

    behind.tools = TOOLS | {"fail": reader("fail", fail)}
    scene.claude.says(use("fail"), ANSWER)
    frames = behind.ask(scene)
    assert frames[-1]["text"] == "Here you are."
    assert [fault_of(block) for block in results(scene)] == ["internal_error"]
    assert "hunter2" not in json.dumps(frames) + said(scene.goes_on())


def test_a_write_that_breaks_is_not_half_done(scene: Scene, behind: Backstage) -> None:
    """The ledger's row goes with it, so that the same call may come again."""
    tries = iter([RuntimeError("x"), None])

    def fail_once() -> Written:
        fault = next(tries)
        if fault is not None:
            raise fault
        return Written("Written.", {}, "A test", {})

    behind.tools = TOOLS | {"fail": writer("fail", fail_once, timeout_s=30)}
    scene.claude.says(use("fail"), use("fail"))
    frames = behind.ask(scene)
    assert frames[-1]["text"] == "Written."
    assert lines(frames) == [("fail", "failed"), ("fail", "done")]
    assert len(scene.rows("effects")) == 1
    scene.goes_on()


# What it may cost, and whether it is on


def test_a_turn_that_is_too_dear_ends_after_what_it_did(scene: Scene, behind: Backstage) -> None:
    """The tool has run, its result is kept, and no further call is made."""
    limits = Limits(behind.chat.table, replace(LARGEST_CAPS, turn=Decimal("0.000001")), utc_now)
    behind.chat = replace(behind.chat, limits=limits)
    scene.claude.says(use("create_expense", amount=45, category="fuel", more_to_do=True), ANSWER)
    frames = behind.ask(scene)
    assert frames[-1]["code"] == "turn_too_dear"
    assert lines(frames) == [("create_expense", "done")]
    assert len(scene.claude.asked()) == len(scene.rows("expenses")) == 1
    assert "Added $45.00 for fuel." in said(scene.goes_on())


def test_the_day_of_all_travellers_is_used_up(scene: Scene, behind: Backstage) -> None:
    """Told with the time until tomorrow; quick questions still work, and Claude isn't asked."""
    limits = Limits(behind.chat.table, replace(LARGEST_CAPS, stage_day=Decimal(0)), utc_now)
    behind.chat = replace(behind.chat, limits=limits)
    last = behind.ask(scene)[-1]
    assert last["code"] == "daily_limit_reached"
    assert 0 < last["retry_after"] <= 86_400
    assert scene.claude.asked() == []
    assert behind.ask(scene, text="How much did I spend on gas this month?")[-1]["tier"] == 1
    scene.goes_on()


def test_the_conversation_is_switched_off_and_on(scene: Scene, behind: Backstage, stack: LocalStack) -> None:
    """Off: told so, quick questions still work. On again: answered. A switch that can't be read is on."""
    name = f"/test/{scene.id}"
    ssm = aws.client("ssm")
    ssm.put_parameter(Name=name, Value="off", Type="String")
    behind.chat = replace(behind.chat, switch=Switch(ssm, name))
    last = behind.ask(scene)[-1]
    assert (last["code"], last["retry_after"]) == ("chat_switched_off", 300)
    assert scene.claude.asked() == []
    assert behind.ask(scene, text="How much did I spend on gas this month?")[-1]["tier"] == 1
    scene.claude.says(ANSWER)
    ssm.put_parameter(Name=name, Value="on", Type="String", Overwrite=True)
    for switch in (Switch(ssm, name), Switch(ssm, "/test/nothing-there")):
        behind.chat = replace(behind.chat, switch=switch)
        assert behind.ask(scene)[-1]["type"] == "done"
    scene.goes_on()


# Workers


def test_an_invocation_that_comes_twice_answers_once(scene: Scene, behind: Backstage) -> None:
    """At the same instant, and once more afterwards."""
    behind.delivered = 2
    scene.claude.says(pay)
    frames = behind.ask(scene)
    assert frames[-1]["type"] == "done"
    behind.start(scene.id, UUID(frames[0]["message_id"]))
    behind.wait()
    assert len(scene.claude.asked()) == len(scene.rows("expenses")) == len(scene.rows("turns")) == 1
    assert scene.resume(frames[0]["message_id"]) == frames
    scene.goes_on()


def test_no_worker_can_be_had(scene: Scene, behind: Backstage) -> None:
    """Told at once, and the line of the conversation is free again."""
    behind.workers = Workers(aws.client("lambda"), "nobody:live")
    last = behind.ask(scene)[-1]
    assert (last["code"], last["retry_after"]) == ("model_unavailable", 5)
    scene.goes_on()


def test_a_worker_that_was_taken_for_dead_speaks_no_more(scene: Scene, behind: Backstage) -> None:
    """It was frozen longer than its lease: the traveller was told, and hears nothing else of it."""
    begun = threading.Event()

    def hang() -> Result:
        begun.set()
        behind.released.wait(60)
        return nothing_found()

    behind.tools = TOOLS | {"hang": reader("hang", hang, timeout_s=60)}
    scene.claude.says(step(use("hang"), pay), ANSWER)
    message_id = str(uuid4())
    behind.send(scene, "chat", message_id=message_id, text=f"What now? {scene.claude.word}")
    assert begun.wait(30)
    later = Turns(behind.chat.table, lambda: utc_now() + timedelta(minutes=1))
    present, behind.chat = behind.chat, replace(behind.chat, turns=later)
    behind.send(scene, "resume", message_id=message_id, after=0)
    behind.chat = present
    noticed = threading.Event()
    behind.dynamodb.refuses = lambda operation, request: bool(beats(operation, request) and noticed.set())
    frames = gathered(scene.line)
    assert frames[-1]["code"] == "turn_lost"
    assert noticed.wait(30)
    behind.released.set()
    behind.wait()
    assert scene.resume(message_id) == frames
    scene.conversation = frames[0]["conversation_id"]
    scene.goes_on()
    scene.messages()


def beats(operation: str, request: Mapping[str, Any]) -> bool:
    return operation == "UpdateItem" and "#alive_until" in request["UpdateExpression"]


# DynamoDB


def test_dynamodb_is_away_before_anything(scene: Scene, behind: Backstage) -> None:
    """Told without a number, since nothing is kept; the same message is answered once when it comes again."""
    behind.dynamodb.refuses = lambda *_: True
    message_id = str(uuid4())
    behind.send(scene, "chat", message_id=message_id, text=f"What now? {scene.claude.word}")
    refusal = scene.line.next()
    assert (refusal["type"], refusal["code"], refusal["retry_after"]) == ("error", "store_unavailable", 5)
    assert "message_id" not in refusal
    behind.dynamodb.refuses = None
    scene.claude.says(ANSWER)
    assert behind.ask(scene, message_id=message_id)[-1]["type"] == "done"
    scene.goes_on()


def of(operation: str, key: str, item: str = "") -> Callable[[str, Mapping[str, Any]], bool]:
    """Operations of this name on items whose key begins so, and whose name does."""

    def fits(asked: str, request: Mapping[str, Any]) -> bool:
        found = request.get("Key") or request.get("Item") or {}
        return (
            asked == operation
            and found.get("key", {}).get("S", "").startswith(key)
            and found.get("item", {}).get("S", "").startswith(item)
        )

    return fits


def times(count: int, refuses: Callable[[str, Mapping[str, Any]], bool]) -> Callable[[str, Mapping[str, Any]], bool]:
    """The first `count` of these."""
    left = count

    def fits(asked: str, request: Mapping[str, Any]) -> bool:
        nonlocal left
        if left and refuses(asked, request):
            left -= 1
            return True
        return False

    return fits


@pytest.mark.parametrize("key", ["rate#", "conversation#", "spend#"])
def test_dynamodb_refuses_on_the_way_in(key: str, scene: Scene, behind: Backstage) -> None:
    """Told, nothing asked; afterwards the conversation goes on."""
    behind.dynamodb.refuses = lambda _, request: f'"{key}' in json.dumps(request)
    behind.send(scene, "chat", message_id=str(uuid4()), text=f"What now? {scene.claude.word}")
    last = scene.line.until("error")[-1]
    assert (last["code"], last["retry_after"]) == ("store_unavailable", 5)
    behind.dynamodb.refuses = None
    scene.claude.says(ANSWER)
    assert behind.ask(scene)[-1]["type"] == "done"
    scene.goes_on()


def test_frames_that_were_not_kept_are_kept_later(scene: Scene, behind: Backstage) -> None:
    """Told all the same; who resumes afterwards gets them all, without a gap."""
    behind.dynamodb.refuses = times(2, of("PutItem", "turn#", "frames#00000002"))
    scene.claude.says(step(text(LONG), look), ANSWER)
    frames = behind.ask(scene)
    assert behind.dynamodb.refused == 2
    assert frames[-1]["type"] == "done"
    behind.wait()
    assert scene.resume(frames[0]["message_id"]) == frames
    scene.goes_on()


def test_the_end_is_kept_though_dynamodb_hesitates(scene: Scene, behind: Backstage) -> None:
    """The state's last write fails at first: the answer is told once, and the next question needn't wait."""
    scene.claude.says(ANSWER)
    behind.dynamodb.refuses = times(2, ends)
    frames = behind.ask(scene)
    assert frames[-1]["type"] == "done"
    behind.wait()
    assert behind.dynamodb.refused == 2
    assert scene.resume(frames[0]["message_id"]) == frames
    scene.goes_on()


def ends(operation: str, request: Mapping[str, Any]) -> bool:
    values = request.get("ExpressionAttributeValues", {})
    return operation == "UpdateItem" and {"S": "ended"} in values.values()


def test_a_cost_that_was_not_counted_costs_no_answer(scene: Scene, behind: Backstage) -> None:
    """Logged, and told as always."""
    behind.dynamodb.refuses = of("UpdateItem", "spend#")
    scene.claude.says(ANSWER)
    assert behind.ask(scene)[-1]["type"] == "done"
    behind.wait()
    assert behind.dynamodb.refused > 0
    scene.goes_on()


# Postgres


def test_postgres_is_gone_before_the_turn(scene: Scene, behind: Backstage) -> None:
    """Told, nothing asked; the next question is answered."""
    behind.postgres.pull()
    last = behind.ask(scene)[-1]
    assert (last["code"], last["retry_after"]) == ("database_unavailable", 5)
    assert scene.claude.asked() == []
    behind.postgres.put_back()
    scene.claude.says(ANSWER)
    assert behind.ask(scene)[-1]["type"] == "done"
    scene.goes_on()


def test_postgres_goes_in_the_middle(scene: Scene, behind: Backstage) -> None:
    """Tools fail and Claude hears why; what was said is kept elsewhere, and the next question has it all."""

    def pull() -> Result:
        behind.postgres.pull()
        return nothing_found()

    behind.tools = TOOLS | {"pull": reader("pull", pull, timeout_s=30)}
    scene.claude.says(use("pull"), step(look, pay), text("The books are closed."))
    frames = behind.ask(scene)
    assert frames[-1]["text"] == "The books are closed."
    assert lines(frames)[1:] == [("get_spending_summary", "failed"), ("create_expense", "failed")]
    assert [fault_of(block) for block in results(scene)] == ["database_unavailable"] * 2
    behind.wait()
    assert scene.rows("expenses") == scene.rows("effects") == []
    behind.postgres.put_back()
    following = said(scene.goes_on())
    assert "What now?" in following and "The books are closed." in following and "Nothing there." in following
    assert [row["role"] for row in scene.messages()] == ["user", "assistant"] * 4


def test_postgres_goes_at_the_end(scene: Scene, behind: Backstage) -> None:
    """The answer is told; the next question's worker saves it first."""

    def pull() -> Result:
        behind.postgres.pull()
        return nothing_found()

    behind.tools = TOOLS | {"pull": reader("pull", pull, timeout_s=30)}
    scene.claude.says(use("pull"), ANSWER)
    frames = behind.ask(scene)
    assert frames[-1]["text"] == "Here you are."
    behind.wait()
    assert len(scene.messages()) < 4
    behind.postgres.put_back()
    assert "Here you are." in said(scene.goes_on())
    assert len(scene.messages()) == 6


def test_an_unheard_commit_is_not_done_again(scene: Scene, behind: Backstage) -> None:
    """The line broke before Postgres could say that it was done: Claude asks again, and is told what was done."""
    scene.claude.says(pay, pay)
    behind.postgres.lose_commit_of(b"insert into effects")
    frames = behind.ask(scene)
    assert behind.postgres.lost.is_set()
    assert frames[-1]["text"].startswith("Added $45.00 for fuel.")
    assert lines(frames) == [("create_expense", "failed"), ("create_expense", "done")]
    assert len(scene.rows("expenses")) == len(scene.rows("effects")) == 1
    scene.goes_on()


def test_an_unheard_save_is_not_saved_twice(scene: Scene, behind: Backstage) -> None:
    """The messages are there, though nobody heard so: the answer is told, and they are there once."""
    scene.claude.says(look, ANSWER)
    behind.postgres.lose_commit_of(b"insert into messages")
    frames = behind.ask(scene)
    assert behind.postgres.lost.is_set()
    assert frames[-1]["type"] == "done", frames[-1]
    behind.wait()
    assert len(scene.messages()) == 4
    scene.goes_on()


def test_postgres_and_dynamodb_are_both_gone_at_the_end(scene: Scene, behind: Backstage) -> None:
    """The answer is told; the next question doesn't know it, and is answered all the same."""

    def pull() -> Result:
        behind.postgres.pull()
        behind.dynamodb.refuses = of("PutItem", "conversation#")
        return nothing_found()

    behind.tools = TOOLS | {"pull": reader("pull", pull, timeout_s=30)}
    scene.claude.says(use("pull"), ANSWER)
    assert behind.ask(scene)[-1]["text"] == "Here you are."
    behind.wait()
    behind.postgres.put_back()
    behind.dynamodb.refuses = None
    assert "What now?" in said(scene.goes_on())


def test_a_confirmation_without_postgres_is_done_when_it_comes_again(scene: Scene, behind: Backstage) -> None:
    """The yes holds; it is done once."""
    scene.claude.says(use("create_post", content="Quiet at Goblin Valley."))
    frames = behind.ask(scene)
    asked = next(frame for frame in frames if frame["type"] == "confirm_request")
    yes = {"confirmation_id": asked["confirmation_id"], "decision": "yes", "digest": asked["digest"]}
    behind.wait()
    behind.postgres.pull()
    behind.send(scene, "confirm", **yes)
    refusal = scene.line.next()
    assert (refusal["code"], refusal["retry_after"]) == ("database_unavailable", 5)
    behind.postgres.put_back()
    behind.send(scene, "confirm", **yes)
    assert scene.line.next()["type"] == "confirmed"
    assert len(scene.rows("posts", "author_id")) == 1
    assert "is published" in said(scene.goes_on())
