"""A question over HTTP: a fast answer, which the conversation's next prompt contains, too."""

from pam.answers.ask import AskAnswer, LeftToChat, ask
from pam.answers.ask_request import AskRequest
from pam.chat.conversations import NoteStore, fast_answer_note


def answer_over_http(notes: NoteStore, request: AskRequest) -> AskAnswer | LeftToChat:
    """Return the answer, or `LEFT_TO_CHAT` where no fast answer is sure. Raises `PamError`."""
    answer = ask(request)
    conversation_id = request.question.conversation_id
    if isinstance(answer, AskAnswer) and conversation_id is not None:
        notes.try_add(
            request.user_id, conversation_id, fast_answer_note(request.question.text, answer), request.deadline
        )
    return answer
