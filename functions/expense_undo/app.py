"""DELETE /v1/expenses/{id}: takes back an expense of the last ten minutes. Tier 2."""

from pam.answers.expenses import take_back_expense
from pam.answers.parts import parts
from pam.money.expenses import expense_not_found
from pam.platform.http import Api, Call, Reply

handler = Api()


@handler.delete("/v1/expenses/{id}")
def delete(call: Call) -> Reply:
    """The expense that no longer counts; the same again when it is repeated."""
    expense_id = call.path_uuid("id", missing=expense_not_found())
    return Reply(take_back_expense(parts(), call.user_id, expense_id))
