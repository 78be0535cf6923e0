"""Summarises conversations that have paused: invoked every five minutes by a schedule, and by itself for a backlog."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from snapshot_restore_py import register_before_snapshot

from pam.environment import summariser_dependencies
from pam.memory.summariser import SummariserJob, summarise_due
from pam.platform.deadline import Deadline
from pam.platform.observability import instrument

register_before_snapshot(summariser_dependencies)


@instrument
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Summarise what is due of all users, until nothing is or the invocation's time is nearly over."""
    job = SummariserJob.model_validate(event)
    summarise_due(summariser_dependencies(), job, Deadline.of_invocation(context))
