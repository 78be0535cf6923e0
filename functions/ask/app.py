"""POST /v1/ask: a question in words, answered at once, or left to the chat (tier 3)."""

from pam.answers.ask_request import AskRequest
from pam.answers.question import Question
from pam.chat.gateway.ask_over_http import answer_over_http
from pam.environment import disabled_tools, notes, request_limit, travel_dependencies
from pam.platform.http import HttpApi, HttpRequest, HttpResponse

# All are built before a SnapStart snapshot is taken.
handler = HttpApi(lambda: (travel_dependencies(), disabled_tools(), notes()), request_limit)


@handler.post("/v1/ask", Question, is_question=True)
def post(call: HttpRequest, question: Question) -> HttpResponse:
    """Return the answer, or tier 3 alone."""
    request = AskRequest(
        dependencies=travel_dependencies(),
        user_id=call.user_id,
        question=question,
        deadline=call.deadline,
        idempotency_key=call.idempotency_key,
        context=call.context,
        check_enabled=disabled_tools().check,
    )
    return HttpResponse(answer_over_http(notes(), request).as_json())
