"""`chat` and `resume`: a question over the WebSocket, answered at once or handed to a worker; its frames again."""

from pam.chat.frames import ChatFrame, ResumeFrame
from pam.chat.gateway.ask import answer_question
from pam.chat.gateway.resume import resume_message
from pam.environment import chat_dependencies, frame_sender, request_limit
from pam.platform.websocket import WebSocketApi, WebSocketRequest

handler = WebSocketApi(frame_sender, chat_dependencies, request_limit)


@handler.on("chat", ChatFrame)
def chat(request: WebSocketRequest, frame: ChatFrame) -> None:
    """Send an `ack`, then the answer; or leave the answer to a worker."""
    answer_question(chat_dependencies(), request, frame)


@handler.on("resume", ResumeFrame)
def resume(request: WebSocketRequest, frame: ResumeFrame) -> None:
    """Send the frames that the client doesn't have; begin again what was never started."""
    resume_message(chat_dependencies(), request, frame)
