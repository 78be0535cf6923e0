"""DELETE /v1/effects/{id}: takes back what a tool wrote in the last ten minutes."""

from pam.answers.parts import parts
from pam.platform.errors import EFFECT_NOT_FOUND, PamError
from pam.platform.http import Api, Call, Reply
from pam.tools.catalogue import TOOLS
from pam.tools.effects import take_back

handler = Api()


@handler.delete("/v1/effects/{id}")
def delete(call: Call) -> Reply:
    """What was taken back; a second time the same."""
    effect = call.path_uuid("id", PamError(EFFECT_NOT_FOUND, "PAM knows of nothing like that to undo."))
    return Reply(take_back(parts(), call.user_id, effect, TOOLS.get))
