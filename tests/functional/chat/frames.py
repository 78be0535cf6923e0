"""The frames that a client receives: checks of their order, and the parts that tests compare."""

import re
from collections.abc import Sequence
from typing import Any

from tests.functional.chat.chat_socket import ChatSocket

Frames = list[dict[str, Any]]

# A message for users is a sentence without identifiers, JSON or parts of a stack trace.
_SENTENCE = re.compile(r"[A-Z][^_{}<>\[\]\\]{10,300}[.!]", re.DOTALL)
_JARGON = re.compile(r"error|exception|null|None|http|status|DynamoDB|Postgres|Lambda|tool_use|JSON", re.IGNORECASE)


def check_frames(frames: Frames) -> Frames:
    """Check and return all frames of one message: numbered from 1 without a gap, the text equal to the deltas."""
    assert [frame.get("seq") for frame in frames] == list(range(1, len(frames) + 1)), frames
    assert frames[0]["type"] == "ack"
    assert len({(frame["message_id"], frame["conversation_id"]) for frame in frames}) == 1
    last = frames[-1]
    if last["type"] == "done" and last["tier"] == 3:
        assert last["text"] == streamed_text(frames)
    if last["type"] == "error":
        assert _SENTENCE.fullmatch(last["message"]), last
        assert not _JARGON.search(last["message"]), last
    return frames


def collect_frames(socket: ChatSocket, *types: str) -> Frames:
    """Receive the frames of one message, dropping repeated ones, until it has ended and has these types."""
    by_number: dict[int, dict[str, Any]] = {}
    while True:
        frame = socket.receive()
        by_number[frame["seq"]] = frame
        frames = [by_number[number] for number in sorted(by_number)]
        received = {each["type"] for each in frames}
        if len(frames) == frames[-1]["seq"] and received & {"done", "error"} and received.issuperset(types):
            return check_frames(frames)


def streamed_text(frames: Frames) -> str:
    """Return the text of all deltas."""
    return "".join(frame["text"] for frame in frames if frame["type"] == "delta")


def tool_states(frames: Frames) -> list[tuple[str, str]]:
    """Return the name and the last state of each tool call."""
    last = {frame["id"]: (frame["name"], frame["state"]) for frame in frames if frame["type"] == "tool"}
    return list(last.values())


def decision_on(frames: Frames, decision: str = "yes") -> dict[str, Any]:
    """Return the fields of a `confirm` frame that decides on the confirmation request among the frames."""
    request = next(frame for frame in frames if frame["type"] == "confirm_request")
    return {"confirmation_id": request["confirmation_id"], "decision": decision, "digest": request["digest"]}


def frames_of(message_id: str, frames: Sequence[dict[str, Any]]) -> Frames:
    """Return the frames of one message."""
    return [frame for frame in frames if frame["message_id"] == message_id]
