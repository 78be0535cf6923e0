"""`resume`, `confirm`, `cancel`, `ping`: orders about questions that were asked before."""

from pam.chat import dispatch
from pam.chat.frames import CancelFrame, ConfirmFrame, PingFrame, ResumeFrame
from pam.chat.parts import chat_parts
from pam.platform.websocket import SocketApi, SocketCall, sockets

handler = SocketApi(sockets)


@handler.on("resume", ResumeFrame)
def resume(call: SocketCall, frame: ResumeFrame) -> None:
    """The frames that the client doesn't have yet."""
    dispatch.resume(chat_parts(), call, frame)


@handler.on("confirm", ConfirmFrame)
def confirm(call: SocketCall, frame: ConfirmFrame) -> None:
    """What came of the traveller's decision."""
    dispatch.confirm(chat_parts(), call, frame)


@handler.on("cancel", CancelFrame)
def cancel(call: SocketCall, frame: CancelFrame) -> None:
    """Nothing by itself: the answer's own last frame tells that it stopped."""
    dispatch.cancel(chat_parts(), call, frame)


@handler.on("ping", PingFrame)
def ping(call: SocketCall, _frame: PingFrame) -> None:
    """A `pong`."""
    dispatch.ping(call)
