"""The worker: one invocation answers one question, from the stored conversation to the last frame."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict

from pam.chat.conversations import note
from pam.chat.dependencies import ChatDependencies
from pam.chat.frames import Failed, ServerFrame
from pam.chat.lifecycle.device_context import device_location, device_zone, typed_at
from pam.chat.lifecycle.turn import Turn
from pam.chat.turn import prompt
from pam.chat.turn.context import ContextProvider
from pam.chat.turn.conversation import Conversation, read_conversation
from pam.chat.turn.copies import ChatCopies
from pam.chat.turn.figure_check import check_figures
from pam.chat.turn.last_frame import last_frame
from pam.chat.turn.runner import TurnResult, TurnRunner
from pam.chat.turn.stream import MAX_END_S, FrameStream
from pam.chat.turn.tool_frames import tool_frame
from pam.chat.turn.transcript import ConversationAdvanced, Transcript, turn_usage
from pam.chat.turn.turn_metrics import record_end, record_start
from pam.chat.turn.turn_safety import SafetyDependencies, TurnSafety
from pam.memory.exchanges import ExchangeMessage
from pam.platform.cost_limits import Reservation
from pam.platform.deadline import Deadline
from pam.platform.dimensions import TURN_ANSWERED
from pam.platform.errors import INTERNAL_ERROR, PamError
from pam.platform.observability import correlate, log_error, logger
from pam.platform.postgres import DatabaseUnavailable
from pam.sources.claude.client import ClaudeClient
from pam.tools.engine.definition import Tool, ToolContext
from pam.tools.engine.events import Approval
from pam.tools.engine.execution import Preview
from pam.tools.engine.executor import ToolExecutor, ToolThreads
from pam.users.time_zones import TimeZone

MAX_TURN_S = 90.0

_CLOSE_RESERVE_S = 8.0
"""Time of the invocation that is kept for the last frames and the transcript."""

_IN_SYSTEM_PROMPT = frozenset({"traveller", "preferences"})
"""Sections of the context that aren't sent with the question."""


class TurnJob(BaseModel):
    """The worker's event: the turn, and the time zone that its conversation is read with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user_id: UUID
    message_id: UUID
    conversation_id: UUID
    timezone: TimeZone | None


@dataclass(frozen=True)
class WorkerDependencies:
    """The services of the worker. `model` is the name of the model that answers."""

    chat: ChatDependencies
    claude: ClaudeClient
    model: str
    tools: Mapping[str, Tool[Any]]
    tool_threads: ToolThreads
    context_providers: Sequence[ContextProvider]
    copies: ChatCopies
    safety: SafetyDependencies
    executor: Executor
    """Threads for reads and writes beside the turn's own thread."""


def run_turn(worker: WorkerDependencies, job: TurnJob, context: LambdaContext) -> None:
    """Answer the question, unless another invocation has it; then start the next one of its conversation."""
    correlate(job.message_id)
    invocation = Deadline.of_invocation(context)
    deadline = invocation.at_most(MAX_TURN_S).at_most(invocation.left_s - _CLOSE_RESERVE_S)
    question: Future[str] = Future()
    begun_at = worker.chat.answers.clock()
    reading = worker.executor.submit(_read, worker, job, deadline, question)
    turn = None
    try:
        turn = worker.chat.turns.start(job.user_id, job.message_id, worker=uuid4().hex)
    finally:
        if turn is None:
            question.cancel()
    if turn is None:
        logger.warning("event of a turn that has started already")
        return
    record_start(turn, begun_at)
    question.set_result(str(turn.request["text"]))
    try:
        _Worker(worker, turn, deadline, invocation, begun_at).run(
            reading, lambda: _read(worker, job, deadline, question)
        )
    finally:
        worker.chat.lifecycle.hand_over(turn.user_id, turn.conversation_id, turn.message_id)


def _read(worker: WorkerDependencies, job: TurnJob, deadline: Deadline, question: "Future[str]") -> Conversation:
    answers = worker.chat.answers
    return read_conversation(
        answers.database,
        worker.context_providers,
        job.user_id,
        job.conversation_id,
        job.timezone,
        answers.clock(),
        deadline,
        question,
        [tool.name for tool in worker.tools.values() if tool.returns_others_text],
    )


