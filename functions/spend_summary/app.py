"""GET /v1/spend-summary: what the traveller spent in a window, by category. Tier 1."""

from pam.answers.parts import parts
from pam.answers.spend_summary import spend_summary
from pam.money.spending import SpendingQuestion
from pam.platform.http import Api, Call, Reply

handler = Api()


@handler.get("/v1/spend-summary", SpendingQuestion)
def get(call: Call, question: SpendingQuestion) -> Reply:
    """The figures as JSON, or 304 when the caller has them already."""
    answer = spend_summary(parts(), call.user_id, question)
    return call.unless_known(answer.etag, answer.as_json())
