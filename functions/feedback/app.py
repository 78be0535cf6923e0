"""POST /v1/feedback: what an answer was like, one verdict for each. Tier 2."""

from pam.answers.feedback import NewFeedback, record_feedback
from pam.environment import request_limit, user_dependencies
from pam.platform.http import HttpApi, HttpRequest, HttpResponse

handler = HttpApi(user_dependencies, request_limit, tier=2)


@handler.post("/v1/feedback", NewFeedback)
def post(call: HttpRequest, feedback: NewFeedback) -> HttpResponse:
    """The verdict as it was recorded; it replaces an earlier one."""
    return HttpResponse(record_feedback(user_dependencies(), call.user_id, feedback, call.deadline).as_json())
