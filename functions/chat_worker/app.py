"""Answers one question with Claude: invoked asynchronously by `chat`, once for each question."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from snapshot_restore_py import register_before_snapshot

from pam.bootstrap import worker_dependencies
from pam.chat.worker import Job, work
from pam.platform.observability import observed

register_before_snapshot(worker_dependencies)


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """The answer goes out over the socket; nothing is returned."""
    work(worker_dependencies(), Job.model_validate(event), context)
