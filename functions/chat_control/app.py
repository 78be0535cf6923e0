"""`confirm`, `cancel`, `ping`: control messages about earlier questions."""

from pam.chat.frames import CancelFrame, ConfirmFrame, PingFrame
from pam.chat.gateway import control
from pam.environment import chat_dependencies, frame_sender, request_limit
from pam.platform.websocket import WebSocketApi, WebSocketRequest

handler = WebSocketApi(frame_sender, chat_dependencies, request_limit)


@handler.on("confirm", ConfirmFrame)
def confirm(request: WebSocketRequest, frame: ConfirmFrame) -> None:
    """Perform what the user confirmed, and send the outcome."""
    control.confirm(chat_dependencies(), request, frame)


@handler.on("cancel", CancelFrame)
def cancel(request: WebSocketRequest, frame: CancelFrame) -> None:
    """Ask the worker to stop; the answer's last frame reports it."""
    control.cancel(chat_dependencies(), request, frame)


@handler.on("ping", PingFrame)
def ping(request: WebSocketRequest, frame: PingFrame) -> None:
    """Send a `pong`."""
    control.ping(request, frame)
