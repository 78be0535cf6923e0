"""GET /v1/fuel-estimate: what fuel a way takes, and what it costs. Tier 2."""

from pam.answers.fuel_estimate import fuel_estimate
from pam.answers.travel_parts import travel_parts
from pam.platform.http import Api, Call, Reply
from pam.travel.questions import FuelQuestion

handler = Api()


@handler.get("/v1/fuel-estimate", FuelQuestion)
def get(call: Call, question: FuelQuestion) -> Reply:
    """The answer as JSON, in the traveller's units."""
    return Reply(fuel_estimate(travel_parts(), call.user_id, question))
