"""What comes in over a socket: questions answered in place or handed to a worker, and orders about them.

Imports no SDK of a model: this answers in milliseconds.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

from pam.answers.ask import CHAT, AskRequest, Question, ask
from pam.chat.confirmations import Confirmation
from pam.chat.frames import (
    PONG,
    Ack,
    CancelFrame,
    ChatFrame,
    Confirmed,
    ConfirmFrame,
    Done,
    Failed,
    Frame,
    Queued,
    ResumeFrame,
    numbered,
)
from pam.chat.history import note
from pam.chat.parts import ChatParts
from pam.chat.store import Conflict
from pam.chat.turns import Turn
from pam.platform.deadline import Deadline
from pam.platform.errors import MESSAGE_NOT_FOUND, TURN_LOST, PamError
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger
from pam.platform.postgres import DatabaseUnavailable
from pam.platform.websocket import WebSocketRequest
from pam.tools.catalog.registry import TOOLS
from pam.tools.engine.definition import TOOL_TIMEOUT_S, ToolContext
from pam.tools.engine.execution import execute
from pam.tools.engine.parsing import parse_arguments

_TOLD_WITHIN_S = 5.0
"""How long a running worker may take to tell what came of a confirmation: it looks twice a second."""


def chat(parts: ChatParts, call: WebSocketRequest, frame: ChatFrame) -> None:
    """A question: what is known of it already, a fast answer, or a turn for a worker. Raises `PamError`."""
    began = time.monotonic()
    conversation_id = frame.conversation_id or uuid4()
    request = frame.model_dump(mode="json", include={"text"}) | {"context": _context(frame)}
    with ThreadPoolExecutor(1, "counting") as beside:
        counting = beside.submit(parts.limits.take_question, call.user_id)
        turn = parts.turns.open(call.user_id, frame.message_id, conversation_id, call.connection_id, request)
    if turn is None:
        _repeat(parts, call, frame.message_id, 0)
        return
    try:
        counting.result()
    except PamError:
        parts.turns.forget(turn)
        raise
    try:
        fast = ask(
            AskRequest(
                travel=parts.travel,
                user_id=call.user_id,
                question=Question(text=frame.text, timezone=frame.context.timezone, location=frame.context.location),
                idempotency_key=str(frame.message_id),
                context=call.context,
            )
        )
        if fast != CHAT:
            _tell_fast(parts, call, turn, fast, began)
            return
        parts.switch.check()
    except PamError as refusal:
        _count_failed(refusal)
        _tell_all(parts, call, turn, Ack(), failed(refusal))
        return
    # Before the line: once it is in there, a worker may begin and speak.
    call.reply(*_numbers(turn, [Ack()]))
    try:
        place = _in_line(parts, turn)
    except PamError as refusal:
        _count_failed(refusal)
        _end_with(parts, turn, failed(refusal))
        return
    # Where its turn has come meanwhile, a worker numbers the frames from here on.
    if place and parts.turns.wait(turn, 2):
        queued = _numbers(turn, [Ack(), Queued(place)])[1:]
        parts.turns.keep(turn, queued)
        call.reply(*queued)
    if not place:
        begin(parts, turn)


def _count_failed(refusal: PamError) -> None:
    logger.warning(refusal.message, error_code=refusal.error.code, exc_info=refusal.error.status >= 500)
    count(Metric.CHAT_FAILED)


def _in_line(parts: ChatParts, turn: Turn) -> int:
    """The question's place in its conversation, 0 for now; a turn whose worker is lost is cleared away first."""
    place = parts.queue.enter(turn.user_id, turn.conversation_id, turn.message_id)
    if place.ahead is not None and _makes_way(parts, turn, place.ahead):
        return parts.queue.enter(turn.user_id, turn.conversation_id, turn.message_id).position
    return place.position


def _makes_way(parts: ChatParts, turn: Turn, message_id: UUID) -> bool:
    """Whether the turn that is before this one is over, or its worker lost: then it is cleared away."""
    ahead = parts.turns.get(turn.user_id, message_id)
    if ahead is not None and ahead.state != "ended" and not parts.turns.is_lost(ahead):
        return False
    if ahead is not None:
        return clear_away(parts, ahead)
    hand_on(parts, turn.user_id, turn.conversation_id, message_id)
    return True


