"""The stage that every outgoing text passes."""

import json
from dataclasses import fields
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.chat.frames import (
    MAX_DELTA_CHARS,
    Ack,
    Confirmed,
    ConfirmRequest,
    Delta,
    Done,
    Failed,
    Queued,
    ServerFrame,
    ToolLine,
    numbered,
)
from pam.chat.turn.outgoing import prepare

MAX_FRAME_BYTES = 32 * 1024
"""API Gateway's limit."""

LONE_SURROGATES = ["\ud800", "\udbff", "\udc00", "\udfff"]
CONTROL_CHARACTERS = [chr(code) for code in (*range(32), 127) if chr(code) not in "\t\n\r"]

DIRTY = "A\ud83d\x00\x1b[31mB"
CLEAN = "A\ufffd\ufffd\ufffd[31mB"

DIRTY_FRAMES: list[ServerFrame] = [
    Ack(),
    Queued(1),
    Delta(DIRTY),
    ToolLine(id=DIRTY, name=DIRTY, state="done", summary=DIRTY, source=DIRTY),
    ConfirmRequest(
        confirmation_id=DIRTY, name=DIRTY, summary=DIRTY, arguments={}, digest="0" * 64, expires_at="2026-11-22"
    ),
    Confirmed(confirmation_id=DIRTY, decision="yes", text=DIRTY, source=DIRTY),
    Done(text=DIRTY, tier=3, as_of=DIRTY, intent=DIRTY),
    Failed(code=DIRTY, message=DIRTY),
]


def test_every_type_of_frame_is_covered() -> None:
    """The list of these tests has one frame of each type."""
    assert [type(frame) for frame in DIRTY_FRAMES] == ServerFrame.__subclasses__()


@pytest.mark.parametrize("frame", DIRTY_FRAMES, ids=lambda frame: frame.type)
def test_texts_of_a_frame_are_cleaned(frame: ServerFrame) -> None:
    """Each text field is as if the text had been clean, and other fields are unchanged."""
    (prepared,) = prepare(frame)
    assert type(prepared) is type(frame)
    for each in fields(frame):  # type: ignore[arg-type]
        value = getattr(frame, each.name)
        assert getattr(prepared, each.name) == (CLEAN if value == DIRTY else value)
    json.dumps(prepared.body(), ensure_ascii=False).encode()


@pytest.mark.parametrize("character", LONE_SURROGATES + CONTROL_CHARACTERS, ids=ascii)
def test_unsendable_character_is_replaced(character: str) -> None:
    """A lone surrogate or control character becomes one replacement character."""
    assert prepare(Delta(f"Moab{character}Utah")) == [Delta("Moab\ufffdUtah")]


@pytest.mark.parametrize(
    "text", ["", "Moab\n\n- Zion\tUtah\r\n", "\U0001f690 caf\u00e9 \u202e \u200d \ufeff", "\ue000\U0010ffff"]
)
def test_sendable_text_is_unchanged(text: str) -> None:
    """Line breaks, tabs, emoji, and format and private characters are sent as they are."""
    frame = Delta(text)
    assert prepare(frame) == [frame]


@given(text=st.text(st.characters(), max_size=3 * MAX_DELTA_CHARS))
def test_any_text_can_be_encoded(text: str) -> None:
    """Its length is unchanged, and it is changed once only."""
    prepared = prepare(Delta(text))
    joined = "".join(frame.text for frame in prepared if isinstance(frame, Delta))
    joined.encode()
    assert len(joined) == len(text)
    assert prepare(Delta(joined)) == prepared


@pytest.mark.parametrize("length", [MAX_DELTA_CHARS, MAX_DELTA_CHARS + 1, 3 * MAX_DELTA_CHARS, 100_001])
@pytest.mark.parametrize("character", ["x", "\U0001f690", "\n", "\x00"])
def test_long_delta_is_divided(length: int, character: str) -> None:
    """The parts are the whole text in order, in as few frames as possible, each below API Gateway's limit."""
    text = character * (length - 1) + "."
    prepared = prepare(Delta(text))
    assert len(prepared) == -(-length // MAX_DELTA_CHARS)
    assert "".join(frame.text for frame in prepared if isinstance(frame, Delta)) == text.replace("\x00", "\ufffd")
    for frame in prepared:
        body = numbered(frame.body(), 1_000_000, UUID(int=0), UUID(int=0))
        assert len(json.dumps(body, ensure_ascii=False).encode()) <= MAX_FRAME_BYTES
