"""GET /v1/distance: how far it is by road, and how long it takes. Tier 2."""

from pam.answers.distance import distance
from pam.environment import request_limit, travel_dependencies
from pam.platform.deadline import FAST_ANSWER_TIMEOUT_S
from pam.platform.http import HttpApi, HttpRequest, HttpResponse
from pam.travel.queries import DistanceQuery

handler = HttpApi(travel_dependencies, request_limit, tier=2)


@handler.get("/v1/distance", DistanceQuery)
def get(call: HttpRequest, query: DistanceQuery) -> HttpResponse:
    """Return the answer as JSON, in the traveller's units."""
    deadline = call.deadline.at_most(FAST_ANSWER_TIMEOUT_S)
    return HttpResponse(distance(travel_dependencies(), call.user_id, query, deadline).as_json())
