"""GET /v1/budget-status: how this month's budgets stand, and where they are heading. Tier 1."""

from pam.answers.budget_status import budget_status
from pam.answers.parts import parts
from pam.money.budgets import BudgetQuestion
from pam.platform.http import Api, Call, Reply

handler = Api()


@handler.get("/v1/budget-status", BudgetQuestion)
def get(call: Call, question: BudgetQuestion) -> Reply:
    """The budgets as JSON, or 304 when the caller has it already."""
    answer = budget_status(parts(), call.user_id, question)
    return call.unless_known(answer.etag, answer.as_json())
