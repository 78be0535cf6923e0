"""`$connect` and `$disconnect`: notes which sockets a traveller has open."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from snapshot_restore_py import register_before_snapshot

from pam.environment import connection_gateway
from pam.platform.observability import instrument

register_before_snapshot(connection_gateway)


@instrument
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """200, or 429 for a socket too many."""
    return connection_gateway().handle(event)
