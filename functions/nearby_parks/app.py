"""GET /v1/parks: places to camp near a place, nearest first. Tier 2."""

from pam.answers.nearby_parks import nearby_parks
from pam.environment import request_limit, travel_dependencies
from pam.platform.deadline import FAST_ANSWER_TIMEOUT_S
from pam.platform.http import HttpApi, HttpRequest, HttpResponse
from pam.travel.queries import ParksQuery

handler = HttpApi(travel_dependencies, request_limit, tier=2)


@handler.get("/v1/parks", ParksQuery)
def get(call: HttpRequest, query: ParksQuery) -> HttpResponse:
    """Return the answer as JSON, in the traveller's units."""
    deadline = call.deadline.at_most(FAST_ANSWER_TIMEOUT_S)
    return HttpResponse(nearby_parks(travel_dependencies(), call.user_id, query, deadline).as_json())
