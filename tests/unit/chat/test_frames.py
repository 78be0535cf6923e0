"""The JSON of frames: every text in it can be encoded and shown."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.answers.question import Location
from pam.chat.frames import (
    Ack,
    CancelFrame,
    Confirmed,
    ConfirmRequest,
    Delta,
    Done,
    Failed,
    Queued,
    ServerFrame,
    ToolLine,
)
from pam.chat.turn.prompt import user_message
from pam.platform.errors import INVALID_REQUEST, PamError
from pam.platform.validation import validate
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
    ConfirmRequest(
        DIRTY,
        name=DIRTY,
        summary=DIRTY,
        arguments=NESTED,
        identities={DIRTY: {"id": DIRTY, "name": DIRTY}},
        digest="0" * 64,
        expires_at="2026-11-22",
    ),
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


ID = "3f1c2a9e-6a52-4c0e-9a0f-0c6a5b1d7e42"


@pytest.mark.parametrize(
    "given",
    [
        "\ud800",
        DIRTY,
        "",
        "1",
        None,
        1,
        [ID],
        {ID: ID},
        f"{{{ID}}}",
        f"urn:uuid:{ID}",
        ID.replace("-", ""),
        "x" * 40_000,
    ],
)
def test_error_about_a_client_frame_echoes_only_ids(given: Any) -> None:
    """It refers to the ids of the frame that are ids, and can be encoded whatever the others are."""
    error = PamError(INVALID_REQUEST, "The request has characters that no text can have.")
    frame = error_frame(error, {"message_id": given, "confirmation_id": ID, "action": "\ud800"})
    json.dumps(frame, ensure_ascii=False).encode()
    assert {name: value for name, value in frame.items() if name.endswith("_id")} == {"confirmation_id": ID}
    assert "message_id" not in error_frame(error, [given])


@pytest.mark.parametrize("given", [f"{{{ID}}}", f"urn:uuid:{ID}", ID.replace("-", ""), f"{ID}\n", "٣" + ID[1:]])
def test_id_in_another_form_is_no_id(given: str) -> None:
    """Else one message could be sent under several ids."""
    with pytest.raises(PamError) as rejected:
        validate(CancelFrame, {"action": "cancel", "message_id": given})
    assert (rejected.value.error, rejected.value.field) == (INVALID_REQUEST, "message_id")


@given(latitude=st.decimals(-90, 90, allow_nan=False), longitude=st.decimals(-180, 180, allow_nan=False))
def test_location_is_rounded_to_a_metre(latitude: Decimal, longitude: Decimal) -> None:
    """However many digits a device sends, a prompt has a few."""
    location = Location(latitude=latitude, longitude=longitude)
    assert abs(location.latitude - latitude) <= Decimal("0.000005")
    assert len(str(location.latitude)) <= len("-90.00000") and len(str(location.longitude)) <= len("-180.00000")
    text = user_message("Where am I?", datetime(2026, 11, 26, tzinfo=UTC), location, {})["content"][0]["text"]
    assert len(text) < 200
