"""POST /v1/expenses: records an expense, once for each Idempotency-Key. Tier 2."""

from pam.answers.expenses import add_expense
from pam.answers.parts import parts
from pam.money.expenses import NewExpense
from pam.platform.http import Api, Call, Reply

handler = Api()


@handler.post("/v1/expenses", NewExpense, status=201)
def post(call: Call, new: NewExpense) -> Reply:
    """The expense, the state of its budget and the way to undo it."""
    told = add_expense(parts(), call.user_id, new, idempotency_key=call.idempotency_key, context=call.context)
    return Reply(told)
