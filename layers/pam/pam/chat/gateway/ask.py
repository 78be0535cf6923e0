"""A question over the WebSocket: answered at once where a fast answer is sure, else a turn for a worker.

Imports no model SDK: this answers in milliseconds.
"""

import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from pam.answers.ask import AskAnswer, ask
from pam.answers.ask_request import AskRequest
from pam.answers.question import Question
from pam.chat.conversations import fast_answer_note
from pam.chat.dependencies import ChatDependencies
from pam.chat.frames import Ack, ChatFrame, Done, Failed, Queued, ServerFrame, numbered
from pam.chat.gateway.control import send_frames_after
from pam.chat.lifecycle.turn import Turn
from pam.platform.errors import PamError
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger
from pam.platform.websocket import WebSocketRequest


def answer_question(dependencies: ChatDependencies, request: WebSocketRequest, frame: ChatFrame) -> None:
    """Answer a question or start a turn; send the stored frames of a message id that is known. Raises `PamError`."""
    started_at = time.monotonic()
    dependencies.limits.take_question(request.user_id, frame.message_id)
    turn = dependencies.turns.open(
        request.user_id,
        frame.message_id,
        frame.conversation_id or uuid4(),
        request.connection_id,
        {"text": frame.text, "context": _context(frame), "retry_of": frame.retry_of and str(frame.retry_of)},
    )
    if turn is None:
        send_frames_after(dependencies, request, frame.message_id, 0)
        return
    try:
        answer = ask(
            AskRequest(
                dependencies=dependencies.answers,
                user_id=request.user_id,
                question=Question(text=frame.text, timezone=frame.context.timezone, location=frame.context.location),
                deadline=request.deadline,
                idempotency_key=turn.write_key,
                context=request.context,
            )
        )
        if isinstance(answer, AskAnswer):
            _send_fast_answer(dependencies, request, turn, answer, started_at)
            return
        dependencies.kill_switch.check()
    except PamError as error:
        logger.warning(error.message, error_code=error.error.code, exc_info=error.error.status >= 500)
        count(Metric.CHAT_FAILED)
        _end(dependencies, request, turn, Failed.from_error(error))
        return
    _start_turn(dependencies, request, turn)


def _start_turn(dependencies: ChatDependencies, request: WebSocketRequest, turn: Turn) -> None:
    # Before the turn is enqueued: from then on a worker may send.
    request.reply(*_number(turn, [Ack()]))
    try:
        position = dependencies.lifecycle.enqueue(turn)
    except PamError as error:
        dependencies.lifecycle.fail_unstarted(turn, error)
        return
    if position == 0:
        return
    queued = _number(turn, [Ack(), Queued(position)])[1:]
    dependencies.turns.put_frames(turn, queued)
    # False where a worker has started meanwhile: it numbers the frames from here on.
    if dependencies.turns.set_waiting(turn, last_seq=2):
        request.reply(*queued)


def _send_fast_answer(
    dependencies: ChatDependencies,
    request: WebSocketRequest,
    turn: Turn,
    answer: AskAnswer,
    started_at: float,
) -> None:
    done = Done(
        text=answer.text,
        tier=answer.tier,
        latency_ms={"first_delta": None, "total": round((time.monotonic() - started_at) * 1000)},
        sources=(answer.source,),
        as_of=answer.as_of,
        simulated=answer.simulated,
        answer=answer.answer.as_json(),
        intent=answer.intent,
        slots=answer.slots,
    )
    _end(dependencies, request, turn, done)
    note = fast_answer_note(turn.request["text"], answer)
    dependencies.notes.try_add(turn.user_id, turn.conversation_id, note, request.deadline)


def _end(dependencies: ChatDependencies, request: WebSocketRequest, turn: Turn, last: ServerFrame) -> None:
    """End a turn that no worker has, and send all its frames: to a newer connection, if the message came again."""
    frames = _number(turn, [Ack(), last])
    ended = dependencies.turns.end_unstarted(turn, frames[1:])
    dependencies.sender.post(ended.connection_id if ended else request.connection_id, *frames)


def _number(turn: Turn, frames: Sequence[ServerFrame]) -> list[dict[str, Any]]:
    return [numbered(frame.body(), seq, *turn.scope) for seq, frame in enumerate(frames, start=1)]


def _context(frame: ChatFrame) -> dict[str, Any]:
    timezone, location = frame.context.timezone, frame.context.location
    return {
        "timezone": timezone.key if timezone else None,
        "location": [str(location.latitude), str(location.longitude)] if location else None,
    }
