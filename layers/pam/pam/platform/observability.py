"""Logs, metrics and traces, all through Powertools; one logger and one set of metrics a process."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit

from pam.platform.metrics import NAMESPACE, Metric
from pam.platform.settings import TracingSettings, read_environment

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

# The service is POWERTOOLS_SERVICE_NAME, which the template sets for each function.
logger = Logger()
metrics = Metrics(namespace=NAMESPACE)


def count(metric: Metric) -> None:
    """Adds one to a metric of this invocation."""
    metrics.add_metric(name=metric, unit=MetricUnit.Count, value=1)


def measure(metric: Metric, unit: MetricUnit, value: float) -> None:
    """Adds a measured value."""
    metrics.add_metric(name=metric, unit=unit, value=value)


def observed(handler: Handler) -> Handler:
    """Wraps a Lambda handler: correlation id on each log line, EMF metrics at the end, a trace if asked.

    The X-Ray SDK is dear to import (`make bench NAME=imports`), so it is imported only where the
    template's `Tracing` parameter switched it on.
    """
    watched: Handler = metrics.log_metrics(handler, capture_cold_start_metric=True)
    if read_environment(TracingSettings).tracing:
        from aws_lambda_powertools import Tracer

        watched = Tracer().capture_lambda_handler(watched, capture_response=False)
    return logger.inject_lambda_context(
        watched, correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True
    )
