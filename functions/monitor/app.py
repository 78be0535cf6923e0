"""Measures what no request does: invoked every minute by a schedule."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from snapshot_restore_py import register_before_snapshot

from pam.chat.gauges import measure_gauges
from pam.environment import gauge_dependencies
from pam.platform.deadline import Deadline
from pam.platform.observability import instrument

register_before_snapshot(gauge_dependencies)


@instrument
def handler(_event: dict[str, Any], context: LambdaContext) -> None:
    """Record the gauges as metrics."""
    measure_gauges(gauge_dependencies(), Deadline.of_invocation(context))
