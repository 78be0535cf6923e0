"""Where an episode ends, for any sequence of messages, in any time zone."""

import itertools
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.memory.episode_windows import MAX_MESSAGES, SILENCE, EpisodeMessage, OpenWindow, first_window

START = datetime(2026, 3, 7, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def message(number: int, sent_at: datetime, turn: uuid.UUID | None = None) -> EpisodeMessage:
    return EpisodeMessage(turn or uuid.uuid4(), "user", f"message {number}", sent_at, (number,))


def conversation(*gaps: timedelta, start: datetime = START) -> list[EpisodeMessage]:
    """Return messages of one turn each, the first at the start, the others after the gaps."""
    messages = [message(0, start)]
    for number, gap in enumerate(gaps, 1):
        messages.append(message(number, messages[-1].sent_at + gap))
    return messages


def length(messages: Sequence[EpisodeMessage], now: datetime) -> int:
    """Return the number of messages of the first window; 0 for an open one."""
    window = first_window(messages, now)
    assert window is not None
    return 0 if isinstance(window, OpenWindow) else len(window)


def test_no_messages_make_no_window() -> None:
    assert first_window([], START) is None


@pytest.mark.parametrize(("count", "expected"), [(1, 0), (49, 0), (50, 50), (51, 50), (120, 50)])
def test_fifty_messages_make_an_episode(count: int, expected: int) -> None:
    """Of a conversation that goes on."""
    messages = conversation(*[MINUTE] * (count - 1))
    assert length(messages, messages[-1].sent_at) == expected


@pytest.mark.parametrize(
    ("gap", "expected"),
    [(SILENCE - MINUTE, 3), (SILENCE - timedelta(microseconds=1), 3), (SILENCE, 2), (2 * SILENCE, 2)],
)
def test_silence_ends_an_episode(gap: timedelta, expected: int) -> None:
    """Before a later message."""
    messages = conversation(MINUTE, gap)
    assert length(messages, messages[-1].sent_at + SILENCE) == expected


@pytest.mark.parametrize(("passed", "is_open"), [(SILENCE - MINUTE, True), (SILENCE, False)])
def test_silence_until_now_ends_an_episode(passed: timedelta, is_open: bool) -> None:
    """An open window says when it closes."""
    messages = conversation(MINUTE)
    window = first_window(messages, messages[-1].sent_at + passed)
    assert window == (OpenWindow(MINUTE) if is_open else messages)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # In Denver the clocks skip the hour from 2:00 on 8 March 2026, and repeat that from 1:00 on 1 November.
        ("2026-03-07 22:00", "2026-03-08 04:59", 2),
        ("2026-03-07 22:00", "2026-03-08 05:00", 1),
        ("2026-10-31 22:00", "2026-11-01 02:59", 2),
        ("2026-10-31 22:00", "2026-11-01 03:00", 1),
        ("2026-06-01 22:00", "2026-06-02 03:59", 2),
        ("2026-06-01 22:00", "2026-06-02 04:00", 1),
    ],
)  # fmt: skip
def test_silence_is_six_hours_of_real_time(before: str, after: str, expected: int) -> None:
    """Also where the clocks of the traveller's time zone change within it."""
    denver = ZoneInfo("America/Denver")
    times = [datetime.fromisoformat(each).replace(tzinfo=denver) for each in (before, after)]
    messages = [message(number, sent_at) for number, sent_at in enumerate(times)]
    now = messages[-1].sent_at.astimezone(ZoneInfo("Asia/Kolkata")) + SILENCE
    assert length(messages, now) == expected


def test_time_zones_of_messages_may_differ() -> None:
    """A traveller crosses them: an instant counts, and not the time of day."""
    messages = [
        message(0, datetime(2026, 6, 1, 23, tzinfo=ZoneInfo("America/New_York"))),
        message(1, datetime(2026, 6, 1, 23, tzinfo=ZoneInfo("America/Los_Angeles"))),
    ]
    assert length(messages, messages[-1].sent_at + SILENCE) == 2


def test_message_that_was_delivered_late_belongs_to_its_answer() -> None:
    """It was typed long before; the message after it follows the newest one before."""
    turn = uuid.uuid4()
    messages = [
        message(0, START),
        message(1, START - 2 * SILENCE, turn),
        message(2, START + MINUTE, turn),
        message(3, START + 2 * MINUTE),
    ]
    assert length(messages, START + 2 * SILENCE) == 4
    assert length(messages[1:3], START + 2 * SILENCE) == 2


@pytest.mark.parametrize(("before", "expected"), [(48, 50), (49, 49), (50, 50)])
def test_question_and_its_answer_are_in_one_episode(before: int, expected: int) -> None:
    """A window that they don't fit into ends before both."""
    messages = conversation(*[MINUTE] * (before - 1))
    turn = uuid.uuid4()
    messages += [message(before, START + before * MINUTE, turn), message(before + 1, START + before * MINUTE, turn)]
    assert length(messages, messages[-1].sent_at) == expected
    assert first_window(messages[expected:], messages[-1].sent_at + SILENCE) == (messages[expected:] or None)


@given(st.lists(st.integers(1, 4), min_size=20, max_size=60))
def test_no_turn_is_divided(sizes: list[int]) -> None:
    """Whatever the numbers of their messages."""
    turns = [uuid.uuid4() for _ in sizes]
    order = [turn for turn, size in zip(turns, sizes, strict=True) for _ in range(size)]
    rest = [message(number, START + number * MINUTE, turn) for number, turn in enumerate(order)]
    while isinstance(window := first_window(rest, rest[-1].sent_at if rest else START), list):
        assert MAX_MESSAGES - 4 < len(window) <= MAX_MESSAGES
        rest = rest[len(window) :]
        assert not rest or rest[0].turn_id != window[-1].turn_id


@given(
    st.lists(st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=8)), min_size=1, max_size=130),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=8)),
)
def test_windows_partition_any_conversation(gaps: list[timedelta], passed: timedelta) -> None:
    """In order and without a rest but an open window, none with too many messages or a silence within."""
    rest = messages = conversation(*gaps)
    now = messages[-1].sent_at + passed
    windows: list[list[EpisodeMessage]] = []
    while isinstance(window := first_window(rest, now), list):
        windows.append(window)
        rest = rest[len(window) :]
    assert [each for window in windows for each in window] + rest == messages
    for index, part in enumerate(windows):
        within = [later.sent_at - earlier.sent_at for earlier, later in itertools.pairwise(part)]
        assert 1 <= len(part) <= MAX_MESSAGES and all(gap < SILENCE for gap in within)
        following = (windows[index + 1] if index + 1 < len(windows) else rest)[:1]
        silence = (following[0].sent_at if following else now) - part[-1].sent_at
        assert len(part) == MAX_MESSAGES or silence >= SILENCE
    assert (window is None) is (rest == [])
    if isinstance(window, OpenWindow):
        assert len(rest) < MAX_MESSAGES and window.closes_in == rest[-1].sent_at + SILENCE - now > timedelta(0)
