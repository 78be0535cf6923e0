"""Long texts are divided into frames."""

import json
from uuid import UUID

import pytest

from pam.chat.frames import MAX_DELTA_CHARS, Ack, Delta, Done, ServerFrame, numbered
from pam.chat.turn.outgoing import prepare

MAX_FRAME_BYTES = 32 * 1024
"""API Gateway's limit."""


@pytest.mark.parametrize("length", [MAX_DELTA_CHARS, MAX_DELTA_CHARS + 1, 3 * MAX_DELTA_CHARS, 100_001])
@pytest.mark.parametrize("character", ["x", "\U0001f690", "\n", "\x00"])
def test_long_delta_is_divided(length: int, character: str) -> None:
    """The parts are the whole text in order, in as few frames as possible, each below API Gateway's limit."""
    text = character * (length - 1) + "."
    prepared = prepare(Delta(text))
    assert len(prepared) == -(-length // MAX_DELTA_CHARS)
    assert "".join(frame.text for frame in prepared if isinstance(frame, Delta)) == text
    for frame in prepared:
        body = numbered(frame.body(), 1_000_000, UUID(int=0), UUID(int=0))
        assert len(json.dumps(body, ensure_ascii=False).encode()) <= MAX_FRAME_BYTES


@pytest.mark.parametrize("frame", [Ack(), Delta("x" * MAX_DELTA_CHARS), Done(text="x" * 3 * MAX_DELTA_CHARS, tier=3)])
def test_other_frame_is_unchanged(frame: ServerFrame) -> None:
    """Only a delta can be divided."""
    assert prepare(frame) == [frame]
