"""Logs, metrics and traces through Powertools: one logger and one recorder of metrics per process."""

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

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


_MAX_VALUES = 100
"""Of a metric in an EMF line."""

_encode = json.JSONEncoder(separators=(",", ":")).encode

_Dimensions = tuple[tuple[str, str], ...]


class MetricRecorder:
    """The metrics of an invocation, written as an EMF line of Powertools' for each set of dimensions. Thread-safe.

    Powertools' own `Metrics` adds the function's name to the dimensions of all metrics, so that no alarm could be set
    on their sum. Here the name is in the line beside them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Metrics of one line have the same sets of dimensions.
        self._values: dict[tuple[tuple[tuple[str, ...], ...], _Dimensions], dict[Metric, list[float]]] = {}
        # Kept for later invocations, since making one costs more than using it. Dimensions have few values.
        self._providers: dict[tuple[tuple[tuple[str, ...], ...], _Dimensions], AmazonCloudWatchEMFProvider] = {}

    def add(self, metric: Metric, value: float, dimensions: Mapping[str, str]) -> None:
        """Add a value. Raises TypeError for a dimension that the metric doesn't have."""
        for name in dimensions:
            if name not in metric.dimensions:
                raise TypeError(f"{metric} has no dimension {name}")
        key = (metric.rollups, tuple(dimensions.items()))
        with self._lock:
            self._values.setdefault(key, {}).setdefault(metric, []).append(float(value))

    def drain(self) -> list[dict[str, Any]]:
        """Return the EMF objects of what was added since the last call."""
        with self._lock:
            recorded, self._values = self._values, {}
        lines = []
        for (rollups, dimensions), values in recorded.items():
            provider = self._providers.get((rollups, dimensions))
            if provider is None:
                provider = self._providers[rollups, dimensions] = _provider(rollups, dict(dimensions))
            for first in range(0, max(map(len, values.values())), _MAX_VALUES):
                part = {
                    metric.value: {"Unit": metric.kind.unit, "Value": each[first : first + _MAX_VALUES]}
                    for metric, each in values.items()
                    if len(each) > first
                }
                lines.append(dict(provider.serialize_metric_set(metrics=part)))
        return lines

    def flush(self) -> None:
        """Write what was added since the last call, a line each."""
        for line in self.drain():
            print(_encode(line))


def _provider(rollups: tuple[tuple[str, ...], ...], dimensions: Mapping[str, str]) -> AmazonCloudWatchEMFProvider:
    # An empty service keeps Powertools from adding its dimension: the first set is the empty one, which is the sum.
    provider = AmazonCloudWatchEMFProvider(namespace=NAMESPACE, service="")
    recorded = [names for names in rollups if dimensions.keys() >= set(names)]
    for names in recorded:
        provider.add_dimensions(**{name: dimensions[name] for name in names})
    # A value with the dimensions of a rollup only has that set already.
    if dimensions and set(dimensions) not in map(set, recorded):
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


def correlate(message_id: UUID) -> None:
    """Have the log lines of this invocation carry a question's id, in the gateway, the worker and all that they call.

    The page shows it with an error. API Gateway's id of the request stays in the lines, too.
    """
    gateway_id = logger.get_correlation_id()
    if gateway_id is not None and gateway_id != str(message_id):
        logger.append_keys(gateway_request_id=gateway_id)
    logger.set_correlation_id(str(message_id))


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
