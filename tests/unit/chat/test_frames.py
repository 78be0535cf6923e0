"""The JSON of frames: every text in it can be encoded and shown."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.chat.frames import Ack, Confirmed, ConfirmRequest, Delta, Done, Failed, Queued, ServerFrame, ToolLine
from pam.platform.errors import INVALID_REQUEST, PamError
from pam.platform.websocket import error_frame

LONE_SURROGATES = ["\ud800", "\udbff", "\udc00", "\udfff"]
CONTROL_CHARACTERS = [chr(code) for code in (*range(32), 127) if chr(code) not in "\t\n\r"]

DIRTY = "A\ud83d\x00\x1b[31mB"
CLEAN = "A\ufffd\ufffd\ufffd[31mB"
NESTED = {DIRTY: [DIRTY, {"text": DIRTY, "count": 1, "none": None}]}

DIRTY_FRAMES: list[ServerFrame] = [
    Ack(),
    Queued(1),
    Delta(DIRTY),
    ToolLine(id=DIRTY, name=DIRTY, state="done", summary=DIRTY, source=DIRTY),
    ConfirmRequest(DIRTY, name=DIRTY, summary=DIRTY, arguments=NESTED, digest="0" * 64, expires_at="2026-11-22"),
    Confirmed(DIRTY, decision="yes", text=DIRTY, source=DIRTY),
    Done(DIRTY, tier=3, sources=(DIRTY,), as_of=DIRTY, answer=NESTED, intent=DIRTY, slots=NESTED, undo=(NESTED,)),
    Failed(code=DIRTY, message=DIRTY, undo=(NESTED,)),
]


def test_every_type_of_frame_is_covered() -> None:
    """The list of these tests has one frame of each type."""
    assert [type(frame) for frame in DIRTY_FRAMES] == ServerFrame.__subclasses__()


@pytest.mark.parametrize("frame", DIRTY_FRAMES, ids=lambda frame: frame.type)
def test_all_texts_of_a_frame_are_cleaned(frame: ServerFrame) -> None:
    """Nested texts and names, too; otherwise the frame is unchanged."""
    text = json.dumps(frame.body(), ensure_ascii=False)
    text.encode()
    assert text.count(CLEAN) == repr(frame).count(repr(DIRTY)[1:-1])
    assert not set(text) & {*LONE_SURROGATES, *CONTROL_CHARACTERS}


@pytest.mark.parametrize("character", LONE_SURROGATES + CONTROL_CHARACTERS, ids=ascii)
def test_unsendable_character_is_replaced(character: str) -> None:
    """A lone surrogate or control character becomes one replacement character."""
    assert Delta(f"Moab{character}Utah").body()["text"] == "Moab\ufffdUtah"


@pytest.mark.parametrize(
    "text", ["", "Moab\n\n- Zion\tUtah\r\n", "\U0001f690 caf\u00e9 \u202e \u200d", "\ue000\U0010ffff"]
)
def test_sendable_text_is_unchanged(text: str) -> None:
    """Line breaks, tabs, emoji, and format and private characters are sent as they are."""
    assert Delta(text).body()["text"] == text


@given(text=st.text(st.characters()))
def test_any_text_can_be_encoded(text: str) -> None:
    """Its length is unchanged."""
    sent = Delta(text).body()["text"]
    sent.encode()
    assert len(sent) == len(text)


def test_error_about_a_client_frame_can_be_encoded() -> None:
    """It refers to the ids of the frame, whatever characters they have."""
    error = PamError(INVALID_REQUEST, "The request has characters that no text can have.")
    assert error_frame(error, {"message_id": DIRTY})["message_id"] == CLEAN
