"""Logs, metrics and traces through Powertools: one logger and one set of metrics per process."""

import logging
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit

from pam.platform.errors import PamError
from pam.platform.log_format import LogFormatter
from pam.platform.metrics import NAMESPACE, Metric
from pam.platform.settings import TracingSettings, read_environment

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

# The service is POWERTOOLS_SERVICE_NAME, which the template sets for each function.
logger = Logger(logger_formatter=LogFormatter())
# The root logger is the Lambda runtime's: it would write each line once more, and with the messages of exceptions.
# Those of libraries quote URLs and parameters, too; where one matters, its caller logs the error.
logging.getLogger(logger.name).propagate = False
logging.getLogger().setLevel(logging.CRITICAL)
metrics = Metrics(namespace=NAMESPACE)


def count(metric: Metric) -> None:
    """Add one to a metric of this invocation."""
    metrics.add_metric(name=metric, unit=MetricUnit.Count, value=1)


def measure(metric: Metric, unit: MetricUnit, value: float) -> None:
    """Add a measured value to a metric of this invocation."""
    metrics.add_metric(name=metric, unit=unit, value=value)


def log_error(error: PamError) -> None:
    """Log an error that a user gets: its code and field, and a server error's stack. The message may quote them."""
    logger.warning(
        "error reported",
        error_code=error.error.code,
        field=error.field if error.field_is_known else None,
        exc_info=error.error.status >= 500,
    )


def instrument(handler: Handler) -> Handler:
    """Wrap a Lambda handler: a correlation id in each log line, EMF metrics at the end, and X-Ray if it is on.

    The X-Ray SDK is slow to import (`make bench NAME=imports`), so it is imported only with the template's
    `Tracing` parameter.
    """
    instrumented: Handler = metrics.log_metrics(handler, capture_cold_start_metric=True)
    if read_environment(TracingSettings).tracing:
        from aws_lambda_powertools import Tracer

        instrumented = Tracer().capture_lambda_handler(instrumented, capture_response=False)
    return logger.inject_lambda_context(
        instrumented, correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True
    )
