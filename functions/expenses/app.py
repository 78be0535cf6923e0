"""GET /v1/expenses: the traveller's expenses, newest first, a page at a time. Tier 1."""

from pam.answers.list_expenses import list_expenses
from pam.environment import request_limit, user_dependencies
from pam.money.expense_list import ExpensesQuery
from pam.platform.http import HttpApi, HttpRequest, HttpResponse

handler = HttpApi(user_dependencies, request_limit, tier=1)


@handler.get("/v1/expenses", ExpensesQuery)
def get(call: HttpRequest, query: ExpensesQuery) -> HttpResponse:
    """Return a page as JSON, or 304 when the client has it already."""
    answer = list_expenses(user_dependencies(), call.user_id, query, call.deadline)
    return call.with_etag(answer.etag, answer.as_json())
