"""GET /v1/fuel-estimate: what fuel a way takes, and what it costs. Tier 2."""

from pam.answers.fuel_estimate import fuel_estimate
from pam.environment import request_limit, travel_dependencies
from pam.platform.deadline import FAST_ANSWER_TIMEOUT_S
from pam.platform.http import HttpApi, HttpRequest, HttpResponse
from pam.travel.queries import FuelQuery

handler = HttpApi(travel_dependencies, request_limit, tier=2)


@handler.get("/v1/fuel-estimate", FuelQuery)
def get(call: HttpRequest, query: FuelQuery) -> HttpResponse:
    """Return the answer as JSON, in the traveller's units."""
    deadline = call.deadline.at_most(FAST_ANSWER_TIMEOUT_S)
    return HttpResponse(fuel_estimate(travel_dependencies(), call.user_id, query, deadline).as_json())
