"""Answers one question with Claude: invoked asynchronously by `chat`, once for each question."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pam.chat.worker import Job, work, worker_parts
from pam.platform.observability import observed


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """The answer goes out over the socket; nothing is returned."""
    work(worker_parts(), Job.model_validate(event), context)
