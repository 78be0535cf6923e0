"""DELETE /v1/expenses/{id}: takes back an expense of the last ten minutes. Tier 2."""

from pam.answers.expenses import take_back_expense
from pam.bootstrap import user_dependencies
from pam.money.expenses import expense_not_found
from pam.platform.http import HttpApi, HttpRequest, HttpResponse

handler = HttpApi(user_dependencies)


@handler.delete("/v1/expenses/{id}")
def delete(call: HttpRequest) -> HttpResponse:
    """The expense that no longer counts; the same again when it is repeated."""
    expense_id = call.path_uuid("id", missing=expense_not_found())
    return HttpResponse(take_back_expense(user_dependencies(), call.user_id, expense_id))
