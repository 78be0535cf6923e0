"""Logs, metrics and traces through Powertools: one logger and one recorder of metrics per process."""

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider
from snapshot_restore_py import register_after_restore

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

_SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "pam")


class MetricRecorder:
    """The metrics of an invocation: a Powertools provider, and so an EMF line, for each set of dimensions. Thread-safe.

    Powertools' own `Metrics` adds the function's name to the dimensions of all metrics, so that no alarm could be set
    on their sum. Here the name is in the line beside them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Kept for later invocations, since making one costs more than using it. Dimensions have few values.
        self._providers: dict[tuple[Any, ...], AmazonCloudWatchEMFProvider] = {}

    def add(self, metric: Metric, value: float, dimensions: Mapping[str, str]) -> None:
        """Add a value. Raises TypeError for a dimension that the metric doesn't have."""
        if not dimensions.keys() <= set(metric.dimensions):
            raise TypeError(f"{metric} has no dimension {', '.join(dimensions.keys() - set(metric.dimensions))}")
        # Metrics of one line have the same sets of dimensions.
        key = (metric.rollups, *dimensions.items())
        with self._lock:
            provider = self._providers.get(key)
            if provider is None:
                provider = self._providers[key] = _provider(metric, dimensions)
            provider.add_metric(metric.value, metric.kind.unit, value)

    def drain(self) -> list[dict[str, Any]]:
        """Return the EMF objects of what was added since the last call."""
        lines = []
        with self._lock:
            for provider in self._providers.values():
                if provider.metric_set:
                    lines.append(dict(provider.serialize_metric_set()))
                    provider.metric_set.clear()
        return lines

    def flush(self) -> None:
        """Write what was added since the last call, a line each."""
        for line in self.drain():
            print(json.dumps(line, separators=(",", ":")))


def _provider(metric: Metric, dimensions: Mapping[str, str]) -> AmazonCloudWatchEMFProvider:
    # An empty service keeps Powertools from adding its dimension: the first set is the empty one, which is the sum.
    provider = AmazonCloudWatchEMFProvider(namespace=NAMESPACE, service="")
    for names in metric.rollups:
        if dimensions.keys() >= set(names):
            provider.add_dimensions(**{name: dimensions[name] for name in names})
    if dimensions:
        provider.add_dimensions(**dimensions)
    if "service" not in dimensions:
        provider.add_metadata("service", _SERVICE)
    return provider


metrics = MetricRecorder()


def count(metric: Metric, dimensions: Mapping[str, str] | None = None) -> None:
    """Add one to a metric of this invocation."""
    metrics.add(metric, 1, dimensions or {})


def measure(metric: Metric, value: float, dimensions: Mapping[str, str] | None = None) -> None:
    """Add a measured value, in the unit of the metric's kind, to a metric of this invocation."""
    metrics.add(metric, value, dimensions or {})


class _Start:
    """How this environment started, which its first invocation counts."""

    metric: Metric | None = Metric.COLD_START

    def note_restore(self) -> None:
        self.metric = Metric.SNAPSHOT_RESTORED

    def count_once(self) -> None:
        if self.metric is not None:
            count(self.metric, service_dimension())
            self.metric = None


_start = _Start()
register_after_restore(_start.note_restore)


def service_dimension() -> dict[str, str]:
    """Return this function's name as a dimension."""
    return {"service": _SERVICE}


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

    def measured(event: dict[str, Any], context: Any) -> dict[str, Any]:
        _start.count_once()
        try:
            return handler(event, context)
        finally:
            metrics.flush()

    instrumented: Handler = measured
    if read_environment(TracingSettings).tracing:
        from aws_lambda_powertools import Tracer

        instrumented = Tracer().capture_lambda_handler(instrumented, capture_response=False)
    return logger.inject_lambda_context(
        instrumented, correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True
    )
