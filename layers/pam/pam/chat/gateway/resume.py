"""The frames of a message sent again, from a number on: after a lost connection, or where nothing comes any more."""

from uuid import UUID

from pam.chat.dependencies import ChatDependencies
from pam.chat.frames import ResumeFrame
from pam.chat.gateway.begin import begin_turn
from pam.chat.lifecycle.turn import Turn, TurnState
from pam.platform.errors import MESSAGE_NOT_FOUND, PamError
from pam.platform.websocket import WebSocketRequest


def resume_message(dependencies: ChatDependencies, request: WebSocketRequest, frame: ResumeFrame) -> None:
    """Send the frames after the one that the client has. Raises `PamError` (`message_not_found`)."""
    send_frames_after(dependencies, request, frame.message_id, int(frame.after))


def send_frames_after(dependencies: ChatDependencies, request: WebSocketRequest, message_id: UUID, after: int) -> None:
    """Send a message's frames after number `after` to the request's connection, and all later ones.

    A running turn's worker sends them itself; a lost turn is ended, and one that nobody has started is begun again.
    Raises `PamError` (`message_not_found`).
    """
    turns = dependencies.turns
    while True:  # at most three times: the state changes twice
        turn = turns.get(request.user_id, message_id)
        if turn is None:
            raise PamError(MESSAGE_NOT_FOUND, "PAM doesn't know that message any more. Please ask again.")
        if turn.state is TurnState.ENDED:
            frames = turns.frames.after(turn, after) or turns.frames.renumbered_ending(turn, after)
            request.reply(*frames)
            return
        if turns.is_lost(turn):
            dependencies.lifecycle.recover(turn)
            continue
        if turn.state is TurnState.RUNNING:
            if turns.request_resume(turn, request.connection_id, after):
                return
            continue
        # From here on the turn's frames are for this connection; a worker waits until these are sent.
        claim = turns.claim_resume(turn, request.connection_id, after)
        if claim is None:
            continue
        stored = turns.frames.after(turn, after)
        request.reply(*stored)
        turns.release_posting(claim, int(stored[-1]["seq"]) if stored else after)
        _restart(dependencies, request, turn)
        return


def _restart(dependencies: ChatDependencies, request: WebSocketRequest, turn: Turn) -> None:
    """Begin a queued turn again if its start was lost; recover the one that it waits for if that is lost."""
    if dependencies.lifecycle.is_waiting(turn):
        return
    if dependencies.turns.claim_restart(turn):
        begin_turn(dependencies, request, turn, is_restart=True)
