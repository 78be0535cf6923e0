"""`chat`: a question over the WebSocket, answered at once or handed to a worker."""

from pam.bootstrap import chat_dependencies, frame_sender
from pam.chat.frames import ChatFrame
from pam.chat.gateway.ask import answer_question
from pam.platform.websocket import WebSocketApi, WebSocketRequest

handler = WebSocketApi(frame_sender, chat_dependencies)


@handler.on("chat", ChatFrame)
def chat(request: WebSocketRequest, frame: ChatFrame) -> None:
    """Send an `ack`, then the answer; or leave the answer to a worker."""
    answer_question(chat_dependencies(), request, frame)
