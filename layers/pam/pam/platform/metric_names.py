"""The names of the metrics, each written once: code, dashboards, alarms and docs read them from here."""

from enum import StrEnum

NAMESPACE = "PAM"


class Metric(StrEnum):
    """What is counted or timed. Units stand beside the use."""

    ANSWER_CACHED = "AnswerCached"
    ANSWER_COMPUTED = "AnswerComputed"
    ANSWER_STALE = "AnswerStale"
    CACHE_UNAVAILABLE = "CacheUnavailable"
    CLIENT_ERROR = "ClientError"
    EXPENSE_CREATED = "ExpenseCreated"
    EXPENSE_UNDONE = "ExpenseUndone"
    ROUTED_FAST = "RoutedFast"
    ROUTED_CHAT = "RoutedChat"
    SERVER_ERROR = "ServerError"
    SHARED_ANSWER_CACHED = "SharedAnswerCached"
    SHARED_ANSWER_FETCHED = "SharedAnswerFetched"
    SHARED_ANSWER_STALE = "SharedAnswerStale"
    UPSTREAM_FAULT = "UpstreamFault"
    UPSTREAM_SPARED = "UpstreamSpared"