class _Worker:
    """One turn in the hands of this invocation."""

    def __init__(
        self,
        worker: WorkerDependencies,
        turn: Turn,
        deadline: Deadline,
        invocation: Deadline,
        begun_at: datetime,
    ) -> None:
        """`begun_at` is before the conversation is read."""
        self._worker = worker
        self._begun_at = begun_at
        self._chat = worker.chat
        self._turn = turn
        self._deadline = deadline
        self._invocation = invocation
        self._started_at = time.monotonic()
        self._stop = threading.Event()
        self._stream = FrameStream(self._chat.turns, self._chat.sender, turn, self._stop.set, self._stop.set)
        self._safety = TurnSafety(
            worker.safety, self._chat.limits, self._chat.answers.clock, turn, self._stream.send, self._stop
        )

    def run(self, reading: "Future[Conversation]", read_again: Callable[[], Conversation]) -> None:
        """Run the turn and send its last frame. `read_again` reads the conversation once more."""
        last: ServerFrame = Failed.from_error(
            PamError(INTERNAL_ERROR, "Something went wrong on PAM's side. Please try again.")
        )
        settling: list[Future[None]] = []
        try:
            self._safety.start(self._worker.executor, self._deadline)
            reservation = self._chat.limits.reserve(self._turn.user_id, self._turn.message_id)
            result = TurnResult()
            try:
                conversation = reading.result()
                # Messages that an earlier turn couldn't save belong before this one's.
                restored = self._worker.copies.deferred.restore(
                    self._turn.user_id, self._turn.conversation_id, self._deadline
                )
                result = self._converse(read_again() if restored else conversation)
            finally:
                settling = self._settle(reservation, result.usage.cost(self._worker.model))
            last = last_frame(result, self._worker.model, self._started_at, self._stream.first_delta_at)
        except PamError as error:
            log_error(error)
            last = Failed.from_error(error)
        except Exception:
            logger.exception("unexpected error")
        finally:
            record_end(last, self._turn, self._started_at, self._chat.answers.clock())
            # A try may take several seconds beyond it: half of what is left of the invocation.
            self._stream.close(last, timeout_s=min(MAX_END_S, self._invocation.left_s / 2))
            self._worker.copies.try_finish(self._stream.turn)
            for each in settling:
                each.result()
            self._safety.record(self._invocation)

    def _settle(self, reservation: Reservation, cost: Decimal) -> list["Future[None]"]:
        """Replace the reservations by the real cost, beside the last frame."""
        return [self._worker.executor.submit(self._chat.limits.settle, reservation, cost)]

    def _converse(self, conversation: Conversation) -> TurnResult:
        """Run the turn on its conversation, and save what it appends."""
        transcript = Transcript(
            self._chat.answers.database, self._turn.user_id, conversation, self._turn.message_id, self._begun_at
        )
        messages = self._add_question(conversation, transcript)
        runner = TurnRunner(
            claude=self._worker.claude,
            model=self._worker.model,
            profile_block=conversation.profile_block,
            messages=messages,
            tools=self._tool_executor(conversation, transcript),
            scan=self._safety.scan(conversation.messages),
            transcript=transcript,
            saver=self._worker.executor,
            cost_cap=self._chat.limits.caps.turn,
            send=self._safety.send,
            deadline=self._deadline,
            stop=self._stop,
        )
        result = runner.run()
        self._safety.finish(result)
        if result.is_refused:
            transcript.exclude()
        else:
            now = self._chat.answers.clock()
            check_figures(result, conversation, runner.messages, len(messages) - 1, now)
            if self._safety.is_flagged:
                transcript.add_to_memory(self._question_message(now))
            transcript.add_to_memory(ExchangeMessage("assistant", result.text, now))
        self._save(transcript, result)
        # What was recalled may be deleted by now.
        result.memory = () if transcript.met_deletion else tuple(conversation.context.get("memory", ()))
        return result

    def _add_question(self, conversation: Conversation, transcript: Transcript) -> list[dict[str, Any]]:
        """Return the messages up to the question, and add the question to the transcript."""
        messages = [message.body for message in conversation.messages]
        new: list[dict[str, Any]] = []
        if messages and messages[-1]["role"] != "assistant":
            new.append(prompt.assistant_message("(This answer was interrupted.)"))
        zone = conversation.profile.zone
        now = self._chat.answers.clock().astimezone(zone)
        question = self._question_message(now)
        sections = {name: lines for name, lines in conversation.context.items() if name not in _IN_SYSTEM_PROMPT}
        sent_at = question.sent_at.astimezone(zone)
        new.append(prompt.user_message(question.text, now, device_location(self._turn), sections, sent_at))
        transcript.add(*new)
        # One that is blocked isn't remembered at all.
        if not self._safety.is_flagged:
            transcript.add_to_memory(question)
        return [*messages, *new]

    def _question_message(self, now: datetime) -> ExchangeMessage:
        return ExchangeMessage("user", str(self._turn.request["text"]), typed_at(self._turn, now) or now)

    def _tool_executor(self, conversation: Conversation, transcript: Transcript) -> ToolExecutor:
        location = device_location(self._turn)
        context = ToolContext(
            dependencies=self._chat.answers,
            user_id=self._turn.user_id,
            key=self._turn.write_key,
            turn_id=self._turn.message_id,
            deadline=self._deadline,
            zone=device_zone(self._turn),
            typed_at=typed_at(self._turn, self._chat.answers.clock()),
            location=(float(location.latitude), float(location.longitude)) if location else None,
            check_fact_write=transcript.check_fact_write,
        )

        def request_approval(tool: str, arguments: str, preview: Preview) -> Approval:
            confirmation = self._chat.confirmations.create(
                self._turn.user_id, self._turn.message_id, tool, arguments, preview
            )
            return Approval(confirmation.id, confirmation.digest, confirmation.expires_at)

        return ToolExecutor(
            self._worker.tools,
            self._worker.tool_threads,
            context,
            self._safety.policy(conversation),
            request_approval,
            lambda event: self._safety.send(*tool_frame(event, conversation.profile)),
        )

    def _save(self, transcript: Transcript, result: TurnResult) -> None:
        """Save the rest of the transcript, in Postgres or, while that is unavailable, where the next turn finds it."""
        ended = result.error.error.code if result.error else TURN_ANSWERED
        usage = turn_usage(self._worker.model, result.usage, ended)
        try:
            try:
                transcript.finish(usage, self._invocation)
            except ConversationAdvanced:
                logger.warning("the conversation advanced without this turn")
                transcript.save_usage(usage, self._invocation)
        except DatabaseUnavailable:
            logger.warning("turn saved later", exc_info=True)
            deferred = transcript.unsaved(usage)
            self._worker.copies.deferred.put(self._turn.user_id, self._turn.conversation_id, deferred)
        if result.is_refused:
            self._note_writes(result)

    def _note_writes(self, result: TurnResult) -> None:
        """Note the writes of a turn that later prompts don't contain."""
        texts = [each.result.text for each in result.outcomes if each.result and each.result.effect]
        if not texts:
            return
        event = note({"PAM did this for a question that isn't part of the conversation any more": texts})
        self._chat.notes.try_add(
            self._turn.user_id, self._turn.conversation_id, self._turn.message_id, event, self._invocation
        )
