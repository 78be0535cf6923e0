"""DELETE /v1/effects/{id}: takes back what a tool wrote in the last ten minutes."""

from pam.bootstrap import user_dependencies
from pam.platform.errors import EFFECT_NOT_FOUND, PamError
from pam.platform.http import HttpApi, HttpRequest, HttpResponse
from pam.tools.catalog.registry import TOOLS
from pam.tools.engine.ledger import undo_write

handler = HttpApi(user_dependencies)


@handler.delete("/v1/effects/{id}")
def delete(call: HttpRequest) -> HttpResponse:
    """What was taken back; a second time the same."""
    effect = call.path_uuid("id", PamError(EFFECT_NOT_FOUND, "PAM knows of nothing like that to undo."))
    return HttpResponse(undo_write(user_dependencies(), call.user_id, effect, TOOLS.get))
