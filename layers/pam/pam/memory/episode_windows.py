"""Where one episode of a conversation ends: at most at fifty messages, or before a silence of six hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

MAX_MESSAGES = 50
SILENCE = timedelta(hours=6)


@dataclass(frozen=True)
class EpisodeMessage:
    """A message of a conversation, joined from its passages, whose ids are in `exchange_ids`."""

    turn_id: UUID
    role: Literal["user", "assistant"]
    text: str
    sent_at: datetime
    exchange_ids: tuple[int, ...]


@dataclass(frozen=True)
class OpenWindow:
    """The messages may be continued. They make an episode in `closes_in` from now at the latest."""

    closes_in: timedelta


def first_window(messages: Sequence[EpisodeMessage], now: datetime) -> list[EpisodeMessage] | OpenWindow | None:
    """Return the messages of the first complete episode; an `OpenWindow` where there is none yet; None for no messages.

    `messages` are those without an episode, in the order in which they were stored. What was typed offline has an
    earlier time than what is stored before it, so a silence counts from the newest message so far, and not between a
    question and its answer. Nor do fifty messages end there: an episode has whole turns.
    """
    if not messages:
        return None
    newest = _instant(messages[0])
    for end, message in enumerate(messages[:MAX_MESSAGES]):
        begins_turn = end > 0 and message.turn_id != messages[end - 1].turn_id
        if begins_turn and _instant(message) - newest >= SILENCE:
            return list(messages[:end])
        newest = max(newest, _instant(message))
    if len(messages) >= MAX_MESSAGES:
        return list(messages[: _end_of_turns(messages)])
    closes_in = newest + SILENCE - now.astimezone(UTC)
    return list(messages) if closes_in <= timedelta(0) else OpenWindow(closes_in)


def _end_of_turns(messages: Sequence[EpisodeMessage]) -> int:
    """Return the most messages of an episode that divide no turn; all of them where they are of one."""
    for end in range(MAX_MESSAGES, 0, -1):
        if end == len(messages) or messages[end].turn_id != messages[end - 1].turn_id:
            return end
    return MAX_MESSAGES


def _instant(message: EpisodeMessage) -> datetime:
    # The difference of two times in one time zone is that of their clocks, which skip an hour in spring.
    return message.sent_at.astimezone(UTC)
