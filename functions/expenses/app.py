"""GET /v1/expenses: the traveller's expenses, newest first, a page at a time. Tier 1."""

from pam.answers.list_expenses import list_expenses
from pam.answers.parts import parts
from pam.money.listing import ExpensesQuestion
from pam.platform.http import Api, Call, Reply

handler = Api()


@handler.get("/v1/expenses", ExpensesQuestion)
def get(call: Call, question: ExpensesQuestion) -> Reply:
    """A page as JSON, or 304 when the caller has it already."""
    answer = list_expenses(parts(), call.user_id, question)
    return call.unless_known(answer.etag, answer.as_json())
