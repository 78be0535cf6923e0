"""How a turn speaks: its frames, numbered, kept before they are posted, and the orders that come back.

A thread of its own posts, so that a slow socket holds up neither Claude nor the tools. Text is gathered for a moment,
since a post for each token would be slower than the tokens are.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pam.chat.frames import LONGEST_DELTA, Delta, Frame, numbered
from pam.chat.store import Conflict
from pam.chat.turns import Turn, Turns
from pam.platform.errors import PamError
from pam.platform.observability import logger
from pam.platform.websocket import FrameSender

GATHER_S = 0.06
"""How long text is gathered. The first piece isn't: it is what the traveller waits for."""

BEAT_S = 0.5
"""How often a turn says that it lives, and looks what is asked of it."""

_END_WITHIN_S = 4.0
"""How long the end is tried to be kept: without it the next question waits until the lease is over."""


class Channel:
    """The frames of one running turn. `say` and `close` are the worker's; everything else happens in the thread."""

    def __init__(self, turns: Turns, sockets: FrameSender, turn: Turn, on_cancel: Callable[[], None]) -> None:
        self.first_delta_at: float | None = None
        """By `time.monotonic`: when the first text was there to be sent, which is done at once."""
        self._text_sent = False
        self._turns = turns
        self._sockets = sockets
        self._turn = turn
        self._on_cancel = on_cancel
        self._ids = (turn.message_id, turn.conversation_id)
        self._connection: str | None = turn.connection
        self._told: list[dict[str, object]] = []
        self._seq = turn.last_seq
        self._unkept: list[dict[str, object]] = []
        self._waiting: list[Frame] = []
        self._last = False
        self._given_up = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="channel", daemon=True)

    def open(self) -> None:
        """Starts the thread, and first of all answers who resumed while the turn was waiting."""
        self._thread.start()

    def say(self, *frames: Frame) -> None:
        """Has frames sent in this order. Never waits for the socket."""
        with self._wake:
            if self.first_delta_at is None and any(isinstance(frame, Delta) for frame in frames):
                self.first_delta_at = time.monotonic()
            for frame in frames:
                self._waiting += _fitting(frame)
            self._wake.notify()

    def close(self, *frames: Frame) -> None:
        """Sends these as the last ones, and waits until they are kept and posted."""
        with self._wake:
            self._waiting += frames
            self._last = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        beaten_at = time.monotonic()  # the turn was taken just now
        if self._turn.resume_after is not None:
            self._repeat(self._turn.resume_after)
        if self._turn.cancelled:
            self._on_cancel()
        while True:
            frames, last = self._next()
            # Before anything is said: who was frozen may have been taken for dead meanwhile.
            if time.monotonic() - beaten_at >= BEAT_S:
                beaten_at = time.monotonic()
                self._beat()
            if last:
                self._end(frames)
                return
            if frames and not self._given_up:
                self._send(frames)

    def _next(self) -> tuple[list[Frame], bool]:
        """What is to be sent now: after a moment's gathering where it is only text that goes on."""
        with self._wake:
            if not self._waiting and not self._last:
                self._wake.wait(BEAT_S)
            if self._gathers() and self._text_sent:
                self._wake.wait_for(lambda: self._last or not self._gathers(), GATHER_S)
            frames, self._waiting = _joined(self._waiting), []
            return frames, self._last

    def _gathers(self) -> bool:
        texts = [frame for frame in self._waiting if isinstance(frame, Delta)]
        return len(texts) == len(self._waiting) and sum(len(frame.text) for frame in texts) < LONGEST_DELTA // 4

    def _send(self, frames: list[Frame]) -> None:
        numbers = self._number([frame.body() for frame in frames])
        self._keep(numbers)
        self._post(numbers)
        self._text_sent |= any(isinstance(frame, Delta) for frame in frames)

    def _number(self, bodies: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
        numbers = []
        for body in bodies:
            self._seq += 1
            numbers.append(numbered(body, self._seq, *self._ids))
        self._told += numbers
        return numbers

    def _keep(self, numbers: list[dict[str, object]]) -> None:
        self._unkept += numbers
        try:
            self._turns.keep(self._turn, self._unkept)
        except PamError:
            # Told all the same, to who resumes too while this worker lives; kept with the next ones.
            logger.warning("frames were not kept", exc_info=True)
        else:
            self._unkept = []

    def _post(self, numbers: list[dict[str, object]]) -> None:
        if self._connection is not None and not self._sockets.post(self._connection, *numbers):
            self._connection = None  # gone: the answer goes on, for who resumes

    def _repeat(self, after: int) -> None:
        first = self._told[0]["seq"] if self._told else self._seq + 1
        before = self._turns.kept(self._turn, after) if after + 1 < int(str(first)) else []
        earlier = [frame for frame in before if int(frame["seq"]) < int(str(first))]
        self._post([*earlier, *(frame for frame in self._told if int(str(frame["seq"])) > after)])

    def _beat(self) -> None:
        try:
            self._heed(self._turns.beat(self._turn, self._seq))
        except Conflict:
            # Somebody took this worker for dead, and has said so: it must not speak any more.
            self._given_up, self._connection = True, None
            self._on_cancel()
        except PamError:
            logger.warning("no beat", exc_info=True)

    def _heed(self, asked: Turn) -> None:
        if asked.resume_after is not None:
            self._connection = asked.connection
            self._repeat(asked.resume_after)
        if asked.extra:
            numbers = self._number(asked.extra)
            self._keep(numbers)
            self._post(numbers)
        if asked.cancelled and not self._turn.cancelled:
            self._turn = replace(self._turn, cancelled=True)
            self._on_cancel()

    def _end(self, frames: list[Frame]) -> None:
        if self._given_up:
            return
        numbers = self._number([frame.body() for frame in frames])
        if numbers:
            self._keep(numbers)
        try:
            asked = self._kept_end()
        except PamError:
            logger.warning("the end was not kept", exc_info=True)
            self._post(numbers)
            return
        if asked is None:
            return
        if asked.resume_after is not None:
            self._connection = asked.connection
            self._repeat(asked.resume_after)
        else:
            self._post(numbers)
        for body in asked.extra:
            self._post([self._turns.append(self._turn, numbered(body, 0, *self._ids))])

    def _kept_end(self) -> Turn | None:
        """What `Turns.end` says, once all frames are kept. Raises `PamError` where that didn't come about in time."""
        give_up_at = time.monotonic() + _END_WITHIN_S
        while True:
            late = time.monotonic() > give_up_at
            if self._unkept:
                self._keep([])
            try:
                if late or not self._unkept:
                    return self._turns.end(self._turn, self._seq)
            except PamError:
                if late:
                    raise
            time.sleep(0.2)


def _fitting(frame: Frame) -> list[Frame]:
    """A long text as several pieces: a frame has at most 32 KB."""
    if not isinstance(frame, Delta) or len(frame.text) <= LONGEST_DELTA:
        return [frame]
    return [Delta(frame.text[at : at + LONGEST_DELTA]) for at in range(0, len(frame.text), LONGEST_DELTA)]


def _joined(frames: list[Frame]) -> list[Frame]:
    """Neighbouring texts as one, as long as they fit into a frame."""
    joined: list[Frame] = []
    for frame in frames:
        before = joined[-1] if joined else None
        if isinstance(frame, Delta) and isinstance(before, Delta) and len(before.text + frame.text) <= LONGEST_DELTA:
            joined[-1] = Delta(before.text + frame.text)
        else:
            joined.append(frame)
    return joined
