"""`chat`: a question over the WebSocket, answered in place or handed to a worker. Milliseconds, no model."""

from pam.chat import dispatch
from pam.chat.frames import ChatFrame
from pam.chat.parts import chat_parts
from pam.platform.websocket import SocketApi, SocketCall, sockets

handler = SocketApi(sockets)


@handler.on("chat", ChatFrame)
def chat(call: SocketCall, frame: ChatFrame) -> None:
    """An `ack`, and the answer or the word that it is on its way."""
    dispatch.chat(chat_parts(), call, frame)
