"""POST /v1/ask: a question in words, answered at once, or handed to the conversation (tier 3)."""

from pam.answers.ask import AskRequest, Question, ask
from pam.bootstrap import travel_dependencies
from pam.platform.http import HttpApi, HttpRequest, HttpResponse

handler = HttpApi(travel_dependencies)


@handler.post("/v1/ask", Question)
def post(call: HttpRequest, question: Question) -> HttpResponse:
    """The answer, or tier 3 alone."""
    asking = AskRequest(
        travel=travel_dependencies(),
        user_id=call.user_id,
        question=question,
        idempotency_key=call.idempotency_key,
        context=call.context,
    )
    return HttpResponse(ask(asking))
