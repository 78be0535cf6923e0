"""The number check of a turn: which text, against which messages, and what is reported."""

import json
import logging
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pam.chat.turn.conversation import Conversation
from pam.chat.turn.figure_check import MAX_UNVERIFIED, check_figures
from pam.chat.turn.prompt import continue_message, report_message
from pam.chat.turn.runner import TurnResult
from pam.platform.metrics import Metric
from pam.platform.observability import logger, metrics
from pam.users.profile import Profile

NOW = datetime(2026, 11, 28, 6, tzinfo=UTC)  # November 27 in Denver
PROFILE = Profile(uuid.UUID(int=1), ZoneInfo("America/Denver"), "USD", "en_US")
RESULT = json.dumps({"source": "PAM", "data": {"currency": "USD", "total": "940.62", "distance": 322.3, "unit": "mi"}})


@pytest.fixture
def recorded_metrics() -> Iterator[Callable[[], Mapping[str, Any]]]:
    """Return the metrics that the test has recorded, by name."""
    metrics.drain()
    yield lambda: metrics.drain()[0]
    metrics.drain()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Capture the lines of PAM's logger, which doesn't propagate to the root."""
    logger.addHandler(caplog.handler)
    caplog.set_level(logging.INFO, logger.name)
    yield caplog
    logger.removeHandler(caplog.handler)


def user(question: str, context: str = "<context>\n</context>") -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text} for text in (context, question)]}


def assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}


def step(result: str = RESULT) -> list[dict[str, Any]]:
    """Return the messages of a tool call and its result."""
    use = {"type": "tool_use", "id": "1", "name": "get_spending_summary", "input": {"period": "this_month"}}
    returned = {"type": "tool_result", "tool_use_id": "1", "content": result}
    return [{"role": "assistant", "content": [use]}, {"role": "user", "content": [returned]}]


def checked(
    text: str, *messages: Mapping[str, Any], question_at: int = 0, profile_block: str = "", **more: Any
) -> TurnResult:
    """Return the result of a turn with this text after its check."""
    result = TurnResult(text=text, **more)
    conversation = Conversation(uuid.UUID(int=2), PROFILE, profile_block, [], 0, {})
    check_figures(result, conversation, messages, question_at, NOW)
    return result


def texts(result: TurnResult) -> list[str]:
    return [span["text"] for span in result.unverified]


def test_positions_are_utf16_code_units() -> None:
    """As JavaScript counts them, also behind characters outside of the basic plane."""
    text = "🚐🏕️ It was $940.62, and **$99** for the “rest”."
    (span,) = checked(text, user("How much?"), *step()).unverified
    units = text.encode("utf-16-le")
    assert units[2 * span["start"] : 2 * span["end"]].decode("utf-16-le") == span["text"] == "$99"
    assert span["start"] == text.index("$99") + 2


def test_all_that_claude_was_given_is_evidence() -> None:
    """Question, context, remembered numbers, profile, the description of a called tool, results."""
    context = '<context>\nNow: Friday, 2026-11-27 11:00\n<facts>\n"- fuel: $12.50 of $80.00"\n</facts>\n'
    context += '<memory>\n"2026-10-14, the traveller: we paid 47 at Willow Creek"\n</memory>\n</context>'
    text = "On November 27: $12.50 of $80, $47, 33 feet, 26.1 l/100 km, $940.62 and 322 mi; $13.50."
    result = checked(text, user("Our rig has 33 feet.", context), *step(), profile_block='"uses 26.1 l/100 km"')
    assert texts(result) == ["$13.50"]


def test_invented_figure_of_an_earlier_answer_is_no_evidence() -> None:
    """A covered one is, and so is PAM's own report."""
    earlier = [user("How much?"), *step(), assistant("It was $940.62, so $31.35 a day, and $77 for tolls.")]
    earlier += [user("Add it"), report_message("Added $45.00 for fuel.")]
    text = "As I said, $940.62, and $77 for tolls. You added $45."
    assert texts(checked(text, *earlier, user("And?"), question_at=len(earlier))) == ["$77"]


def test_follow_up_is_about_the_question_before() -> None:
    """What its results come to is covered; PAM's request for the rest of an answer isn't a question."""
    turn = [user("How much?"), *step(), assistant("Let me see."), continue_message(), assistant("A lot.")]
    follow_up = user("And with $100 more?")
    assert texts(checked("That's $1,040.62.", *turn, follow_up, question_at=len(turn))) == []
    older = [*turn, user("Thanks."), assistant("You're welcome.")]
    assert texts(checked("That's $1,040.62.", *older, follow_up, question_at=len(older))) == ["$1,040.62"]


def test_report_of_a_write_isnt_checked(recorded_metrics: Callable[[], Mapping[str, Any]]) -> None:
    """It is PAM's own, at the end of the text."""
    report = "Added $45.00 for fuel."
    result = checked(f"You have $12 left.\n\n{report}", user("Add 45 for gas"), *step(), report=report)
    assert texts(result) == ["$12"]
    assert recorded_metrics()[Metric.FIGURES_CHECKED] == [1.0]


def test_last_figure_of_an_interrupted_text_isnt_marked() -> None:
    """It may have more digits."""
    assert texts(checked("It was $99, then $9", user("How much?"), is_truncated=True)) == ["$99"]
    assert texts(checked("It was $99, then $9", user("How much?"))) == ["$99", "$9"]


def test_figures_are_counted_and_logged_without_text(
    recorded_metrics: Callable[[], Mapping[str, Any]], log: pytest.LogCaptureFixture
) -> None:
    """The kinds, their number, and the tools of the turn."""
    checked("It was $940.62 of $1,234.56, 999 mi and 77 mi.", user("How much?"), *step())
    recorded = recorded_metrics()
    assert (recorded[Metric.FIGURES_CHECKED], recorded[Metric.FIGURES_UNVERIFIED]) == ([4.0], [3.0])
    (line,) = log.records
    assert vars(line)["kinds"] == {"distance": 2, "money": 1}
    assert vars(line)["tools"] == ["get_spending_summary"]
    assert "1,234" not in str(vars(line))


def test_no_figure_is_logged_where_all_are_covered(
    recorded_metrics: Callable[[], Mapping[str, Any]], log: pytest.LogCaptureFixture
) -> None:
    """The metrics have their zero."""
    assert checked("It was $940.62.", user("How much?"), *step()).unverified == ()
    assert recorded_metrics()[Metric.FIGURES_UNVERIFIED] == [0.0]
    assert log.records == []


def test_number_of_marks_is_bounded() -> None:
    """The frame has to fit into a message."""
    text = "\n".join(f"${number}.17" for number in range(1000, 1400))
    assert len(checked(text, user("How much?")).unverified) == MAX_UNVERIFIED


def test_failure_leaves_the_answer_as_it_is(log: pytest.LogCaptureFixture) -> None:
    """The text was sent already: it isn't taken back for a check."""
    malformed: Any = {"role": "user", "content": [{"type": "tool_result"}]}
    result = checked("It was $99.", user("How much?"), malformed)
    assert (result.text, result.unverified) == ("It was $99.", ())
    assert [record.levelname for record in log.records] == ["ERROR"]
