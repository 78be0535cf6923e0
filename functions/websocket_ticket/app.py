"""POST /v1/ws-ticket: what opens a WebSocket, once, within a minute."""

from pydantic import BaseModel, ConfigDict

from pam.answers.json_values import to_json
from pam.environment import connection_gateway, request_limit
from pam.platform.http import HttpApi, HttpRequest, HttpResponse

handler = HttpApi(connection_gateway, request_limit)


class EmptyBody(BaseModel):
    """An empty object: the user's token is all that matters."""

    model_config = ConfigDict(extra="forbid")


@handler.post("/v1/ws-ticket", EmptyBody, status=201)
def post(call: HttpRequest, _body: EmptyBody) -> HttpResponse:
    """Return the ticket, and the address at which it opens a socket."""
    return HttpResponse(to_json(connection_gateway().issue_ticket(call.user_id)))
