"""Answers one question with Claude: invoked asynchronously, once for each question."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from snapshot_restore_py import register_before_snapshot

from pam.chat.turn.worker import TurnJob, run_turn
from pam.environment import worker_dependencies
from pam.platform.observability import instrument

register_before_snapshot(worker_dependencies)


@instrument
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Run the turn; its answer is sent over the WebSocket."""
    run_turn(worker_dependencies(), TurnJob.model_validate(event), context)
