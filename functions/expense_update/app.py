"""PATCH /v1/expenses/{id}: corrects an expense, once for each Idempotency-Key. Tier 2."""

from pam.answers.expense_changes import Correction, change_expense
from pam.environment import request_limit, user_dependencies
from pam.money.expense_changes import ExpenseChanges, expense_not_found
from pam.platform.http import HttpApi, HttpRequest, HttpResponse

handler = HttpApi(user_dependencies, request_limit, tier=2)


@handler.patch("/v1/expenses/{id}", ExpenseChanges)
def patch(call: HttpRequest, changes: ExpenseChanges) -> HttpResponse:
    """The expense before and after, the state of its budget and the way to undo it."""
    answer = change_expense(
        user_dependencies(),
        call.user_id,
        Correction(call.path_uuid("id", missing=expense_not_found()), changes),
        call.deadline,
        idempotency_key=call.idempotency_key,
        context=call.context,
    )
    return HttpResponse(answer.as_json())
