"""POST /v1/ask: a question in words, answered at once, or handed to the conversation (tier 3)."""

from pam.answers.asking import Asking, Question, ask
from pam.answers.travel_parts import travel_parts
from pam.platform.http import Api, Call, Reply

handler = Api()


@handler.post("/v1/ask", Question)
def post(call: Call, question: Question) -> Reply:
    """The answer, or tier 3 alone."""
    asking = Asking(
        travel=travel_parts(),
        user_id=call.user_id,
        question=question,
        idempotency_key=call.idempotency_key,
        context=call.context,
    )
    return Reply(ask(asking))
