"""GET /v1/parks: places to camp near a place, nearest first. Tier 2."""

from pam.answers.nearby_parks import nearby_parks
from pam.answers.travel_parts import travel_parts
from pam.platform.http import Api, Call, Reply
from pam.travel.questions import ParksQuestion

handler = Api()


@handler.get("/v1/parks", ParksQuestion)
def get(call: Call, question: ParksQuestion) -> Reply:
    """The answer as JSON, in the traveller's units."""
    return Reply(nearby_parks(travel_parts(), call.user_id, question))
