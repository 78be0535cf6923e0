"""The number check of a turn: which figures of Claude's text nothing in its prompt covers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pam.chat.turn.conversation import Conversation
from pam.chat.turn.prompt import REPORT_PREFIX, context_section, context_text, question_text
from pam.chat.turn.runner import TurnResult
from pam.platform.metrics import Metric
from pam.platform.observability import logger, measure
from pam.safety.figures import Conventions, Evidence, Figure, FigureCheck, add_result
from pam.tools.catalog import TOOLS

MAX_UNVERIFIED = 100
"""Figures in one `done` frame, which has to fit into a message of the WebSocket."""

Message = Mapping[str, Any]


def check_figures(
    result: TurnResult, conversation: Conversation, messages: Sequence[Message], question_at: int, now: datetime
) -> None:
    """Set the result's `unverified`, count the figures and log their kinds; no failure ends a turn.

    `messages` is the conversation with the turn's own, whose question is at `question_at`.
    """
    try:
        text = result.text[: len(result.text) - len(result.report)]
        profile = conversation.profile
        conventions = Conventions(profile.locale, profile.currency, now.astimezone(profile.zone).date())
        evidence = gather_evidence(conventions, conversation.profile_block, messages, question_at)
        checked, unverified = FigureCheck(evidence).check(text)
        if result.is_truncated and unverified and unverified[-1].end >= len(text.rstrip()):
            unverified.pop()  # its number may go on
    except Exception:
        # The text was sent already, and is an answer without this check, too.
        logger.exception("figure check failed")
        return
    measure(Metric.FIGURES_CHECKED, len(checked))
    measure(Metric.FIGURES_UNVERIFIED, len(unverified))
    if unverified:
        logger.info(
            "figures unverified",
            kinds=_count_kinds(unverified),
            checked=len(checked),
            tools=sorted(_tools_called(messages[question_at:])),
        )
    result.unverified = _spans(text, unverified[:MAX_UNVERIFIED])


def gather_evidence(
    conventions: Conventions, profile_block: str, messages: Sequence[Message], question_at: int
) -> Evidence:
    """Return the figures of all that Claude was given: prompt, context, question, tools and their results.

    An earlier answer's figures count as far as they are covered themselves: what is invented once doesn't become
    evidence by that.
    """
    evidence = Evidence(conventions)
    turn_at = _previous_question(messages, question_at)
    # The newest results first: where there is too much, the oldest isn't read.
    for at in (question_at, *range(len(messages) - 1, question_at, -1)):
        _add_given(evidence, messages[at], is_current=True)
    evidence.add_text(profile_block)
    for at in range(question_at - 1, -1, -1):
        _add_given(evidence, messages[at], is_current=at >= turn_at)
    for name in sorted(_tools_called(messages)):
        if name in TOOLS:
            evidence.add_text(TOOLS[name].description, is_current=False)
    _add_answers(evidence, messages[:question_at], turn_at)
    return evidence


def _previous_question(messages: Sequence[Message], question_at: int) -> int:
    """Return where the turn before begins: a follow-up is about it."""
    for at in range(question_at - 1, -1, -1):
        if question_text(messages[at]) is not None:
            return at
    return 0


def _add_given(evidence: Evidence, message: Message, *, is_current: bool) -> None:
    if message["role"] != "user":
        return
    for block in message["content"]:
        if block["type"] == "tool_result":
            add_result(evidence, str(block["content"]), is_current=is_current)
    if (context := context_text(message)) is not None:
        evidence.add_text(context, is_current=is_current)
        # What was recalled has figures that the traveller wrote, too.
        if memory := context_section(context, "memory"):
            evidence.add_text(memory, is_current=is_current, is_question=True)
    if (question := question_text(message)) is not None:
        evidence.add_text(question, is_current=is_current, is_question=True)


def _add_answers(evidence: Evidence, messages: Sequence[Message], turn_at: int) -> None:
    answers = [
        (at, block["text"])
        for at, message in enumerate(messages)
        if message["role"] == "assistant"
        for block in message["content"]
        if block["type"] == "text"
    ]
    if not answers:
        return
    check = FigureCheck(evidence)
    for at, text in reversed(answers):
        if text.startswith(REPORT_PREFIX):
            evidence.add_text(text, is_current=at >= turn_at)
            continue
        checked, uncovered = check.check(text)
        for figure in checked:
            if figure not in uncovered:
                evidence.add_figure(figure, is_current=at >= turn_at)


def _tools_called(messages: Sequence[Message]) -> set[str]:
    return {
        block["name"]
        for message in messages
        if message["role"] == "assistant"
        for block in message["content"]
        if block["type"] == "tool_use"
    }


def _count_kinds(figures: Sequence[Figure]) -> dict[str, int]:
    kinds = sorted(figure.kind.value for figure in figures)
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def _spans(text: str, figures: Sequence[Figure]) -> tuple[dict[str, Any], ...]:
    """Return the figures as the `done` frame has them, in the UTF-16 code units that JavaScript counts in."""
    spans = dict.fromkeys((figure.start, figure.end) for figure in figures)
    return tuple(
        {"start": _utf16_length(text[:start]), "end": _utf16_length(text[:end]), "text": text[start:end]}
        for start, end in spans
    )


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
