"""The names of the metrics, defined once for code, dashboards, alarms and docs."""

from enum import StrEnum

NAMESPACE = "PAM"


class Metric(StrEnum):
    """A metric. Its unit is given where it is recorded."""

    ANSWER_CACHED = "AnswerCached"
    ANSWER_COMPUTED = "AnswerComputed"
    ANSWER_STALE = "AnswerStale"
    CACHE_UNAVAILABLE = "CacheUnavailable"
    CHAT_DONE = "ChatDone"
    CHAT_FAILED = "ChatFailed"
    CIRCUIT_OPEN = "CircuitOpen"
    CLIENT_ERROR = "ClientError"
    EXPENSE_CREATED = "ExpenseCreated"
    EXPENSE_UNDONE = "ExpenseUndone"
    FIRST_DELTA = "FirstDelta"
    MODEL_CACHE_READ_TOKENS = "ModelCacheReadTokens"
    MODEL_COST = "ModelCost"
    MODEL_ERROR = "ModelError"
    MODEL_PROMPT_TOKENS = "ModelPromptTokens"
    POST_FAILED = "PostFailed"
    ROUTED_FAST = "RoutedFast"
    ROUTED_CHAT = "RoutedChat"
    SERVER_ERROR = "ServerError"
    SHARED_ANSWER_CACHED = "SharedAnswerCached"
    SHARED_ANSWER_FETCHED = "SharedAnswerFetched"
    SHARED_ANSWER_STALE = "SharedAnswerStale"
    SOURCE_ERROR = "SourceError"
    TOOL_DONE = "ToolDone"
    TOOL_FAILED = "ToolFailed"
    TURN_LOST = "TurnLost"
    TURN_TIME = "TurnTime"
