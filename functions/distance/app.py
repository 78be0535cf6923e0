"""GET /v1/distance: how far it is by road, and how long it takes. Tier 2."""

from pam.answers.distance import distance
from pam.answers.travel_parts import travel_parts
from pam.platform.http import Api, Call, Reply
from pam.travel.questions import DistanceQuestion

handler = Api()


@handler.get("/v1/distance", DistanceQuestion)
def get(call: Call, question: DistanceQuestion) -> Reply:
    """The answer as JSON, in the traveller's units."""
    return Reply(distance(travel_parts(), call.user_id, question))
