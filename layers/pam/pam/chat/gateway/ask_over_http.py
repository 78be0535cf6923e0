"""A question over HTTP: a fast answer, which the conversation's next prompt contains, too."""

from uuid import uuid4, uuid5

from pam.answers.ask import AskAnswer, LeftToChat, ask
from pam.answers.ask_request import AskRequest
from pam.answers.place_question import PlaceQuestion
from pam.chat.conversations import QUESTION_BACK_TIER, NoteStore, fast_answer_note, fast_exchange, question_back_note


def answer_over_http(notes: NoteStore, request: AskRequest) -> AskAnswer | LeftToChat:
    """Return the answer, or `LEFT_TO_CHAT` where no fast answer is sure. Raises `PamError`."""
    try:
        answer = ask(request)
    except PlaceQuestion as question:
        note = question_back_note(request.question.text, question)
        _try_add(notes, request, note, question.message, QUESTION_BACK_TIER)
        raise
    if isinstance(answer, AskAnswer):
        _try_add(notes, request, fast_answer_note(request.question.text, answer), answer.text, answer.tier)
    return answer


def _try_add(notes: NoteStore, request: AskRequest, note: str, text: str, tier: int) -> None:
    conversation_id = request.question.conversation_id
    if conversation_id is None:
        return
    # A repeated request is one exchange.
    turn_id = uuid5(conversation_id, request.idempotency_key) if request.idempotency_key else uuid4()
    exchange = fast_exchange(turn_id, request.question.text, text, request.dependencies.clock(), tier)
    notes.try_add_answer(request.user_id, conversation_id, note, exchange, request.deadline)
