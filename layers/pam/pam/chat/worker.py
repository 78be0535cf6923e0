"""The worker: one invocation answers one question, from the conversation's history to the last frame."""

import threading
import time
from collections.abc import Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict

from pam.answers.ask import Location
from pam.chat import prompt
from pam.chat.answering import Answer, Answering
from pam.chat.channel import Channel
from pam.chat.dispatch import failed, hand_on
from pam.chat.frames import ConfirmRequest, Done, Frame, ToolLine
from pam.chat.history import Conversation, Log, Overtaken, read_conversation
from pam.chat.parts import ChatParts
from pam.chat.tool_choice import added_by, addition, selection
from pam.chat.turns import Turn
from pam.chat.unsaved import keep_unsaved, save_unsaved, unsaved_item
from pam.platform.deadline import Deadline
from pam.platform.errors import INTERNAL_ERROR, PamError
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger, measure
from pam.platform.postgres import DatabaseUnavailable
from pam.sources.claude import ClaudeClient
from pam.tools.engine.definition import Tool, ToolContext
from pam.tools.engine.events import Approval, ApprovalRequested, ToolEvent, ToolFinished, ToolStarted
from pam.tools.engine.executor import ToolExecutor, ToolThreads
from pam.users.time_zones import TimeZone, parse_time_zone

LONGEST_TURN_S = 90.0

# What is left of the invocation for the last frames and the log, whatever the turn did.
_RESERVE_S = 8.0


