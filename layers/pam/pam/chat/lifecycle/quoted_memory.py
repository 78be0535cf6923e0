"""What the stored frames of a turn quote of memory, which is removed when any of it is deleted.

Frames stay, with their numbers: a client may resume them.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

Frame = Mapping[str, Any]


class Clearing(StrEnum):
    """What is removed from the frames of a turn that stays."""

    RECALLED = "recalled"
    """What was recalled for its answer, or listed: shortened lines can't be told apart."""
    TEXTS = "texts"
    """All texts but the outcome of the deletion that it asked for."""


_REMOVED = "This was deleted."
_LISTING_TOOL = "list_memories"
DELETING_TOOL = "forget_memory"
"""Its confirmations have counts, and words of the request."""


def clear(frames: Sequence[Frame], clearing: Clearing) -> list[dict[str, Any]]:
    """Return all frames of a turn, in their order, as they may be stored. It may be repeated."""
    if clearing is Clearing.RECALLED:
        return [_without_recalled(frame) for frame in frames]
    deletions = {frame.get("confirmation_id") for frame in frames if frame.get("name") == DELETING_TOOL}
    cleared: list[dict[str, Any]] = []
    answer = ""
    for frame in frames:
        match frame["type"]:
            case "delta":
                # The text of the answer is that of its pieces.
                cleared.append({**frame, "text": "" if answer else _REMOVED})
                answer = _REMOVED
            case "done":
                cleared.append({**frame, "text": answer, "memory": [], "undo": []})
            case "tool":
                cleared.append({**frame, "summary": _REMOVED})
            case "confirm_request" if frame["name"] != DELETING_TOOL:
                cleared.append({**frame, "summary": _REMOVED, "arguments": {}, "identities": {}})
            case "confirmed" if frame["confirmation_id"] not in deletions:
                cleared.append({**frame, "text": _REMOVED})
            case _:
                cleared.append(dict(frame))
    return cleared


def _without_recalled(frame: Frame) -> dict[str, Any]:
    if frame.get("memory"):
        return {**frame, "memory": []}
    if frame["type"] == "tool" and frame["name"] == _LISTING_TOOL and frame["state"] == "done":
        return {**frame, "summary": _REMOVED}
    return dict(frame)
