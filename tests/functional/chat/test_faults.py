"""Claude's faults, each in a conversation of its own: what the traveller is told, what was done, and what comes next.

Whatever goes wrong, the frames are whole and kept, nothing is done twice, and the conversation's next question is
accepted by the strict stand-in and answered. The cases are played several at once, in the background.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from local.stand_ins.claude.faults import UNKNOWN_TOOL
from tests.functional.chat.chat_user import (
    ADDED,
    ANSWER,
    LONG,
    PIECES,
    READ,
    TALK,
    WRITE,
    WRITE_WITH_MORE,
    lines,
    said,
    told,
)
from tests.functional.chat.conftest import step, text, use
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name

SUMMARY = "get_spending_summary"
EXPENSE = "create_expense"

scenario = ScenarioList()


def broken(mode: str, *blocks: dict[str, Any], times: int | None = 1, **more: Any) -> dict[str, Any]:
    """A reply that fails `times` times, or always, and then is what it is."""
    return step(*(blocks or [text("Here you are.")]), fault={"mode": mode, "times": times} | more)


@dataclass(frozen=True)
class Case:
    """What Claude does, and what is to come of it."""

    name: str
    replies: tuple[dict[str, Any], ...]
    requests: int
    """Model calls, failed ones too: no fault is asked for more often than it may help."""
    ends: str = "done"
    """`done`, or the code of the error."""
    says: str = "Here you are."
    """The whole text of an answer; of an error, something that its sentence says."""
    streamed: str = ""
    """Before an error: the text that was told and stays."""
    retry_after: int | None = None
    truncated: bool = False
    tools: tuple[tuple[str, str], ...] = ()
    """Name and last state of each socket."""
    expenses: int = 0
    kept: tuple[str, ...] = ()
    """What the next question's request has of this one."""
    dropped: tuple[str, ...] = ()
    """What it doesn't have."""

    def __call__(self, context: ScenarioContext) -> None:
        user = context.new_user()
        user.claude.script(*self.replies)
        frames = user.ask()
        last = frames[-1]
        if self.ends == "done":
            assert last["type"] == "done", last
            assert last["text"] == self.says
            assert last["truncated"] is self.truncated
        else:
            assert last["type"] == "error", last
            assert last["code"] == self.ends
            assert self.says in last["message"]
            assert last.get("retry_after") == self.retry_after
            assert told(frames).strip() == self.streamed
        assert tuple(lines(frames)) == self.tools
        assert len(user.claude.requests()) == self.requests
        assert len(user.rows("expenses")) == len(user.rows("effects")) == self.expenses
        assert [turn["ended"] for turn in user.rows("turns")] == [self.ends]
        following = said(user.ask_follow_up())
        for words in ("What now?", self.streamed, *self.kept):
            assert words in following
        for words in self.dropped:
            assert words not in following
        user.messages()


BUSY = "Claude is very busy"
AWAY = "can't reach Claude"
BROKE_OFF = "broke off"
REFUSED = "can't help with that"
NO_ANSWER = "gave no answer"

LOOKED = ((SUMMARY, "done"),)
PAID = ((EXPENSE, "done"),)

