"""DELETE /v1/account: deletes all that PAM has of the traveller. Tier 2."""

from pam.answers.account_deletion import AccountDeletion, delete_account
from pam.environment import request_limit, user_dependencies
from pam.platform.http import HttpApi, HttpRequest, HttpResponse

handler = HttpApi(user_dependencies, request_limit, tier=2)


@handler.delete_confirmed("/v1/account", AccountDeletion)
def delete(call: HttpRequest, _confirmed: AccountDeletion) -> HttpResponse:
    """Everything is deleted, for good; the sign-in stays with its provider."""
    return HttpResponse(delete_account(user_dependencies(), call.user_id, call.deadline).as_json())
