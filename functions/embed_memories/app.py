"""Embeds the messages since the last run: invoked every minute by a schedule."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from snapshot_restore_py import register_before_snapshot

from pam.environment import embedding_dependencies
from pam.memory.embedding_run import run_embedding
from pam.platform.deadline import Deadline
from pam.platform.observability import instrument

register_before_snapshot(embedding_dependencies)


@instrument
def handler(_event: dict[str, Any], context: LambdaContext) -> None:
    """Embed the rows of all users, until none is left or the invocation's time is nearly over."""
    run_embedding(*embedding_dependencies(), Deadline.of_invocation(context))
