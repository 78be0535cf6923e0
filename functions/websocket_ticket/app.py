"""POST /v1/ws-ticket: what opens a WebSocket, once, within a minute."""

from pydantic import BaseModel, ConfigDict

from pam.bootstrap import connection_gateway
from pam.platform.http import HttpApi, HttpRequest, HttpResponse

handler = HttpApi(connection_gateway)


class NothingAsked(BaseModel):
    """An empty object: who asks is all that counts."""

    model_config = ConfigDict(extra="forbid")


@handler.post("/v1/ws-ticket", NothingAsked, status=201)
def post(call: HttpRequest, _asked: NothingAsked) -> HttpResponse:
    """The ticket, and where it opens a socket."""
    return HttpResponse(connection_gateway().issue_ticket(call.user_id))
