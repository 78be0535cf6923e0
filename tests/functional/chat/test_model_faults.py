"""Faults of Claude that the stand-in simulates, each in a conversation of its own.

Whatever fails, the frames are complete and stored, nothing is done twice, and the conversation's next request is valid.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from local.stand_ins.claude.faults import UNKNOWN_TOOL
from tests.functional.chat.claude_scripts import (
    LONG_ANSWER,
    LONG_TEXT,
    LONG_TEXT_START,
    READ,
    SHORT_ANSWER,
    SHORT_TEXT,
    WRITE,
    WRITE_TEXT,
    WRITE_WITH_MORE_TO_DO,
    failing_reply,
    step,
    use,
)
from tests.functional.chat.frames import streamed_text, tool_states
from tests.functional.chat.scenarios import Scenario, ScenarioContext, ScenarioList, scenario_name

SUMMARY = "get_spending_summary"
EXPENSE = "create_expense"

scenario = ScenarioList()


@dataclass(frozen=True)
class FaultCase:
    """The replies of Claude, the number of model calls, and the expected end of the turn."""

    name: str
    replies: tuple[dict[str, Any], ...]
    requests: int
    """Model calls with failed ones."""
    outcome: str = "done"
    """`done`, or the code of the error."""
    text: str = SHORT_TEXT
    """The whole text of an answer, or a part of an error's message."""
    streamed: str = ""
    """Before an error: the text that was sent."""
    retry_after: int | None = None
    truncated: bool = False
    tools: tuple[tuple[str, str], ...] = ()
    """Names and last states."""
    expenses: int = 0
    is_in_context: bool = True
    """Whether later prompts contain the turn."""
    in_next_prompt: tuple[str, ...] = ()
    not_in_next_prompt: tuple[str, ...] = ()

    def __call__(self, context: ScenarioContext) -> None:
        user = context.new_user()
        user.claude.script(*self.replies)
        frames = user.ask()
        last = frames[-1]
        if self.outcome == "done":
            assert last["type"] == "done", last
            assert last["text"] == self.text
            assert last["truncated"] is self.truncated
        else:
            assert last["type"] == "error", last
            assert last["code"] == self.outcome
            assert self.text in last["message"]
            assert last.get("retry_after") == self.retry_after
            assert streamed_text(frames).strip() == self.streamed
        assert tuple(tool_states(frames)) == self.tools
        assert len(user.claude.requests()) == self.requests
        assert len(user.rows("expenses")) == len(user.rows("effects")) == self.expenses
        assert [turn["ended"] for turn in user.rows("turns")] == [self.outcome]
        next_prompt = user.ask_follow_up()
        assert ("What now?" in next_prompt) is self.is_in_context
        if self.streamed:
            assert (self.streamed in next_prompt) is self.is_in_context
        for expected in self.in_next_prompt:
            assert expected in next_prompt
        for unexpected in self.not_in_next_prompt:
            assert unexpected not in next_prompt
        user.messages()


BUSY = "Claude is very busy"
UNREACHABLE = "can't reach Claude"
INTERRUPTED = "broke off"
REFUSED = "can't help with that"

READ_DONE = ((SUMMARY, "done"),)
WRITE_DONE = ((EXPENSE, "done"),)


def interrupted(name: str, *replies: dict[str, Any], streamed: str, **more: Any) -> FaultCase:
    """Return the case of a reply that breaks off after text: the text stays, and nothing is retried."""
    return FaultCase(name, replies, 1, "model_interrupted", INTERRUPTED, streamed, **more)


def unavailable(name: str, *replies: dict[str, Any], **more: Any) -> FaultCase:
    """Return the case of a fault in every attempt."""
    return FaultCase(name, replies, 3, "model_unavailable", UNREACHABLE, retry_after=10, **more)


def refused(name: str, *replies: dict[str, Any], requests: int = 1, streamed: str = "", **more: Any) -> FaultCase:
    """Return the case of a refusal, which leaves the turn out of later prompts: Claude would refuse them, too."""
    return FaultCase(name, replies, requests, "model_refused", REFUSED, streamed, is_in_context=False, **more)


def written_once(
    name: str, *replies: dict[str, Any], tools: tuple[tuple[str, str], ...] = (), **more: Any
) -> FaultCase:
    """Return the case of a fault after which the second reply's write is performed once."""
    return FaultCase(name, replies, 2, text=WRITE_TEXT, tools=tools + WRITE_DONE, expenses=1, **more)