def _context(frame: ChatFrame) -> dict[str, Any]:
    context = frame.context
    location = context.location
    return {
        "timezone": context.timezone.key if context.timezone else None,
        "location": [str(location.latitude), str(location.longitude)] if location else None,
    }


def begin(parts: ChatParts, turn: Turn) -> None:
    """Has a worker answer; where none can be had, says so and lets the next one come."""
    try:
        parts.workers.start(turn)
    except PamError as refusal:
        logger.warning("no worker", exc_info=True)
        count(Metric.CHAT_FAILED)
        _end_with(parts, turn, failed(refusal))
        hand_on(parts, turn.user_id, turn.conversation_id, turn.message_id)


def hand_on(parts: ChatParts, user_id: UUID, conversation_id: UUID, message_id: UUID) -> None:
    """A turn has ended: has the next question of its conversation answered, if one waits."""
    following = parts.queue.leave(user_id, conversation_id, message_id)
    while following is not None:
        turn = parts.turns.get(user_id, following)
        if turn is not None and turn.state == "queued":
            begin(parts, turn)
            return
        following = parts.queue.leave(user_id, conversation_id, following)


def _tell_fast(parts: ChatParts, call: WebSocketRequest, turn: Turn, fast: Mapping[str, Any], began: float) -> None:
    done = Done(
        text=fast["text"],
        tier=fast["tier"],
        latency_ms={"first_delta": None, "total": round((time.monotonic() - began) * 1000)},
        sources=(fast["source"],),
        as_of=fast["as_of"],
        simulated="(simulated)" in fast["source"],
        answer=fast["answer"],
        intent=fast["intent"],
        slots=fast["slots"],
    )
    _tell_all(parts, call, turn, Ack(), done)
    said = f"The traveller asked: {turn.request['text']}\nPAM answered by itself: {fast['text']}"
    try:
        note(parts.travel.database, turn.user_id, turn.conversation_id, said, parts.tool_mode)
    except DatabaseUnavailable:
        # Answered all the same; the conversation just won't know of it.
        logger.warning("a fast answer isn't noted", exc_info=True)


def failed(refusal: PamError) -> Failed:
    """The frame that tells of a fault."""
    return Failed(refusal.error.code, refusal.message, refusal.retry_after)


def _numbers(turn: Turn, frames: Sequence[Frame]) -> list[dict[str, Any]]:
    return [
        numbered(frame.body(), seq, turn.message_id, turn.conversation_id) for seq, frame in enumerate(frames, start=1)
    ]


def _tell_all(parts: ChatParts, call: WebSocketRequest, turn: Turn, *frames: Frame) -> None:
    """Keeps all frames of a turn, ends it, and sends them: over a newer line, where the same message came again."""
    numbers = _numbers(turn, frames)
    parts.turns.keep(turn, numbers[1:])
    ended = parts.turns.end(turn, len(numbers))
    parts.frame_sender.post(ended.connection if ended else call.connection_id, *numbers)


def _end_with(parts: ChatParts, turn: Turn, frame: Frame) -> None:
    """Ends a turn that no worker speaks for, and tells so to whoever listens."""
    ended = parts.turns.end(turn, turn.last_seq)
    if ended is not None:
        parts.frame_sender.post(ended.connection, _append(parts, ended, frame))


def _append(parts: ChatParts, turn: Turn, frame: Frame, at_least: int = 0) -> dict[str, Any]:
    body = numbered(frame.body(), 0, turn.message_id, turn.conversation_id)
    return parts.turns.append(turn, body, at_least)


def resume(parts: ChatParts, call: WebSocketRequest, frame: ResumeFrame) -> None:
    """The frames after the one that the client has. Raises `PamError` (`message_not_found`)."""
    _repeat(parts, call, frame.message_id, int(frame.after))


def _repeat(parts: ChatParts, call: WebSocketRequest, message_id: UUID, after: int) -> None:
    for _ in range(3):  # a turn changes its state twice at most
        turn = parts.turns.get(call.user_id, message_id)
        if turn is None:
            raise PamError(MESSAGE_NOT_FOUND, "PAM doesn't know that message any more. Please ask again.")
        if parts.turns.is_lost(turn):
            if not clear_away(parts, turn):
                continue
        elif turn.state == "queued":
            if not parts.turns.redirect(turn, call.connection_id):
                continue
            ahead = parts.queue.running(turn.user_id, turn.conversation_id)
            if ahead not in (None, message_id):
                _makes_way(parts, turn, ahead)
        elif turn.state == "running":
            if parts.turns.ask_again(turn, call.connection_id, after):
                return
            continue
        call.reply(*parts.turns.kept(turn, after))
        return


