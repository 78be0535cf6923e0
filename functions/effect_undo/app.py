"""DELETE /v1/effects/{id}: undoes a write of the last ten minutes. Tier 2."""

from pam.answers.undo import undo
from pam.environment import request_limit, user_dependencies
from pam.ledger.effects import effect_not_found
from pam.platform.http import HttpApi, HttpRequest, HttpResponse
from pam.tools.catalog import TOOLS

handler = HttpApi(user_dependencies, request_limit, tier=2)


@handler.delete("/v1/effects/{id}")
def delete(call: HttpRequest) -> HttpResponse:
    """What was undone; the same again when it is repeated."""
    effect_id = call.path_uuid("id", missing=effect_not_found())
    answer = undo(user_dependencies(), call.user_id, effect_id, TOOLS.operation, call.deadline)
    return HttpResponse(answer.as_json())
