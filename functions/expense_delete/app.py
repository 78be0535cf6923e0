"""DELETE /v1/expenses/{id}: deletes an expense, once for each Idempotency-Key. Tier 2."""

from pam.answers.expense_changes import remove_expense
from pam.environment import request_limit, user_dependencies
from pam.money.expense_changes import expense_not_found
from pam.platform.http import HttpApi, HttpRequest, HttpResponse

handler = HttpApi(user_dependencies, request_limit, tier=2)


@handler.delete("/v1/expenses/{id}")
def delete(call: HttpRequest) -> HttpResponse:
    """What was deleted, the state of its budget and the way to undo it."""
    answer = remove_expense(
        user_dependencies(),
        call.user_id,
        call.path_uuid("id", missing=expense_not_found()),
        call.deadline,
        idempotency_key=call.idempotency_key,
        context=call.context,
    )
    return HttpResponse(answer.as_json())