class Job(BaseModel):
    """What the dispatcher sends: what a conversation is read by. All else is in the table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user_id: UUID
    message_id: UUID
    conversation_id: UUID
    timezone: TimeZone | None


@dataclass(frozen=True)
class WorkerParts:
    """Put together once for each Lambda environment. `model` is the one that answers."""

    chat: ChatParts
    claude: ClaudeClient
    model: str
    tools: Mapping[str, Tool[Any]]
    tool_threads: ToolThreads


def work(worker: WorkerParts, job: Job, context: LambdaContext) -> None:
    """Answers the question, if nobody else has it; then has the next one of its conversation answered."""
    parts = worker.chat
    turn: Turn | None = None
    try:
        with ThreadPoolExecutor(2, "beside") as beside:
            reading = beside.submit(_read, parts, job)
            turn = parts.turns.start(job.user_id, job.message_id)
            if turn is None:
                logger.warning("a turn that has begun already came again")
                return
            seconds = context.get_remaining_time_in_millis() / 1000 - _RESERVE_S
            _answer(worker, turn, reading, beside, Deadline(min(LONGEST_TURN_S, seconds)))
    finally:
        if turn is not None:
            hand_on(parts, turn.user_id, turn.conversation_id, turn.message_id)


def _answer(
    worker: WorkerParts, turn: Turn, reading: Future[Conversation], beside: Executor, deadline: Deadline
) -> None:
    parts = worker.chat
    began, stop = time.monotonic(), threading.Event()
    channel = Channel(parts.turns, parts.frame_sender, turn, stop.set)
    channel.open()
    last: Frame = failed(PamError(INTERNAL_ERROR, "Something went wrong on PAM's side. Please try again."))
    try:
        answer = _converse(worker, turn, reading.result(), channel, beside, deadline, stop)
        last = _last_frame(answer, worker.model, channel, began)
    except PamError as refusal:
        logger.warning(refusal.message, error_code=refusal.error.code, exc_info=True)
        last = failed(refusal)
    except Exception:
        logger.exception("unforeseen fault")
    finally:
        count(Metric.CHAT_DONE if isinstance(last, Done) else Metric.CHAT_FAILED)
        measure(Metric.TURN_TIME, MetricUnit.Milliseconds, (time.monotonic() - began) * 1000)
        channel.close(last)


def _converse(
    worker: WorkerParts,
    turn: Turn,
    conversation: Conversation,
    channel: Channel,
    beside: Executor,
    deadline: Deadline,
    stop: threading.Event,
) -> Answer:
    """The answer, saved."""
    parts, model = worker.chat, worker.model
    database, clock = parts.travel.database, parts.travel.clock
    log = Log(database, turn.user_id, conversation, turn.message_id)
    messages = _up_to_question(conversation, turn, clock().astimezone(conversation.profile.zone), log)
    location = _location(turn)

    def count_cost(cost: Decimal) -> None:
        measure(Metric.MODEL_COST, MetricUnit.NoUnit, float(cost))
        try:
            parts.limits.charge(turn.user_id, cost)
        except PamError:
            # Told in the log and by the next charge; the answer is the traveller's all the same.
            logger.warning("a cost was not counted", exc_info=True)

    def charge(cost: Decimal) -> None:
        beside.submit(count_cost, cost)  # the last frame doesn't wait for it

    def request_approval(tool: str, arguments: str, preview: str) -> Approval:
        asked = parts.confirmations.ask(turn.user_id, turn.message_id, tool, arguments, preview)
        return Approval(asked.id, asked.digest, asked.expires_at)

    def say_event(event: ToolEvent) -> None:
        channel.say(*_frames(event, conversation.profile.zone))

    context = ToolContext(
        parts.travel,
        turn.user_id,
        str(turn.message_id),
        deadline,
        _zone(turn),
        (float(location.latitude), float(location.longitude)) if location else None,
    )
    tools = ToolExecutor(worker.tools, worker.tool_threads, context, request_approval, say_event)
    with ThreadPoolExecutor(1, "saving") as saving:
        answer = Answering(
            claude=worker.claude,
            model=model,
            selection=selection(conversation.tool_mode),
            about=conversation.about,
            messages=messages,
            tools=tools,
            log=log,
            saving=saving,
            limits=parts.limits,
            say=channel.say,
            charge=charge,
            deadline=deadline,
            stop=stop,
        ).run()
    _close(parts, turn, log, model, answer)
    return answer


def _read(parts: ChatParts, job: Job) -> Conversation:
    """The conversation as it is saved, with what today has cost looked up beside. Read again in the rare case that
    something was put aside. Raises `PamError`.

    The limit is of the moment when Claude is asked: a question may have waited behind a dear one.
    """
    database, clock = parts.travel.database, parts.travel.clock

    def read() -> Conversation:
        return read_conversation(database, job.user_id, job.conversation_id, job.timezone, clock(), parts.tool_mode)

    wanted = (unsaved_item(job.user_id, job.conversation_id), *parts.limits.sums(job.user_id))
    with ThreadPoolExecutor(1, "looking") as looking:
        looked = looking.submit(parts.table.get_all, *wanted)
        conversation = read()
    unsaved, *sums = looked.result()
    parts.limits.check(*sums)
    if unsaved is None:
        return conversation
    save_unsaved(parts.table, database, job.user_id, job.conversation_id, unsaved)
    return read()


def _up_to_question(conversation: Conversation, turn: Turn, now: datetime, log: Log) -> list[dict[str, Any]]:
    """The conversation with the question at its end, and both in the log."""
    messages = [message.body for message in conversation.messages]
    fresh: list[dict[str, Any]] = []
    if messages and messages[-1]["role"] != "assistant":
        fresh.append({"role": "assistant", "content": [{"type": "text", "text": "(This answer was interrupted.)"}]})
    asked = prompt.Asked(
        text=str(turn.request["text"]),
        now=now,
        location=_location(turn),
        facts=conversation.facts.lines(conversation.profile),
        notes=[note.text for note in conversation.notes],
    )
    fresh.append(prompt.user_message(asked))
    more = addition(selection(conversation.tool_mode), asked.text, added_by(messages))
    if more is not None:
        fresh.append(more)
    log.add(*fresh)
    return [*messages, *fresh]


def _close(parts: ChatParts, turn: Turn, log: Log, model: str, answer: Answer) -> None:
    """Saves the rest of the conversation, in Postgres or, while that is away, where the next turn finds it."""
    cost = answer.usage.cost(model)
    measure(Metric.MODEL_PROMPT_TOKENS, MetricUnit.Count, answer.usage.prompt)
    measure(Metric.MODEL_CACHE_READ_TOKENS, MetricUnit.Count, answer.usage.read)
    ended = answer.fault.error.code if answer.fault else "done"
    try:
        log.finish(model, answer.usage, int(cost * 1_000_000), ended)
    except DatabaseUnavailable:
        logger.warning("the conversation is saved later", exc_info=True)
        keep_unsaved(parts.table, turn.user_id, turn.conversation_id, log.unsaved(), parts.travel.clock())
    except Overtaken:
        logger.warning("the conversation went on without this turn")


def _last_frame(answer: Answer, model: str, channel: Channel, began: float) -> Frame:
    undo = tuple(
        {
            "text": outcome.result.text,
            "method": "DELETE",
            "href": f"/v1/effects/{outcome.result.effect_id}",
            "expires_at": outcome.result.undo_until.isoformat(timespec="seconds"),
        }
        for outcome in answer.outcomes
        if outcome.result and outcome.result.effect_id and outcome.result.undo_until
    )
    if answer.fault is not None:
        return replace(failed(answer.fault), undo=undo)
    first = channel.first_delta_at
    if first is not None:
        measure(Metric.FIRST_DELTA, MetricUnit.Milliseconds, (first - began) * 1000)
    return Done(
        text=answer.text,
        tier=3,
        usage=answer.usage.as_json(),
        cost_usd=f"{answer.usage.cost(model):.6f}",
        latency_ms={
            "first_delta": None if first is None else round((first - began) * 1000),
            "total": round((time.monotonic() - began) * 1000),
        },
        sources=answer.sources,
        as_of=answer.as_of,
        simulated=answer.simulated or any("(simulated)" in source for source in answer.sources),
        undo=undo,
        truncated=answer.truncated,
    )


def _frames(event: ToolEvent, zone: ZoneInfo) -> list[Frame]:
    match event:
        case ToolStarted():
            return [ToolLine(event.id, event.name, "running", event.summary)]
        case ToolFinished():
            return [ToolLine(event.id, event.name, event.state, event.summary, event.source)]
        case ApprovalRequested():
            return [
                ToolLine(event.id, event.name, "waiting", event.summary),
                ConfirmRequest(
                    confirmation_id=str(event.approval.id),
                    name=event.name,
                    summary=event.preview,
                    arguments=event.arguments,
                    digest=event.approval.digest,
                    expires_at=event.approval.expires_at.astimezone(zone).isoformat(timespec="seconds"),
                ),
            ]


def _zone(turn: Turn) -> ZoneInfo | None:
    name = turn.request["context"]["timezone"]
    return parse_time_zone(name) if name else None


def _location(turn: Turn) -> Location | None:
    at = turn.request["context"]["location"]
    return Location(latitude=Decimal(at[0]), longitude=Decimal(at[1])) if at else None