for case in (
    # The only case that waits as long as the product does; others are in `test_faults_of_claude.py`.
    Case("silence in text", (broken("silence_in_text", TALK, seconds=60),), 1, "model_interrupted", BROKE_OFF, PIECES),
    # No reply at all
    Case("429, short wait", (broken("429", retry_after=1),), 2),
    Case("429, no wait", (broken("429", retry_after=0),), 2),
    Case("429, wait unknown", (broken("429"),), 2),
    Case("429, wait unknown, always", (broken("429", times=None),), 3, "model_busy", BUSY, retry_after=20),
    Case("429, long wait", (broken("429", times=None, retry_after=120),), 1, "model_busy", BUSY, retry_after=120),
    Case("spending limit", (broken("spend_cap", times=None),), 1, "model_unavailable", "spending limit"),
    Case("529", (broken("529"),), 2),
    Case("529, always", (broken("529", times=None),), 3, "model_busy", BUSY, retry_after=20),
    Case("500", (broken("500"),), 2),
    Case("503, always", (broken("503", times=None),), 3, "model_unavailable", AWAY, retry_after=10),
    Case("401", (broken("401", times=None),), 1, "model_unavailable", "isn't set up right"),
    Case("HTML", (broken("not_json"),), 2),
    Case("HTML, always", (broken("not_json", times=None),), 3, "model_unavailable", AWAY, retry_after=10),
    Case("429 after a tool", (READ, broken("429", retry_after=0)), 3, tools=LOOKED),
    Case(
        "529 after a write, always",
        (WRITE_WITH_MORE, broken("529", times=None)),
        4,
        "model_busy",
        BUSY,
        retry_after=20,
        tools=PAID,
        expenses=1,
        kept=(ADDED,),
    ),
    # A reply that breaks off
    Case("overloaded in text", (broken("overloaded_in_stream", TALK),), 1, "model_interrupted", BROKE_OFF, PIECES),
    Case("overloaded after a reading tool", (broken("overloaded_in_stream", READ), ANSWER), 2, tools=LOOKED),
    Case("overloaded after a write", (broken("overloaded_in_stream", WRITE),), 2, says=ADDED, tools=PAID, expenses=1),
    Case("cut before a block", (broken("cut_before_block"),), 2),
    Case(
        "cut before a block, always",
        (broken("cut_before_block", times=None),),
        3,
        "model_unavailable",
        AWAY,
        retry_after=10,
    ),
    Case("cut in text", (broken("cut_in_text", TALK),), 1, "model_interrupted", BROKE_OFF, PIECES),
    Case("cut in a reading tool's input", (broken("cut_in_tool_input", READ), ANSWER), 3, tools=LOOKED),
    Case("cut in a write's input", (broken("cut_in_tool_input", WRITE),), 2, says=ADDED, tools=PAID, expenses=1),
    Case(
        "cut in a tool's input after text",
        (broken("cut_in_tool_input", TALK, WRITE),),
        1,
        "model_interrupted",
        BROKE_OFF,
        LONG,
        dropped=(EXPENSE,),
    ),
    Case("cut after a reading tool", (broken("cut_after_tool_block", READ), ANSWER), 2, tools=LOOKED),
    Case(
        "cut after text and a reading tool",
        (broken("cut_after_tool_block", TALK, READ), ANSWER),
        2,
        says=f"{LONG}\n\nHere you are.",
        tools=LOOKED,
    ),
    Case("cut after a write", (broken("cut_after_tool_block", WRITE),), 2, says=ADDED, tools=PAID, expenses=1),
    Case(
        "cut after a write, always",
        (broken("cut_after_tool_block", WRITE, times=None),),
        3,
        "model_unavailable",
        AWAY,
        retry_after=10,
        dropped=(EXPENSE,),
    ),
    Case(
        "cut after text and a write",
        (broken("cut_after_tool_block", TALK, WRITE),),
        1,
        "model_interrupted",
        BROKE_OFF,
        LONG,
        dropped=(EXPENSE,),
    ),
    Case(
        "cut between a reading tool and a write",
        (broken("cut_after_tool_block", READ, WRITE), WRITE),
        2,
        says=ADDED,
        tools=LOOKED + PAID,
        expenses=1,
    ),
    Case("no end after text", (broken("no_message_stop", TALK),), 1, "model_interrupted", BROKE_OFF, LONG),
    Case("no end after a reading tool", (broken("no_message_stop", READ), ANSWER), 2, tools=LOOKED),
    Case("no end after a write", (broken("no_message_stop", WRITE),), 2, says=ADDED, tools=PAID, expenses=1),
    Case(
        "no end after a write, always",
        (broken("no_message_stop", WRITE, times=None),),
        3,
        "model_unavailable",
        AWAY,
        retry_after=10,
        dropped=(EXPENSE,),
    ),
    Case(
        "no end after a reading tool and a write",
        (broken("no_message_stop", READ, WRITE), WRITE),
        2,
        says=ADDED,
        tools=LOOKED + PAID,
        expenses=1,
    ),
    # A reply that ends badly
    Case("refusal", (broken("refusal", times=None),), 1, "model_refused", REFUSED),
    Case("refusal after text", (step(TALK, stop_reason="refusal"),), 1, "model_refused", REFUSED, LONG),
    Case(
        "refusal after a write",
        (step(WRITE, stop_reason="refusal"),),
        1,
        "model_refused",
        REFUSED,
        dropped=(EXPENSE,),
    ),
    Case("refusal after a tool", (READ, step(stop_reason="refusal")), 2, "model_refused", REFUSED, tools=LOOKED),
    Case("no more tokens in text", (broken("max_tokens", TALK),), 1, says=LONG[:36], truncated=True),
    Case(
        "no more room in the context",
        (step(TALK, stop_reason="model_context_window_exceeded"),),
        1,
        says=LONG,
        truncated=True,
    ),
    Case(
        "no more tokens in a tool's input",
        (broken("max_tokens_in_tool", WRITE), WRITE),
        2,
        says=ADDED,
        tools=PAID,
        expenses=1,
        kept=("malformed_json",),
    ),
    Case("nothing said", (step(),), 1, "model_interrupted", NO_ANSWER),
    Case("nothing said after a tool", (READ, step()), 2, "model_interrupted", NO_ANSWER, tools=LOOKED),
    # A tool that Claude calls wrongly
    Case(
        "a tool's input is no JSON",
        (broken("invalid_tool_json", WRITE), WRITE),
        2,
        says=ADDED,
        tools=PAID,
        expenses=1,
        kept=("malformed_json",),
    ),
    Case("an unknown tool", (broken("unknown_tool", READ), ANSWER), 2, kept=(UNKNOWN_TOOL, "unknown_tool")),
    Case(
        "an amount that can't be",
        (use(EXPENSE, amount=-45, category="fuel"), WRITE),
        2,
        says=ADDED,
        tools=PAID,
        expenses=1,
        kept=("invalid_amount",),
    ),
    Case(
        "an argument that isn't there",
        (use(EXPENSE, amount=45, category="fuel", station="Shell"), WRITE),
        2,
        says=ADDED,
        tools=PAID,
        expenses=1,
        kept=("invalid_request", "station"),
    ),
    Case(
        "a day that is too long ago",
        (use(EXPENSE, amount=45, category="fuel", date="2019-03-14"), ANSWER),
        2,
        tools=((EXPENSE, "failed"),),
        kept=("date_too_old",),
    ),
    Case(
        "the same write twice in a step",
        (step(WRITE, WRITE),),
        1,
        says=f"{ADDED}\n\n{ADDED}",
        tools=PAID * 2,
        expenses=2,
    ),
    Case(
        "the same write again in the next step",
        (step(READ, WRITE), use(EXPENSE, amount=45.0, category="fuel", description="", more_to_do=False)),
        2,
        says=ADDED,
        tools=LOOKED + PAID * 2,
        expenses=1,
    ),
    Case("tools without an end", (READ,), 8, "turn_timed_out", "took longer", tools=LOOKED * 8),
):
    scenario(case)


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_fault(scenario: Scenario, run_scenarios: Callable[[Scenario], None]) -> None:
    """The traveller is told as the case says, what was done is done once, and the conversation goes on."""
    run_scenarios(scenario)