for case in (
    # First because it takes the product's own idle timeout; test_model_connection_faults.py has shorter ones.
    interrupted(
        "reply_silent_in_its_text_is_interrupted",
        failing_reply("silence_in_text", LONG_ANSWER, seconds=60),
        streamed=LONG_TEXT_START,
    ),
    # No reply at all
    FaultCase("rate_limit_with_a_short_wait_is_retried", (failing_reply("429", retry_after=1),), 2),
    FaultCase("rate_limit_without_a_wait_is_retried", (failing_reply("429", retry_after=0),), 2),
    FaultCase("rate_limit_with_an_unknown_wait_is_retried", (failing_reply("429"),), 2),
    FaultCase(
        "permanent_rate_limit_is_busy_after_three_attempts",
        (failing_reply("429", times=None),),
        3,
        "model_busy",
        BUSY,
        retry_after=20,
    ),
    FaultCase(
        "rate_limit_with_a_long_wait_is_not_retried",
        (failing_reply("429", times=None, retry_after=120),),
        1,
        "model_busy",
        BUSY,
        retry_after=120,
    ),
    FaultCase(
        "spending_limit_is_not_retried",
        (failing_reply("spend_cap", times=None),),
        1,
        "model_unavailable",
        "spending limit",
    ),
    FaultCase(
        "usage_limit_of_the_account_is_not_retried",
        (failing_reply("usage_limit", times=None),),
        1,
        "model_unavailable",
        "spending limit",
    ),
    FaultCase(
        "prompt_beyond_the_context_is_not_retried",
        (failing_reply("prompt_too_long", times=None),),
        1,
        "conversation_too_long",
        "has become too long",
    ),
    FaultCase("conflict_is_retried", (failing_reply("409"),), 2),
    FaultCase("overload_is_retried", (failing_reply("529"),), 2),
    FaultCase(
        "permanent_overload_is_busy_after_three_attempts",
        (failing_reply("529", times=None),),
        3,
        "model_busy",
        BUSY,
        retry_after=20,
    ),
    FaultCase("server_error_is_retried", (failing_reply("500"),), 2),
    unavailable("permanent_server_error_is_unavailable", failing_reply("503", times=None)),
    FaultCase(
        "rejected_key_is_not_retried", (failing_reply("401", times=None),), 1, "model_unavailable", "isn't set up right"
    ),
    FaultCase("html_response_is_retried", (failing_reply("not_json"),), 2),
    unavailable("permanent_html_response_is_unavailable", failing_reply("not_json", times=None)),
    FaultCase(
        "rate_limit_after_a_tool_is_retried_without_the_tool",
        (READ, failing_reply("429", retry_after=0)),
        3,
        tools=READ_DONE,
    ),
    FaultCase(
        "permanent_overload_after_a_write_keeps_the_write",
        (WRITE_WITH_MORE_TO_DO, failing_reply("529", times=None)),
        4,
        "model_busy",
        BUSY,
        retry_after=20,
        tools=WRITE_DONE,
        expenses=1,
        in_next_prompt=(WRITE_TEXT,),
    ),
    # A reply that breaks off
    interrupted(
        "overload_in_the_text_interrupts", failing_reply("overloaded_in_stream", LONG_ANSWER), streamed=LONG_TEXT_START
    ),
    FaultCase(
        "overload_after_a_reader_keeps_its_result",
        (failing_reply("overloaded_in_stream", READ), SHORT_ANSWER),
        2,
        tools=READ_DONE,
    ),
    written_once("overload_after_a_write_call_is_retried", failing_reply("overloaded_in_stream", WRITE)),
    FaultCase("stream_cut_before_content_is_retried", (failing_reply("cut_before_block"),), 2),
    unavailable(
        "stream_cut_before_content_in_every_attempt_is_unavailable", failing_reply("cut_before_block", times=None)
    ),
    interrupted(
        "stream_cut_in_the_text_interrupts", failing_reply("cut_in_text", LONG_ANSWER), streamed=LONG_TEXT_START
    ),
    FaultCase(
        "stream_cut_in_the_input_of_a_reader_is_retried",
        (failing_reply("cut_in_tool_input", READ), SHORT_ANSWER),
        3,
        tools=READ_DONE,
    ),
    written_once("stream_cut_in_the_input_of_a_write_is_retried", failing_reply("cut_in_tool_input", WRITE)),
    interrupted(
        "stream_cut_in_a_tool_input_after_text_interrupts",
        failing_reply("cut_in_tool_input", LONG_ANSWER, WRITE),
        streamed=LONG_TEXT,
        not_in_next_prompt=(EXPENSE,),
    ),
    FaultCase(
        "stream_cut_after_a_reader_keeps_its_result",
        (failing_reply("cut_after_tool_block", READ), SHORT_ANSWER),
        2,
        tools=READ_DONE,
    ),
    FaultCase(
        "stream_cut_after_text_and_a_reader_keeps_both",
        (failing_reply("cut_after_tool_block", LONG_ANSWER, READ), SHORT_ANSWER),
        2,
        text=f"{LONG_TEXT}\n\n{SHORT_TEXT}",
        tools=READ_DONE,
    ),
    written_once("stream_cut_after_a_write_call_is_retried", failing_reply("cut_after_tool_block", WRITE)),
    unavailable(
        "stream_cut_after_a_write_call_in_every_attempt_writes_nothing",
        failing_reply("cut_after_tool_block", WRITE, times=None),
        not_in_next_prompt=(EXPENSE,),
    ),
    interrupted(
        "stream_cut_after_text_and_a_write_call_writes_nothing",
        failing_reply("cut_after_tool_block", LONG_ANSWER, WRITE),
        streamed=LONG_TEXT,
        not_in_next_prompt=(EXPENSE,),
    ),
    written_once(
        "stream_cut_after_a_reader_and_a_write_call_keeps_the_reader",
        failing_reply("cut_after_tool_block", READ, WRITE),
        WRITE,
        tools=READ_DONE,
    ),
    interrupted(
        "missing_message_stop_after_text_interrupts", failing_reply("no_message_stop", LONG_ANSWER), streamed=LONG_TEXT
    ),
    FaultCase(
        "missing_message_stop_after_a_reader_keeps_its_result",
        (failing_reply("no_message_stop", READ), SHORT_ANSWER),
        2,
        tools=READ_DONE,
    ),
    written_once("missing_message_stop_after_a_write_call_is_retried", failing_reply("no_message_stop", WRITE)),
    unavailable(
        "missing_message_stop_in_every_attempt_writes_nothing",
        failing_reply("no_message_stop", WRITE, times=None),
        not_in_next_prompt=(EXPENSE,),
    ),
    written_once(
        "missing_message_stop_after_a_reader_and_a_write_call_keeps_the_reader",
        failing_reply("no_message_stop", READ, WRITE),
        WRITE,
        tools=READ_DONE,
    ),
    # A reply with another stop reason
    refused("refusal_leaves_the_question_out_of_later_prompts", failing_reply("refusal", times=None)),
    refused("refusal_after_text_keeps_its_frames", step(LONG_ANSWER, stop_reason="refusal"), streamed=LONG_TEXT),
    refused("refusal_after_a_write_call_writes_nothing", step(WRITE, stop_reason="refusal")),
    refused("refusal_after_a_tool_step_ends_the_turn", READ, step(stop_reason="refusal"), requests=2, tools=READ_DONE),
    refused(
        "refusal_after_a_write_is_followed_by_a_note_of_the_write",
        WRITE_WITH_MORE_TO_DO,
        step(stop_reason="refusal"),
        requests=2,
        tools=WRITE_DONE,
        expenses=1,
        in_next_prompt=(WRITE_TEXT,),
    ),
    FaultCase(
        "text_at_the_token_limit_is_truncated",
        (failing_reply("max_tokens", LONG_ANSWER),),
        1,
        text=LONG_TEXT[:35],
        truncated=True,
    ),
    FaultCase(
        "text_at_the_context_limit_is_truncated",
        (step(LONG_ANSWER, stop_reason="model_context_window_exceeded"),),
        1,
        text=LONG_TEXT,
        truncated=True,
    ),
    written_once(
        "tool_input_at_the_token_limit_is_reported_as_malformed",
        failing_reply("max_tokens_in_tool", WRITE),
        WRITE,
        in_next_prompt=("malformed_json",),
    ),
    # A tool call that is wrong
    written_once(
        "tool_input_of_malformed_json_is_reported",
        failing_reply("invalid_tool_json", WRITE),
        WRITE,
        in_next_prompt=("malformed_json",),
    ),
    FaultCase(
        "unknown_tool_is_reported",
        (failing_reply("unknown_tool", READ), SHORT_ANSWER),
        2,
        in_next_prompt=(UNKNOWN_TOOL, "unknown_tool"),
    ),
    written_once(
        "invalid_amount_is_reported",
        use(EXPENSE, amount=-45, category="fuel"),
        WRITE,
        in_next_prompt=("invalid_amount",),
    ),
    written_once(
        "unknown_argument_is_reported",
        use(EXPENSE, amount=45, category="fuel", station="Shell"),
        WRITE,
        in_next_prompt=("invalid_request", "station"),
    ),
    FaultCase(
        "error_of_a_tool_is_reported",
        (use(EXPENSE, amount=45, category="fuel", date="2019-03-14"), SHORT_ANSWER),
        2,
        tools=((EXPENSE, "failed"),),
        in_next_prompt=("date_too_old",),
    ),
    FaultCase(
        "same_write_twice_in_a_step_is_performed_twice",
        (step(WRITE, WRITE),),
        1,
        text=f"{WRITE_TEXT}\n\n{WRITE_TEXT}",
        tools=WRITE_DONE * 2,
        expenses=2,
    ),
    written_once(
        "same_write_in_the_next_step_is_performed_once",
        step(READ, WRITE),
        use(EXPENSE, amount=45.0, category="fuel", description="", more_to_do=False),
        tools=READ_DONE + WRITE_DONE,
    ),
    # The stand-in ignores that the last request allows no tools.
    FaultCase("tool_calls_without_an_end_time_out", (READ,), 9, "turn_timed_out", "took longer", tools=READ_DONE * 9),
):
    scenario(case)


@pytest.mark.parametrize("scenario", scenario, ids=scenario_name)
def test_scenario(scenario: Scenario, wait_for_scenario: Callable[[Scenario], None]) -> None:
    """Each scenario states its behaviour in its name and its first line."""
    wait_for_scenario(scenario)
