"""The frames of a running turn: numbered, stored before they are sent, and resumed on request.

A thread of its own sends them, so that a slow connection delays neither Claude nor the tools. Frames are collected for
a moment, since storing each token alone would be slower than the tokens arrive.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

from pam.chat.frames import MAX_DELTA_CHARS, Delta, ServerFrame, numbered
from pam.chat.lifecycle.turn import Turn, TurnState
from pam.chat.lifecycle.turns import RequestPending, TurnStore
from pam.chat.turn.outgoing import prepare
from pam.platform.errors import PamError
from pam.platform.observability import logger
from pam.platform.websocket import FrameSender

FLUSH_INTERVAL_S = 0.06
"""The time between two batches of frames. The first text and the end aren't delayed."""

CONTROL_INTERVAL_S = 0.2
"""How often the worker looks for requests (cancel, resume, further frames) and for the loss of its lease."""

HEARTBEAT_INTERVAL_S = 3.0
"""How often the worker extends its lease."""

MAX_END_S = 12.0
"""How long the end of a turn is tried to be stored, if the invocation has so much time."""

_RETRY_INTERVAL_S = 0.2


class FrameStream:
    """The frames of one running turn. The worker calls `send` and `close`; the thread does everything else."""

    def __init__(
        self,
        turns: TurnStore,
        sender: FrameSender,
        turn: Turn,
        on_cancel: Callable[[], None],
        on_lost: Callable[[], None],
    ) -> None:
        """`on_cancel` is called where the user cancels the turn, `on_lost` where the worker's lease is lost."""
        self.first_delta_at: float | None = None
        """By `time.monotonic`: when the first text was there to be sent."""
        self._turns = turns
        self._sender = sender
        self._turn = turn
        self._on_cancel = on_cancel
        self._on_lost = on_lost
        self._connection_id: str | None = turn.connection_id
        self._handled_resume: str | None = None
        self._handled_frames = 0
        self._is_cancelled = False
        self._is_lost = False
        self._seq = turn.last_seq
        self._numbered: list[dict[str, Any]] = []
        self._unstored: list[list[dict[str, Any]]] = []
        self._text_sent = False
        self._sent_at = 0.0
        self._queue: list[ServerFrame] = []
        self._closing = False
        self._end_timeout_s = MAX_END_S
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="frame-stream", daemon=True)
        self._thread.start()

    @property
    def turn(self) -> Turn:
        """The turn as it was read last: after `close`, as it ended."""
        return self._turn

    def send(self, *frames: ServerFrame) -> None:
        """Enqueue frames. Never waits for the connection."""
        with self._changed:
            for frame in frames:
                if self.first_delta_at is None and isinstance(frame, Delta):
                    self.first_delta_at = time.monotonic()
                self._queue += prepare(frame)
            self._changed.notify()

    def close(self, *frames: ServerFrame, timeout_s: float = MAX_END_S) -> None:
        """Enqueue the last frames, and wait until they are stored and sent and the turn has ended.

        Where they can't be stored within `timeout_s`, they are sent all the same.
        """
        with self._changed:
            self._end_timeout_s = timeout_s
            for frame in frames:
                self._queue += prepare(frame)
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        checked_at = heartbeat_at = time.monotonic()  # the turn has just been read and started
        self._handle_requests()
        while True:
            frames, last = self._next()
            now = time.monotonic()
            # Before anything is sent: a worker that was frozen may have lost its lease meanwhile.
            if now - checked_at >= CONTROL_INTERVAL_S and not self._is_lost:
                checked_at = now
                is_due = now - heartbeat_at >= HEARTBEAT_INTERVAL_S
                if self._check(is_due) and is_due:
                    heartbeat_at = now
            if last:
                if not self._is_lost:
                    self._end(frames)
                return
            if frames and not self._is_lost:
                self._send(frames)

    def _next(self) -> tuple[list[ServerFrame], bool]:
        """Return what to send now: nothing at the latest after the control interval, so that requests are handled."""
        with self._changed:
            if not self._queue and not self._closing:
                self._changed.wait(CONTROL_INTERVAL_S)
            if self._queue:
                self._changed.wait_for(self._is_due, max(0.0, self._sent_at + FLUSH_INTERVAL_S - time.monotonic()))
            frames, self._queue = _join(self._queue), []
            return frames, self._closing

    def _is_due(self) -> bool:
        """Return whether the queue is sent without waiting: the end, the first text, and much text."""
        texts = [frame for frame in self._queue if isinstance(frame, Delta)]
        return (
            self._closing
            or (bool(texts) and not self._text_sent)
            or sum(len(frame.text) for frame in texts) >= MAX_DELTA_CHARS // 4
        )

    def _send(self, frames: Sequence[ServerFrame]) -> None:
        self._sent_at = time.monotonic()
        self._store_and_post(self._number([frame.body() for frame in frames]))
        self._text_sent = self._text_sent or any(isinstance(frame, Delta) for frame in frames)

    def _number(self, bodies: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        frames = [numbered(body, self._seq + index, *self._turn.scope) for index, body in enumerate(bodies, start=1)]
        self._seq += len(frames)
        self._numbered += frames
        return frames

    def _store_and_post(self, frames: list[dict[str, Any]]) -> None:
        self._unstored.append(frames)
        try:
            while self._unstored:
                self._turns.frames.put(self._turn, self._unstored[0])
                del self._unstored[0]
        except PamError:
            # They are sent all the same, and stored with the next ones.
            logger.warning("frames not stored", exc_info=True)
        self._post(frames)

    def _post(self, frames: Sequence[Mapping[str, Any]]) -> None:
        if frames and self._connection_id is not None and not self._sender.post(self._connection_id, *frames):
            self._connection_id = None  # gone: the turn goes on, for a client that resumes

    def _check(self, is_heartbeat_due: bool) -> bool:
        """Read what is requested, extending the lease where that is due. Return False where DynamoDB is unavailable."""
        try:
            if is_heartbeat_due:
                turn = self._turns.heartbeat(self._turn)
            else:
                turn = self._turns.get(self._turn.user_id, self._turn.message_id)
        except PamError:
            logger.warning("no heartbeat", exc_info=True)
            return False
        if turn is None or turn.state is not TurnState.RUNNING or turn.worker != self._turn.worker:
            # The turn was declared lost: this worker must not send any more.
            self._is_lost = True
            self._on_lost()
        else:
            self._turn = turn
            self._handle_requests()
        return True

    def _handle_requests(self) -> None:
        resume = self._turn.resume
        if resume is not None and resume.id != self._handled_resume:
            self._handled_resume = resume.id
            self._connection_id = self._turn.connection_id
            self._repeat(resume.after)
        pending = self._turn.pending_frames[self._handled_frames :]
        if pending:
            self._handled_frames += len(pending)
            self._store_and_post(self._number(pending))
        if self._turn.is_cancelled and not self._is_cancelled:
            self._is_cancelled = True
            self._on_cancel()

    def _repeat(self, after: int) -> None:
        first = int(self._numbered[0]["seq"]) if self._numbered else self._seq + 1
        earlier = self._turns.frames.after(self._turn, after) if after + 1 < first else []
        self._post(
            [
                *(frame for frame in earlier if int(frame["seq"]) < first),
                *(frame for frame in self._numbered if int(frame["seq"]) > after),
            ]
        )

    def _end(self, frames: Sequence[ServerFrame]) -> None:
        """End the turn with its last frames, all that aren't stored yet among them, then send them."""
        deadline = time.monotonic() + self._end_timeout_s
        while True:
            last = [
                numbered(frame.body(), self._seq + index, *self._turn.scope)
                for index, frame in enumerate(frames, start=1)
            ]
            try:
                ended = self._turns.end(self._turn, [*chain(*self._unstored), *last])
                if ended is None:
                    return  # the lease is lost
                self._turn = ended
                break
            except RequestPending as pending:
                self._turn = pending.turn
                self._handle_requests()
            except PamError:
                if time.monotonic() > deadline:
                    # The next question of the conversation waits until the lease expires.
                    logger.warning("turn not ended", exc_info=True)
                    break
                time.sleep(_RETRY_INTERVAL_S)
        self._post(last)


def _join(frames: list[ServerFrame]) -> list[ServerFrame]:
    """Join consecutive texts, as long as they fit into one frame."""
    joined: list[ServerFrame] = []
    for frame in frames:
        last = joined[-1] if joined else None
        if isinstance(frame, Delta) and isinstance(last, Delta) and len(last.text + frame.text) <= MAX_DELTA_CHARS:
            joined[-1] = Delta(last.text + frame.text)
        else:
            joined.append(frame)
    return joined
