"""Control messages about a turn: cancel, confirm, and ping."""

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pam.answers.undo_link import undo_entries
from pam.chat.conversations import note
from pam.chat.dependencies import ChatDependencies
from pam.chat.frames import PONG, CancelFrame, Confirmed, ConfirmFrame, PingFrame, numbered
from pam.chat.lifecycle.confirmations import Confirmation
from pam.chat.lifecycle.device_context import device_location, device_zone, typed_at
from pam.chat.lifecycle.turn import Turn
from pam.memory.deletion_checks import check_fact_write
from pam.platform.errors import MESSAGE_NOT_FOUND, PamError
from pam.platform.observability import correlate
from pam.platform.websocket import WebSocketRequest
from pam.tools.catalog import TOOLS
from pam.tools.engine.definition import ToolContext
from pam.tools.engine.execution import ApprovedWrite, execute
from pam.tools.engine.parsing import parse_arguments
from pam.tools.engine.results import DOWNLOAD

_REPORT_TIMEOUT_S = 5.0
"""How long a repeated decision waits for the frame that reports the outcome."""

_REPORT_INTERVAL_S = 0.1


def cancel(dependencies: ChatDependencies, request: WebSocketRequest, frame: CancelFrame) -> None:
    """Ask a running turn to stop; one that has ended stays as it is. Raises `PamError` (`message_not_found`)."""
    dependencies.turns.request_cancel(_turn(dependencies, request.user_id, frame.message_id))


def ping(request: WebSocketRequest, _frame: PingFrame) -> None:
    """Reply with a `pong`."""
    request.reply(PONG)


def confirm(dependencies: ChatDependencies, request: WebSocketRequest, frame: ConfirmFrame) -> None:
    """Perform a confirmed action once, or record that the user declined it. Raises `PamError`."""
    confirmation = dependencies.confirmations.decide(
        request.user_id, frame.confirmation_id, frame.decision, frame.digest
    )
    correlate(confirmation.message_id)
    turn = _turn(dependencies, request.user_id, confirmation.message_id)
    source: str | None = None
    undo: tuple[Mapping[str, Any], ...] = ()
    download: Mapping[str, str] | None = None
    if frame.decision == "no":
        text = "Not done, as you said."
    else:
        tool = TOOLS[confirmation.tool]
        dependencies.disabled_tools.check(tool.name)
        location, now = device_location(turn), dependencies.answers.clock()
        context = ToolContext(
            dependencies=dependencies.answers,
            user_id=request.user_id,
            key=f"confirmation:{confirmation.id}",
            deadline=request.deadline,
            zone=device_zone(turn),
            typed_at=typed_at(turn, now),
            location=(float(location.latitude), float(location.longitude)) if location else None,
            check_fact_write=lambda connection: check_fact_write(
                connection, turn.user_id, turn.conversation_id, turn.message_id, now, stored=1
            ),
        )
        arguments = parse_arguments(tool, confirmation.arguments)
        # An earlier attempt may have failed: only what it has done already is reported after the expiry.
        approved = ApprovedWrite(confirmation.preview, confirmation.expires_at)
        result = execute(context, tool, arguments, approved=approved)
        text, source, download = result.text, result.source, result.data.get(DOWNLOAD)
        undo = undo_entries([result.effect] if result.effect else [])
    if not dependencies.confirmations.claim_report(confirmation) and _repeat_report(
        dependencies, request, turn, confirmation
    ):
        return
    # Before the report: the next question may follow it at once.
    decided = f"{confirmation.tool}: the traveller said {frame.decision}"
    event = note({"Of a confirmation": decided, "PAM told them": text})
    dependencies.notes.try_add(turn.user_id, turn.conversation_id, turn.message_id, event, request.deadline)
    outcome = Confirmed(str(confirmation.id), frame.decision, text, source, undo, download)
    body = numbered(outcome.body(), 0, *turn.scope)
    if not dependencies.turns.request_frame(turn, str(confirmation.id), body):
        request.reply(dependencies.turns.frames.append(turn, body))


def _repeat_report(
    dependencies: ChatDependencies, request: WebSocketRequest, turn: Turn, confirmation: Confirmation
) -> bool:
    """Send the outcome as it was reported before, waiting for the caller that reports it at this moment.

    Return False where that caller has failed.
    """
    wanted = (Confirmed.type, str(confirmation.id))
    deadline = time.monotonic() + _REPORT_TIMEOUT_S
    while time.monotonic() < deadline:
        frames = dependencies.turns.frames.after(turn)
        reported = [frame for frame in frames if (frame["type"], frame.get("confirmation_id")) == wanted]
        if reported:
            request.reply(*reported)
            return True
        time.sleep(_REPORT_INTERVAL_S)
    return False


def _turn(dependencies: ChatDependencies, user_id: UUID, message_id: UUID) -> Turn:
    turn = dependencies.turns.get(user_id, message_id)
    if turn is None:
        raise PamError(MESSAGE_NOT_FOUND, "PAM doesn't know that message any more.")
    return turn
