"""`chat`: a question over the WebSocket, answered in place or handed to a worker. Milliseconds, no model."""

from pam.bootstrap import chat_dependencies, frame_sender
from pam.chat import dispatch
from pam.chat.frames import ChatFrame
from pam.platform.websocket import WebSocketApi, WebSocketRequest

handler = WebSocketApi(frame_sender, chat_dependencies)


@handler.on("chat", ChatFrame)
def chat(call: WebSocketRequest, frame: ChatFrame) -> None:
    """An `ack`, and the answer or the word that it is on its way."""
    dispatch.chat(chat_dependencies(), call, frame)
