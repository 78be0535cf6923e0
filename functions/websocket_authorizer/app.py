"""Whether a WebSocket may open: asked by API Gateway before `$connect`, answered by the ticket."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from snapshot_restore_py import register_before_snapshot

from pam.environment import connection_gateway, web_origin
from pam.platform.observability import instrument

register_before_snapshot(connection_gateway)
register_before_snapshot(web_origin)


@instrument
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """The policy that lets the socket open; anything but a good ticket is a 401."""
    return connection_gateway().authorize(event, web_origin())
