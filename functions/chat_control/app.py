"""`resume`, `confirm`, `cancel`, `ping`: orders about questions that were asked before."""

from pam.bootstrap import chat_dependencies, frame_sender
from pam.chat import dispatch
from pam.chat.frames import CancelFrame, ConfirmFrame, PingFrame, ResumeFrame
from pam.platform.websocket import WebSocketApi, WebSocketRequest

handler = WebSocketApi(frame_sender, chat_dependencies)


@handler.on("resume", ResumeFrame)
def resume(call: WebSocketRequest, frame: ResumeFrame) -> None:
    """The frames that the client doesn't have yet."""
    dispatch.resume(chat_dependencies(), call, frame)


@handler.on("confirm", ConfirmFrame)
def confirm(call: WebSocketRequest, frame: ConfirmFrame) -> None:
    """What came of the traveller's decision."""
    dispatch.confirm(chat_dependencies(), call, frame)


@handler.on("cancel", CancelFrame)
def cancel(call: WebSocketRequest, frame: CancelFrame) -> None:
    """Nothing by itself: the answer's own last frame tells that it stopped."""
    dispatch.cancel(chat_dependencies(), call, frame)


@handler.on("ping", PingFrame)
def ping(call: WebSocketRequest, _frame: PingFrame) -> None:
    """A `pong`."""
    dispatch.ping(call)
