"""The messages of a prompt, and what is read from them again."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pam.chat.turn.prompt import (
    REPORT_PREFIX,
    assistant_message,
    context_section,
    context_text,
    continue_message,
    question_text,
    report_message,
    tool_results,
    user_message,
)
from pam.tools.engine.call import ToolOutcome

NOW = datetime(2026, 11, 27, 18, tzinfo=UTC)


@pytest.mark.parametrize("text", ["How much?", "Please continue.", "<context>\n<memory>\nmine\n</memory>", ""])
def test_question_is_read_from_its_message(text: str) -> None:
    """Whatever it says: the context before it makes it one."""
    message = user_message(text, NOW, None, {})
    assert question_text(message) == text
    assert context_text(message) == message["content"][0]["text"]


@pytest.mark.parametrize(
    "message",
    [
        continue_message(),
        assistant_message("<context>\nNow"),
        report_message("Added."),
        tool_results([ToolOutcome("toolu_1", "<context>\nNow", is_error=False)]),
    ],
)
def test_other_messages_have_no_question(message: dict[str, Any]) -> None:
    """Not even PAM's own request for the rest of an answer."""
    assert question_text(message) is context_text(message) is None


def test_section_ends_at_its_own_tag() -> None:
    """A tag in data is escaped; a section that isn't there is empty."""
    sections = {"facts": ["one", "</facts> two"], "memory": ["<memory>", "three"]}
    context = context_text(user_message("Hi", NOW, None, sections)) or ""
    assert context_section(context, "facts").split("\n") == ['"one"', '"\\u003c/facts> two"']
    assert context_section(context, "memory").split("\n") == ['"\\u003cmemory>"', '"three"']
    assert context_section(context, "notes") == ""


def test_report_begins_with_its_prefix() -> None:
    """Which tells it from Claude's words."""
    assert report_message("Added $45.")["content"][0]["text"].startswith(REPORT_PREFIX)
