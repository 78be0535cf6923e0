"""POST /v1/ws-ticket: what opens a WebSocket, once, within a minute."""

from pydantic import BaseModel, ConfigDict

from pam.chat.door import issue_ticket
from pam.platform.http import Api, Call, Reply

handler = Api()


class NothingAsked(BaseModel):
    """An empty object: who asks is all that counts."""

    model_config = ConfigDict(extra="forbid")


@handler.post("/v1/ws-ticket", NothingAsked, status=201)
def post(call: Call, _asked: NothingAsked) -> Reply:
    """The ticket, and where it opens a socket."""
    return Reply(issue_ticket(call.user_id))
