"""GET /v1/savings: what the traveller saved, by kind. Tier 1."""

from pam.answers.parts import parts
from pam.answers.savings_total import savings_total
from pam.money.savings import SavingsQuestion
from pam.platform.http import Api, Call, Reply

handler = Api()


@handler.get("/v1/savings", SavingsQuestion)
def get(call: Call, question: SavingsQuestion) -> Reply:
    """The sums as JSON, or 304 when the caller has it already."""
    answer = savings_total(parts(), call.user_id, question)
    return call.unless_known(answer.etag, answer.as_json())
