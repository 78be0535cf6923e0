"""Lists friends; asks for friendships, accepts, declines and ends them, once for each Idempotency-Key. Tier 2."""

from pam.answers.friends import (
    FriendRequestDecision,
    FriendshipRequest,
    FriendsRequest,
    NewFriendRequest,
    accept_friend,
    ask_friend,
    end_friend,
    friendship_not_found,
    list_friends,
)
from pam.environment import request_limit, user_dependencies
from pam.platform.http import HttpApi, HttpRequest, HttpResponse

handler = HttpApi(user_dependencies, request_limit, tier=2)


@handler.get("/v1/friends", FriendsRequest)
def get(call: HttpRequest, request: FriendsRequest) -> HttpResponse:
    """Friends, and the requests that wait for somebody's decision."""
    return HttpResponse(list_friends(user_dependencies(), call.user_id, request, call.deadline).as_json())


@handler.post("/v1/friends", NewFriendRequest, status=201)
def post(call: HttpRequest, new: NewFriendRequest) -> HttpResponse:
    """How the traveller stands to the other: asked, friends already, or asked by the other before."""
    return HttpResponse(ask_friend(user_dependencies(), _request(call), new).as_json())


@handler.patch("/v1/friends/{user_id}", FriendRequestDecision)
def patch(call: HttpRequest, decision: FriendRequestDecision) -> HttpResponse:
    """The friend whose request is accepted."""
    other_id = call.path_uuid("user_id", missing=friendship_not_found())
    return HttpResponse(accept_friend(user_dependencies(), _request(call), other_id, decision).as_json())


@handler.delete("/v1/friends/{user_id}")
def delete(call: HttpRequest) -> HttpResponse:
    """What has ended: a friendship, a request of the traveller, or one to the traveller, which is declined."""
    other_id = call.path_uuid("user_id", missing=friendship_not_found())
    return HttpResponse(end_friend(user_dependencies(), _request(call), other_id).as_json())


def _request(call: HttpRequest) -> FriendshipRequest:
    return FriendshipRequest(call.user_id, call.idempotency_key, call.deadline, call.context)
