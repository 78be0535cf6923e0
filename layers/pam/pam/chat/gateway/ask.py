"""A question over the WebSocket: a turn is opened, and begun. A message id that is known is resumed."""

from typing import Any
from uuid import uuid4

from pam.chat.dependencies import ChatDependencies
from pam.chat.frames import ChatFrame
from pam.chat.gateway.begin import begin_turn
from pam.chat.gateway.resume import send_frames_after
from pam.platform.websocket import WebSocketRequest


def answer_question(dependencies: ChatDependencies, request: WebSocketRequest, frame: ChatFrame) -> None:
    """Answer a question or start a turn; send the stored frames of a message id that is known. Raises `PamError`."""
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
    else:
        begin_turn(dependencies, request, turn)


def _context(frame: ChatFrame) -> dict[str, Any]:
    timezone, typed_at, location = frame.context.timezone, frame.context.typed_at, frame.context.location
    return {
        "timezone": timezone.key if timezone else None,
        "typed_at": typed_at.isoformat() if typed_at else None,
        "location": [str(location.latitude), str(location.longitude)] if location else None,
    }
