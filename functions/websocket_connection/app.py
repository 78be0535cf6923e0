"""`$connect` and `$disconnect`: notes which sockets a traveller has open."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pam.chat.door import connected
from pam.platform.observability import observed


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """200, or 429 for a socket too many."""
    return connected(event)
