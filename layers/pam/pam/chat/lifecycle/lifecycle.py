"""From an opened turn to the next one: queueing, starting a worker, recovering a lost one, handing over.

A turn runs when it is the first of its conversation and has one of its user's permits.
"""

from uuid import UUID

from pam.chat.conversations import NoteStore
from pam.chat.frames import TERMINAL_TYPES, Failed, numbered
from pam.chat.lifecycle import lost_turn
from pam.chat.lifecycle.permits import TurnPermits
from pam.chat.lifecycle.queue import ConversationQueue
from pam.chat.lifecycle.turn import Turn, TurnState
from pam.chat.lifecycle.turn_writes import TurnWrites
from pam.chat.lifecycle.turns import RequestPending, TurnStore
from pam.chat.lifecycle.workers import WorkerInvoker
from pam.platform.deadline import Deadline
from pam.platform.dimensions import Tier
from pam.platform.errors import QUEUE_FULL, TURN_LOST, PamError
from pam.platform.metrics import Metric
from pam.platform.observability import count, log_error
from pam.platform.request_metrics import record_question_error
from pam.platform.websocket import FrameSender

_NOTE_TIMEOUT_S = 2.0


class TurnLifecycle:
    """The steps of a turn that need more than its own item.

    Methods raise `DynamoUnavailable`; those that recover lost turns also raise `DatabaseUnavailable`.
    """

    def __init__(
        self,
        turns: TurnStore,
        queue: ConversationQueue,
        permits: TurnPermits,
        workers: WorkerInvoker,
        sender: FrameSender,
        writes: TurnWrites,
        notes: NoteStore,
    ) -> None:
        self._turns = turns
        self._queue = queue
        self._permits = permits
        self._workers = workers
        self._sender = sender
        self._writes = writes
        self._notes = notes

    def enqueue(self, turn: Turn) -> int:
        """Enqueue an opened turn and return its position; at position 0 a worker is started, or the turn has failed.

        The first turn of its conversation has the position in which it waits for a permit. A lost turn before it is
        ended first. Raises `PamError` (`queue_full`).
        """
        entered = self._queue.enter(turn.user_id, turn.conversation_id, turn.message_id)
        if entered.position and self._clear(turn, entered.running):
            entered = self._queue.enter(turn.user_id, turn.conversation_id, turn.message_id)
        return self._start(turn) if entered.position == 0 else entered.position

    def enqueue_again(self, turn: Turn) -> None:
        """Enqueue a turn whose start may have been lost. Raises `PamError` (`queue_full`).

        It may have left the queue before this call: if it has ended, it leaves once more, or it would keep a place that
        nothing empties. If it hasn't ended yet, its worker removes it.
        """
        self.enqueue(turn)
        current = self._turns.get(turn.user_id, turn.message_id)
        if current is None or current.state is TurnState.ENDED:
            self.hand_over(turn.user_id, turn.conversation_id, turn.message_id)

    def hand_over(self, user_id: UUID, conversation_id: UUID, message_id: UUID) -> None:
        """Take its permit from a turn that has ended, remove it from the queue, and start those that come next."""
        self._release_permit(user_id, message_id)
        following = self._queue.leave(user_id, conversation_id, message_id)
        while following is not None and not self._start_next(user_id, following):
            following = self._queue.leave(user_id, conversation_id, following)

    def recover(self, turn: Turn) -> bool:
        """End a turn that is lost, or ended without its terminal frame, report its writes, and start the next one.

        Return False where its worker was heard again meanwhile.
        """
        # A turn that has no worker yet has written nothing.
        is_started = turn.state is not TurnState.QUEUED
        effects = self._writes.close(turn.user_id, turn.message_id) if is_started else {}
        try:
            frames = self._turns.frames.after(turn)
            seq = int(frames[-1]["seq"])
            bodies = lost_turn.last_frames(frames, turn.pending_frames, effects)
            last = [numbered(body, seq + index, *turn.scope) for index, body in enumerate(bodies, start=1)]
            is_ended = self._turns.end_lost(turn, last)
        except RequestPending as pending:
            return self.recover(pending.turn)
        if not is_ended:
            current = self._turns.get(turn.user_id, turn.message_id)
            if current is not None and current.state is not TurnState.ENDED:
                return False
        elif last:
            count(Metric.TURN_LOST)
            if any(body["type"] in TERMINAL_TYPES for body in last):
                record_question_error(TURN_LOST.code, Tier.CHAT)
            note = lost_turn.note(effects)
            if note is not None:
                deadline = Deadline(_NOTE_TIMEOUT_S)
                self._notes.try_add(turn.user_id, turn.conversation_id, turn.message_id, note, deadline)
        self.hand_over(turn.user_id, turn.conversation_id, turn.message_id)
        return True

    def is_waiting(self, turn: Turn) -> bool:
        """Return whether a queued turn waits for others, which are recovered if they are lost."""
        running, waiting = self._queue.members(turn.user_id, turn.conversation_id)
        if running is None:
            return False
        if running == turn.message_id:
            is_waiting = self._permits.is_waiting(turn.user_id, turn.message_id)
            return is_waiting and not self._clear_permits(turn.user_id)
        return not self._clear(turn, running) and turn.message_id in waiting

    def fail_unstarted(self, turn: Turn, error: PamError) -> None:
        """End a turn that no worker has started with an error frame, and send it."""
        log_error(error)
        count(Metric.CHAT_FAILED)
        current = self._turns.get(turn.user_id, turn.message_id) or turn
        last = numbered(Failed.from_error(error).body(), current.last_seq + 1, *turn.scope)
        ended = self._turns.end_unstarted(turn, [last])
        if ended is not None:
            self._sender.post(ended.connection_id, last)
        record_question_error(error.error.code, Tier.CHAT)

    def _start(self, turn: Turn, *, is_accepted: bool = False) -> int:
        """Start a worker if the user has a free permit; return 0, or the position in which the turn waits for one."""
        try:
            acquired = self._permits.acquire(turn.user_id, turn.message_id, is_accepted=is_accepted)
            if acquired.is_stalled and self._clear_permits(turn.user_id):
                acquired = self._permits.acquire(turn.user_id, turn.message_id, is_accepted=is_accepted)
            if acquired.position is None:
                raise PamError(
                    QUEUE_FULL,
                    "PAM is working on several of your questions already. Ask this one again when they are answered.",
                    retry_after=10,
                )
            if acquired.position == 0:
                self._workers.invoke(turn)
        except PamError as error:
            self.fail_unstarted(turn, error)
            self.hand_over(turn.user_id, turn.conversation_id, turn.message_id)
            return 0
        return acquired.position

    def _start_next(self, user_id: UUID, message_id: UUID) -> bool:
        """Start a turn that has waited; return False where it has ended meanwhile."""
        turn = self._turns.get(user_id, message_id)
        if turn is None or turn.state is TurnState.ENDED:
            return False
        if turn.state is TurnState.QUEUED:  # not where this is a repetition, and its worker runs already
            self._start(turn, is_accepted=True)
        return True

    def _release_permit(self, user_id: UUID, message_id: UUID) -> None:
        """Take its permit from a turn, and start the one that gets it."""
        following = self._permits.release(user_id, message_id)
        while following is not None and not self._start_next(user_id, following):
            following = self._permits.release(user_id, following)

    def _clear_permits(self, user_id: UUID) -> bool:
        """Return whether a permit of the user was released, because its turn was lost or had ended."""
        is_cleared = False
        for holder in self._permits.holders(user_id):
            turn = self._turns.get(user_id, holder)
            if turn is None:
                self._release_permit(user_id, holder)
                is_cleared = True
            elif turn.state is TurnState.ENDED or self._turns.is_lost(turn):
                is_cleared |= self.recover(turn)
        return is_cleared

    def _clear(self, turn: Turn, running: UUID) -> bool:
        """Return whether the running turn before `turn` is over, recovering it if it is lost."""
        ahead = self._turns.get(turn.user_id, running)
        if ahead is None:
            self.hand_over(turn.user_id, turn.conversation_id, running)
            return True
        if ahead.state is not TurnState.ENDED and not self._turns.is_lost(ahead):
            return False
        return self.recover(ahead)
