"""The beginning of a turn: answered at once where a fast answer is sure, else enqueued for a worker.

It may be made again, where nobody knows what became of it: a write is done once, and a worker starts once.
Imports no model SDK: this answers in milliseconds.
"""

import time
from decimal import Decimal
from typing import Any

from pam.answers.ask import AskAnswer, ask
from pam.answers.ask_request import AskRequest
from pam.answers.place_question import PlaceQuestion
from pam.answers.question import Location, Question
from pam.chat.conversations import QUESTION_BACK_TIER, fast_answer_note, fast_exchange, question_back_note
from pam.chat.dependencies import ChatDependencies
from pam.chat.frames import CHAT_ROUTE, Ack, Done, Failed, Queued, ServerFrame, numbered
from pam.chat.lifecycle.turn import Turn
from pam.platform.errors import PamError
from pam.platform.metrics import Metric
from pam.platform.observability import count, log_error, logger
from pam.platform.request_metrics import record_answer, record_question_error
from pam.platform.websocket import WebSocketRequest
from pam.users.time_zones import parse_time_zone


def begin_turn(
    dependencies: ChatDependencies, request: WebSocketRequest, turn: Turn, *, is_restart: bool = False
) -> None:
    """Answer an opened turn's question, or have a worker answer it.

    With `is_restart` the client has the turn's frames up to `turn.last_seq`.
    """
    started_at = time.monotonic()
    try:
        answer = ask(
            AskRequest(
                dependencies=dependencies.answers,
                user_id=turn.user_id,
                question=_question(turn),
                deadline=request.deadline,
                idempotency_key=turn.write_key,
                context=request.context,
                check_enabled=dependencies.disabled_tools.check,
            )
        )
        logger.info("question routed", tier=answer.tier, intent=answer.intent)
        if isinstance(answer, AskAnswer):
            took_ms = (time.monotonic() - started_at) * 1000
            _end(dependencies, turn, _done(answer, started_at), is_restart=is_restart)
            _note(dependencies, request, turn, fast_answer_note(turn.request["text"], answer), answer.text, answer.tier)
            # At the end: a failure on the way is recorded as one, and once.
            record_answer(CHAT_ROUTE, answer.tier, took_ms, is_question=True)
            return
        dependencies.kill_switch.check()
    except PamError as error:
        log_error(error)
        count(Metric.CHAT_FAILED)
        _end(dependencies, turn, Failed.from_error(error), is_restart=is_restart)
        if isinstance(error, PlaceQuestion):
            note = question_back_note(turn.request["text"], error)
            _note(dependencies, request, turn, note, error.message, QUESTION_BACK_TIER)
        record_question_error(error.error.code)
        return
    try:
        if is_restart:
            dependencies.lifecycle.enqueue_again(turn)
        else:
            request.reply(_ack(turn))  # before the turn is enqueued: from then on a worker may send
            _enqueue(dependencies, request, turn)
    except PamError as error:
        dependencies.lifecycle.fail_unstarted(turn, error)


def _enqueue(dependencies: ChatDependencies, request: WebSocketRequest, turn: Turn) -> None:
    position = dependencies.lifecycle.enqueue(turn)
    if position:
        _report_waiting(dependencies, request, turn, position)


def _report_waiting(dependencies: ChatDependencies, request: WebSocketRequest, turn: Turn, position: int) -> None:
    """Tell the client how many questions are answered first, unless a worker has started meanwhile."""
    queued = numbered(Queued(position).body(), turn.last_seq + 1, *turn.scope)
    dependencies.turns.frames.put(turn, [queued])
    claim = dependencies.turns.claim_waiting(turn, queued["seq"])
    if claim is not None:
        request.reply(queued)
        dependencies.turns.release_posting(claim)


def _note(
    dependencies: ChatDependencies, request: WebSocketRequest, turn: Turn, note: str, text: str, tier: int
) -> None:
    exchange = fast_exchange(turn.message_id, turn.request["text"], text, dependencies.answers.clock(), tier)
    dependencies.notes.try_add_answer(turn.user_id, turn.conversation_id, note, exchange, request.deadline)


def _done(answer: AskAnswer, started_at: float) -> Done:
    return Done(
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


def _end(dependencies: ChatDependencies, turn: Turn, last: ServerFrame, *, is_restart: bool) -> None:
    """End a turn that no worker has, and send its frames: to a newer connection, if the message came again.

    Where another party has ended the turn, that one sends the frames.
    """
    frame = numbered(last.body(), turn.last_seq + 1, *turn.scope)
    ended = dependencies.turns.end_unstarted(turn, [frame])
    if ended is not None:
        dependencies.sender.post(ended.connection_id, *([frame] if is_restart else [_ack(turn), frame]))


def _ack(turn: Turn) -> dict[str, Any]:
    return numbered(Ack().body(), 1, *turn.scope)


def _question(turn: Turn) -> Question:
    timezone, location = turn.request["context"]["timezone"], turn.request["context"]["location"]
    return Question(
        text=turn.request["text"],
        timezone=parse_time_zone(timezone) if timezone else None,
        typed_at=turn.request["context"].get("typed_at"),  # absent in a turn that an earlier release opened
        location=Location(latitude=Decimal(location[0]), longitude=Decimal(location[1])) if location else None,
        conversation_id=turn.conversation_id,
    )
