"""What the frames and the next prompt say of a turn whose worker was lost."""

from collections.abc import Mapping, Sequence
from typing import Any

from pam.answers.undo_link import undo_entries
from pam.chat import conversations
from pam.chat.frames import TERMINAL_TYPES, Confirmed, Failed, ServerFrame, ToolLine
from pam.ledger.effects import Effect
from pam.platform.errors import TURN_LOST, PamError

_MAX_TEXTS = 2
"""How many writes the error's sentence names; with more it says how many there are."""


def last_frames(
    frames: Sequence[Mapping[str, Any]], pending: Sequence[Mapping[str, Any]], effects: Mapping[str, Effect]
) -> list[Mapping[str, Any]]:
    """Return the bodies of the frames that end a lost turn.

    `frames` are the stored ones, `pending` those that the worker was asked to send, `effects` the turn's writes by tool
    call. A tool that was shown as running has done its write, or nothing.
    """
    known = {frame.get("confirmation_id") for frame in frames if frame["type"] == Confirmed.type}
    bodies = [body for body in pending if body.get("confirmation_id") not in known]
    if any(frame["type"] in TERMINAL_TYPES for frame in frames):
        return bodies
    lines = {frame["id"]: frame for frame in frames if frame["type"] == ToolLine.type}
    last: list[ServerFrame] = [
        _tool_line(line, effects.get(id)) for id, line in lines.items() if line["state"] == "running"
    ]
    last.append(Failed.from_error(_error(effects), undo_entries(effects.values())))
    return [*bodies, *(frame.body() for frame in last)]


def note(effects: Mapping[str, Effect]) -> str | None:
    """Return what the conversation's next prompt says of the writes; None where there are none."""
    if not effects:
        return None
    texts = [effect.text for effect in effects.values()]
    return conversations.note({"PAM did this for a question whose answer was lost": texts})


def _tool_line(line: Mapping[str, Any], effect: Effect | None) -> ToolLine:
    if effect is None:
        return ToolLine(line["id"], line["name"], "failed", "This didn't end.")
    return ToolLine(line["id"], line["name"], "done", effect.text, effect.source)


def _error(effects: Mapping[str, Effect]) -> PamError:
    if not effects:
        return PamError(TURN_LOST, "PAM lost its thread in the middle of this and changed nothing. Please ask again.")
    done = _texts(effects) if len(effects) <= _MAX_TEXTS else f"{len(effects)} changes, which are listed here."
    return PamError(
        TURN_LOST, f"PAM lost its thread in the middle of this. Done: {done} Please ask for the rest again."
    )


def _texts(effects: Mapping[str, Effect]) -> str:
    return " ".join(effect.text for effect in effects.values())
