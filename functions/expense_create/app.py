"""POST /v1/expenses: records an expense, once for each Idempotency-Key. Tier 2."""

from pam.answers.expenses import add_expense
from pam.environment import request_limit, user_dependencies
from pam.money.expenses import NewExpense
from pam.platform.http import HttpApi, HttpRequest, HttpResponse

handler = HttpApi(user_dependencies, request_limit, tier=2)


@handler.post("/v1/expenses", NewExpense, status=201)
def post(call: HttpRequest, new: NewExpense) -> HttpResponse:
    """The expense, the state of its budget and the way to undo it."""
    answer = add_expense(
        user_dependencies(),
        call.user_id,
        new,
        call.deadline,
        idempotency_key=call.idempotency_key,
        context=call.context,
    )
    return HttpResponse(answer.as_json())
