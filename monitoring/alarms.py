"""The alarms. Each has a resource in template.yaml and a section in docs/operations.md, with its title as heading."""

from monitoring.definition import CACHE_READ_SHARE, FAILED_SHARE, RESPONSE_P95
from monitoring.model import Alarm, AwsMetric, Series
from pam.platform.metrics import Metric

_MINUTE, _FIVE_MINUTES, _HOUR = 60, 300, 3600


def _maximum(metric: Metric) -> Series:
    return Series(metric.value, metric, "Maximum")


def _sum(metric: Metric) -> Series:
    return Series(metric.value, metric, "Sum")


_DEAD_LETTERS = AwsMetric(
    "AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": "${ChatDeadLetterQueue.QueueName}"}
)

_PINNED_SESSIONS = AwsMetric(
    "AWS/RDS", "DatabaseConnectionsCurrentlySessionPinned", {"ProxyName": "${DatabaseConnectionProxy}"}
)

ALARMS = (
    Alarm("HighLatencyAlarm", "High latency", RESPONSE_P95, 2000, _MINUTE, 5),
    Alarm("HighErrorRateAlarm", "High error rate", FAILED_SHARE, 5, _MINUTE, 5),
    # A number, since a function's share of all requests is small, and that of its new version smaller still.
    Alarm("InternalErrorsAlarm", "Internal errors", _sum(Metric.INTERNAL_ERROR), 2, _MINUTE, 1),
    Alarm("TooManyConnectionsAlarm", "Too many connections", _maximum(Metric.OPEN_CONNECTIONS), 500, _MINUTE, 1),
    Alarm("CostCapAlarm", "Cost cap nearly reached", _maximum(Metric.STAGE_CAP_USED), 80, _MINUTE, 1),
    # The first question of an hour writes the cache, so few questions say nothing.
    Alarm("CacheReadAlarm", "Prompt cache not read", CACHE_READ_SHARE, 80, _HOUR, 1, is_below=True, at_least=200_000),
    Alarm(
        "ChatDeadLetterAlarm",
        "Turn without a worker",
        Series("messages", _DEAD_LETTERS, "Maximum"),
        0,
        _MINUTE,
        1,
    ),
    Alarm("SummaryBacklogAlarm", "Summaries fall behind", _maximum(Metric.SUMMARY_BACKLOG), 500, _FIVE_MINUTES, 3),
    Alarm("CircuitOpenAlarm", "Circuit breaker open", _sum(Metric.CIRCUIT_OPEN), 0, _MINUTE, 2),
    Alarm("MessagesBlockedAlarm", "Surge of blocked messages", _sum(Metric.MESSAGES_BLOCKED), 50, _FIVE_MINUTES, 1),
    Alarm(
        "DatabaseConnectionsAlarm",
        "Many database connections",
        _maximum(Metric.DATABASE_CONNECTIONS),
        400,
        _MINUTE,
        3,
    ),
    # Measured once in a minute, so that the sum is the value; it has no other statistic.
    Alarm(
        "PinnedSessionsAlarm",
        "Pinned proxy sessions",
        Series("sessions", _PINNED_SESSIONS, "Sum"),
        10,
        _MINUTE,
        5,
        condition="UsesProxy",
    ),
    # Measured once a day.
    Alarm(
        "SchemaDriftAlarm",
        "Schema differs from its migrations",
        _maximum(Metric.SCHEMA_DRIFT),
        0,
        _FIVE_MINUTES,
        1,
        keeps_state=True,
    ),
    Alarm("SummaryQuarantinedAlarm", "Summary in quarantine", _sum(Metric.SUMMARY_QUARANTINED), 0, _FIVE_MINUTES, 1),
    Alarm("EmbeddingQuarantinedAlarm", "Embedding in quarantine", _sum(Metric.EMBEDDING_QUARANTINED), 0, _MINUTE, 1),
)