def clear_away(parts: ChatParts, turn: Turn) -> bool:
    """A turn whose worker is lost ends with a word about it, and the next one of its conversation begins.

    False where the worker was heard again meanwhile: then it goes on.
    """
    try:
        lost = parts.turns.give_up(turn)
    except Conflict:
        return False
    kept = parts.turns.kept(lost, 0) if lost is not None else []
    # A worker may have told everything, and not have been able to say that it is done.
    if lost is not None and not any(frame["type"] in (Done.type, Failed.type) for frame in kept):
        count(Metric.TURN_LOST)
        told = PamError(
            TURN_LOST,
            "PAM lost its thread in the middle of this. What was done is shown above; please ask again for the rest.",
        )
        _append(parts, lost, failed(told), _last_seq(kept))
    for body in lost.extra if lost is not None else ():
        parts.turns.append(turn, numbered(body, 0, turn.message_id, turn.conversation_id), _last_seq(kept))
    hand_on(parts, turn.user_id, turn.conversation_id, turn.message_id)
    return True


def cancel(parts: ChatParts, call: WebSocketRequest, frame: CancelFrame) -> None:
    """Stops an answer; one that has ended stays as it is. Raises `PamError` (`message_not_found`)."""
    turn = parts.turns.get(call.user_id, frame.message_id)
    if turn is None:
        raise PamError(MESSAGE_NOT_FOUND, "PAM doesn't know that message any more.")
    parts.turns.cancel(turn)


def ping(call: WebSocketRequest) -> None:
    """Proves that the line is there."""
    call.reply(PONG)


def confirm(parts: ChatParts, call: WebSocketRequest, frame: ConfirmFrame) -> None:
    """Does what the traveller said yes to, once; or notes that they said no. Raises `PamError`."""
    held = parts.confirmations.decide(call.user_id, frame.confirmation_id, frame.decision, frame.digest)
    turn = parts.turns.get(call.user_id, held.message_id)
    if turn is None:
        raise PamError(MESSAGE_NOT_FOUND, "PAM doesn't know that message any more.")
    source: str | None = None
    if frame.decision == "no":
        text = "Not done, as you said."
    else:
        tool = TOOLS[held.tool]
        context = ToolContext(parts.travel, call.user_id, f"confirmation:{held.id}", Deadline(TOOL_TIMEOUT_S))
        result = execute(context, tool, parse_arguments(tool, held.arguments), approved_preview=held.preview)
        text, source = result.text, result.source
    if not parts.confirmations.tell_once(call.user_id, held.id) and _tell_again(parts, call, turn, held):
        return
    told = Confirmed(str(held.id), frame.decision, text, source)
    body = numbered(told.body(), 0, turn.message_id, turn.conversation_id)
    if not parts.turns.say_through(turn, body):
        call.reply(parts.turns.append(turn, body, _last_seq(parts.turns.kept(turn, 0))))
    outcome = f"Of the confirmation for {held.tool}: the traveller said {frame.decision}. {text}"
    try:
        note(parts.travel.database, turn.user_id, turn.conversation_id, outcome, parts.tool_mode)
    except DatabaseUnavailable:
        logger.warning("a confirmation isn't noted", exc_info=True)


def _tell_again(parts: ChatParts, call: WebSocketRequest, turn: Turn, held: Confirmation) -> bool:
    """Sends what came of a confirmation, as it was told before; who tells it at this moment is waited for.

    False where nothing comes: it was to be told, and who was to tell it has failed.
    """
    this = (Confirmed.type, str(held.id))
    give_up_at = time.monotonic() + _TOLD_WITHIN_S
    while time.monotonic() < give_up_at:
        told = [each for each in parts.turns.kept(turn, 0) if (each["type"], each.get("confirmation_id")) == this]
        if told:
            call.reply(*told)
            return True
        time.sleep(0.1)
    return False


def _last_seq(kept: Sequence[Mapping[str, Any]]) -> int:
    return int(kept[-1]["seq"]) if kept else 0
