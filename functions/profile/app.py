"""Shows and changes the own profile, each change once for its Idempotency-Key. Tier 2."""

from pam.answers.own_profile import ProfileChanges, ProfileRequest, change_profile, show_profile
from pam.environment import request_limit, user_dependencies
from pam.platform.http import HttpApi, HttpRequest, HttpResponse

handler = HttpApi(user_dependencies, request_limit, tier=2)


@handler.get("/v1/profile", ProfileRequest)
def get(call: HttpRequest, request: ProfileRequest) -> HttpResponse:
    """What others see of the traveller, and who does."""
    return HttpResponse(show_profile(user_dependencies(), call.user_id, request, call.deadline).as_json())


@handler.patch("/v1/profile", ProfileChanges)
def patch(call: HttpRequest, changes: ProfileChanges) -> HttpResponse:
    """The profile as it is now, and the way to undo the change."""
    answer = change_profile(
        user_dependencies(),
        call.user_id,
        changes,
        call.deadline,
        idempotency_key=call.idempotency_key,
        context=call.context,
    )
    return HttpResponse(answer.as_json())
