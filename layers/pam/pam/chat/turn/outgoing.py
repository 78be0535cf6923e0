"""The step that every outgoing text passes before it is numbered, stored and sent."""

import re
from dataclasses import fields, replace
from typing import Any, TypeVar

from pam.chat.frames import MAX_DELTA_CHARS, Delta, ServerFrame

F = TypeVar("F", bound=ServerFrame)

# A lone surrogate can't be encoded; the other control characters have no meaning in a chat.
_UNSENDABLE = re.compile(r"[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def prepare(frame: ServerFrame) -> list[ServerFrame]:
    """Return the frames to send for one frame: texts without unsendable characters, long deltas divided."""
    clean = _clean(frame)
    if not isinstance(clean, Delta) or len(clean.text) <= MAX_DELTA_CHARS:
        return [clean]
    return [Delta(clean.text[at : at + MAX_DELTA_CHARS]) for at in range(0, len(clean.text), MAX_DELTA_CHARS)]


def _clean(frame: F) -> F:
    changed: dict[str, Any] = {}
    for each in fields(frame):  # type: ignore[arg-type]
        value = getattr(frame, each.name)
        if isinstance(value, str) and _UNSENDABLE.search(value):
            changed[each.name] = _UNSENDABLE.sub("\ufffd", value)
    return replace(frame, **changed) if changed else frame  # type: ignore[type-var]
