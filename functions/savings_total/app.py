"""GET /v1/savings: what the traveller saved, by kind. Tier 1."""

from pam.answers.savings_total import savings_total
from pam.environment import request_limit, user_dependencies
from pam.money.savings import SavingsQuery
from pam.platform.http import HttpApi, HttpRequest, HttpResponse

handler = HttpApi(user_dependencies, request_limit, tier=1)


@handler.get("/v1/savings", SavingsQuery)
def get(call: HttpRequest, query: SavingsQuery) -> HttpResponse:
    """Return the sums as JSON, or 304 when the client has it already."""
    answer = savings_total(user_dependencies(), call.user_id, query, call.deadline)
    return call.with_etag(answer.etag, answer.as_json())
