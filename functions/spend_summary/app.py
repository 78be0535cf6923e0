"""GET /v1/spend-summary: what the traveller spent in a window, by category. Tier 1."""

from pam.answers.spend_summary import spend_summary
from pam.environment import request_limit, user_dependencies
from pam.money.spending import SpendingQuery
from pam.platform.http import HttpApi, HttpRequest, HttpResponse

handler = HttpApi(user_dependencies, request_limit, tier=1)


@handler.get("/v1/spend-summary", SpendingQuery)
def get(call: HttpRequest, query: SpendingQuery) -> HttpResponse:
    """Return the figures as JSON, or 304 when the client has them already."""
    answer = spend_summary(user_dependencies(), call.user_id, query, call.deadline)
    return call.with_etag(answer.etag, answer.as_json())
