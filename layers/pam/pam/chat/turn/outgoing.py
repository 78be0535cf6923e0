"""The step that every frame of a turn passes before it is numbered, stored and sent."""

from pam.chat.frames import MAX_DELTA_CHARS, Delta, ServerFrame


def prepare(frame: ServerFrame) -> list[ServerFrame]:
    """Return the frames to send for one frame: a long delta is divided."""
    if not isinstance(frame, Delta) or len(frame.text) <= MAX_DELTA_CHARS:
        return [frame]
    return [Delta(frame.text[at : at + MAX_DELTA_CHARS]) for at in range(0, len(frame.text), MAX_DELTA_CHARS)]
