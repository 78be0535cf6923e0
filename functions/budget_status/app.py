"""GET /v1/budget-status: how this month's budgets stand, and where they are heading. Tier 1."""

from pam.answers.budget_status import budget_status
from pam.environment import request_limit, user_dependencies
from pam.money.budget_overview import BudgetQuery
from pam.platform.http import HttpApi, HttpRequest, HttpResponse

handler = HttpApi(user_dependencies, request_limit, tier=1)


@handler.get("/v1/budget-status", BudgetQuery)
def get(call: HttpRequest, query: BudgetQuery) -> HttpResponse:
    """Return the budgets as JSON, or 304 when the client has it already."""
    answer = budget_status(user_dependencies(), call.user_id, query, call.deadline)
    return call.with_etag(answer.etag, answer.as_json())
