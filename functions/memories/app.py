"""GET /v1/memories: what PAM remembers of the traveller, newest first, a page at a time. Tier 1."""

from pam.answers.memories import MemoriesRequest, list_memories
from pam.environment import request_limit, user_dependencies
from pam.platform.http import HttpApi, HttpRequest, HttpResponse

handler = HttpApi(user_dependencies, request_limit, tier=1)


@handler.get("/v1/memories", MemoriesRequest)
def get(call: HttpRequest, request: MemoriesRequest) -> HttpResponse:
    """Facts, standing preferences, summaries or messages, with the messages that they come from."""
    return HttpResponse(list_memories(user_dependencies(), call.user_id, request, call.deadline).as_json())
