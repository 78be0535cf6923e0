"""A question over HTTP: a fast answer, which the conversation's next prompt contains, too."""

from dataclasses import replace
from uuid import UUID, uuid4, uuid5

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
    if not isinstance(answer, AskAnswer):
        return answer
    note = fast_answer_note(request.question.text, answer)
    turn_id = _try_add(notes, request, note, answer.text, answer.tier)
    return replace(answer, message_id=str(turn_id)) if turn_id else answer


def _try_add(notes: NoteStore, request: AskRequest, note: str, text: str, tier: int) -> UUID | None:
    """Store the exchange and return its turn's id; None where the question has no conversation, or Postgres failed."""
    conversation_id = request.question.conversation_id
    if conversation_id is None:
        return None
    # A repeated request is one exchange.
    turn_id = uuid5(conversation_id, request.idempotency_key) if request.idempotency_key else uuid4()
    exchange = fast_exchange(turn_id, request.question.text, text, request.dependencies.clock(), tier)
    is_stored = notes.try_add_answer(request.user_id, conversation_id, note, exchange, request.deadline)
    return turn_id if is_stored else None
