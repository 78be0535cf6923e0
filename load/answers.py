"""What the frames of a socket mean for the message that waits for its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

_TIMED = {"ack": "ack_ms", "delta": "first_token_ms"}


@dataclass
class WaitingMessage:
    """A message without an end: when it was due, its newest frame, and the times of its first frames in ms."""

    message_id: str
    due_s: float
    seq: int = 0
    last_frame_at: float = 0.0
    times: dict[str, float] = field(default_factory=dict)


class Answers:
    """The messages of one socket, of which one waits at a time."""

    def __init__(self) -> None:
        self.waiting: WaitingMessage | None = None
        self.conversation_id: str | None = None
        self._end_seqs: dict[str, int | None] = {}

    def wait_for(self, message_id: str, due_s: float) -> None:
        """Expect the frames of a message."""
        self.waiting = WaitingMessage(message_id, due_s)

    def take(self, frame: Mapping[str, Any], at_s: float) -> Literal["frame", "end", "refusal", "doubled", "other"]:
        """Return what a frame is that came at this time.

        `end` completes the answer, and `refusal` says that the message was not taken; `doubled` is another end of this
        or an earlier message; `other` is no frame of the message that waits, or one that came before: what is asked
        for again may still come by itself, and the page knows frames by their `seq`.
        """
        kind = frame.get("type", "error")  # the gateway's own errors have no type
        message_id = frame.get("message_id")
        is_end = kind in ("done", "error")
        if message_id in self._end_seqs:
            return "doubled" if is_end and frame.get("seq") != self._end_seqs[message_id] else "other"
        waiting = self.waiting
        if waiting is None or kind in ("pong", "confirmed"):
            return "other"
        if kind == "error" and "seq" not in frame:
            # An error of the gateway names no message: it is about the one that was sent last.
            return "refusal" if message_id in (None, waiting.message_id) else "other"
        if message_id != waiting.message_id:
            return "other"
        waiting.last_frame_at = at_s
        waiting.seq = max(waiting.seq, frame.get("seq", 0))
        self.conversation_id = frame.get("conversation_id", self.conversation_id)
        if kind in _TIMED:
            waiting.times.setdefault(_TIMED[kind], (at_s - waiting.due_s) * 1000)
        if not is_end:
            return "frame"
        self._end_seqs[waiting.message_id] = frame.get("seq")
        self.waiting = None
        return "end"
