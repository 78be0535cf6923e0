"""The metrics, defined once: code, dashboard, alarms, the local dashboard and docs/metrics.md read this module.

A dimension has few values, which the code chooses: never an id, a text, or a place. Each metric is also recorded
without dimensions, since CloudWatch doesn't add up the values of a dimension by itself. Names that begin with `gen_ai.`
are those of OpenTelemetry's semantic conventions for generative AI (docs/metrics.md has the version).
"""

from collections.abc import Iterable
from enum import Enum, StrEnum

from pam.platform.dimensions import FeedbackVerdict, PromptCacheUse, RequestOutcome, ToolCallOutcome

NAMESPACE = "PAM"


class MetricKind(Enum):
    """CloudWatch's unit of a metric, and the statistic that makes sense of its values."""

    COUNTER = "Count", "Sum"
    DOLLARS = "None", "Sum"
    MILLISECONDS = "Milliseconds", "p95"
    SECONDS = "Seconds", "p95"
    SIZE = "Count", "p50"
    GAUGE = "Count", "Maximum"
    PERCENT = "Percent", "Maximum"

    @property
    def unit(self) -> str:
        """CloudWatch's unit; it has none for dollars."""
        return self.value[0]

    @property
    def statistic(self) -> str:
        """How the values of a period become one."""
        return self.value[1]


class Subsystem(StrEnum):
    """What a metric tells about: a row of the dashboard."""

    ANSWERS = "Answers"
    CHAT = "Chat"
    CLAUDE = "Claude"
    CACHE = "Caches"
    SOURCES = "Sources"
    TOOLS = "Tools"
    SAFETY = "Safety"
    MEMORY = "Memory"
    CONTEXT = "Context of a question"
    RECORDS = "Expenses"
    TRAVELLERS = "Judged by travellers"
    PLATFORM = "Functions and database"


def _listed(values: Iterable[str]) -> str:
    *others, last = (f"`{each}`" for each in values)
    return f"{', '.join(others)} or {last}"


_MODEL = ("gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model")


class Metric(StrEnum):
    """A metric: its name, kind, subsystem, meaning and dimensions.

    `rollups` are sets of some of the dimensions, by which it is added up, too. A dimension that a value doesn't have,
    such as the error of a success, is left out.
    """

    kind: MetricKind
    subsystem: Subsystem
    meaning: str
    dimensions: tuple[str, ...]
    rollups: tuple[tuple[str, ...], ...]

    def __new__(
        cls,
        name: str,
        kind: MetricKind,
        subsystem: Subsystem,
        meaning: str,
        dimensions: tuple[str, ...] = (),
        rollups: tuple[tuple[str, ...], ...] = (),
    ) -> "Metric":
        """Make a member that is equal to its name."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.kind, member.subsystem, member.meaning = kind, subsystem, meaning
        member.dimensions, member.rollups = dimensions, rollups
        return member

    # fmt: off
    # A line or two for each, as in the table that is made of them.
    REQUESTS = ("Requests", MetricKind.COUNTER, Subsystem.ANSWERS,
        "Requests and questions that ended, and frames and connections that were not accepted: "
        f"{_listed(RequestOutcome)}. A 4xx of ours is a refusal.",
        ("tier", "outcome"), (("tier",), ("outcome",)))
    RESPONSE_TIME = ("ResponseTime", MetricKind.MILLISECONDS, Subsystem.ANSWERS,
        "To the whole answer: from the start of the handler or, where a worker answers, from the opening of the turn, "
        "the wait for the worker included.",
        ("tier", "route"), (("tier",),))
    QUESTIONS_ANSWERED = ("QuestionsAnswered", MetricKind.COUNTER, Subsystem.ANSWERS,
        "Those of the answered requests that are questions in words, over HTTP or the WebSocket.",
        ("tier", "route"), (("tier",),))
    QUESTION_TIME = ("QuestionTime", MetricKind.MILLISECONDS, Subsystem.ANSWERS,
        "The `ResponseTime` of such questions.", ("tier", "route"), (("tier",),))
    ROUTED_FAST = "RoutedFast", MetricKind.COUNTER, Subsystem.ANSWERS, "Questions for which a fast answer was sure."
    ROUTED_CHAT = ("RoutedChat", MetricKind.COUNTER, Subsystem.ANSWERS,
        "Questions for which none was sure. One that is asked over HTTP first is here twice.")
    CLIENT_ERROR = ("ClientError", MetricKind.COUNTER, Subsystem.ANSWERS,
        "Requests and frames refused with a 4xx of ours.", ("service",))
    SERVER_ERROR = ("ServerError", MetricKind.COUNTER, Subsystem.ANSWERS,
        "Requests and frames that failed with a 5xx of ours.", ("service",))
    INTERNAL_ERROR = ("InternalError", MetricKind.COUNTER, Subsystem.ANSWERS,
        "Requests, frames and turns that failed with `internal_error`: a defect, or a schema that doesn't fit.",
        ("service",))

    CHAT_DONE = "ChatDone", MetricKind.COUNTER, Subsystem.CHAT, "Turns that Claude completed."
    CHAT_FAILED = "ChatFailed", MetricKind.COUNTER, Subsystem.CHAT, "Turns that ended with an error."
    TURN_LOST = "TurnLost", MetricKind.COUNTER, Subsystem.CHAT, "Turns whose worker stopped sending heartbeats."
    POST_FAILED = ("PostFailed", MetricKind.COUNTER, Subsystem.CHAT,
        "Frames that API Gateway didn't accept, for another reason than a closed connection.")
    TURN_TIME = "TurnTime", MetricKind.MILLISECONDS, Subsystem.CHAT, "From a worker's start to the end of its answer."
    FIRST_DELTA = ("FirstDelta", MetricKind.MILLISECONDS, Subsystem.CHAT,
        "From a worker's start to the first text of its answer.")
    QUEUE_AGE = ("QueueAge", MetricKind.MILLISECONDS, Subsystem.CHAT,
        "From the arrival of a question to the start of its worker.")
    OPEN_CONNECTIONS = ("OpenConnections", MetricKind.GAUGE, Subsystem.CHAT, "WebSockets that are open.")

    TOKEN_USAGE = ("gen_ai.client.token.usage", MetricKind.COUNTER, Subsystem.CLAUDE,
        "Tokens of a model call: `input`, cached or not, and `output`.",
        (*_MODEL, "gen_ai.token.type"), (("gen_ai.token.type",),))
    OPERATION_DURATION = ("gen_ai.client.operation.duration", MetricKind.SECONDS, Subsystem.CLAUDE,
        "A request to a model, from its start to its complete reply or its error.", (*_MODEL, "error.type"),
        (("gen_ai.provider.name",),))
    FIRST_CHUNK = ("gen_ai.client.operation.time_to_first_chunk", MetricKind.SECONDS, Subsystem.CLAUDE,
        "From the start of a request to the first part of its streamed reply.", _MODEL)
    PROMPT_TOKENS = ("PromptTokens", MetricKind.COUNTER, Subsystem.CLAUDE,
        f"Prompt tokens of Claude's calls by what its prompt cache did: {_listed(PromptCacheUse)}.", ("cache",))
    MODEL_COST = "ModelCost", MetricKind.DOLLARS, Subsystem.CLAUDE, "Cost of a call of Claude in dollars.", ("model",)
    MODEL_ERROR = ("ModelError", MetricKind.COUNTER, Subsystem.CLAUDE,
        "Calls of Claude without a complete reply, including those that were retried.", ("kind",))
    STAGE_CAP_USED = ("StageCapUsed", MetricKind.PERCENT, Subsystem.CLAUDE,
        "Cost of the UTC day and what is reserved, in percent of `ChatStageDayCapUsd`.")
    COST_CAP_REACHED = ("CostCapReached", MetricKind.COUNTER, Subsystem.CLAUDE,
        "Turns and summaries that a daily cost cap refused: of the `user` or of the `stage`.", ("scope",))

    ANSWER_CACHED = ("AnswerCached", MetricKind.COUNTER, Subsystem.CACHE,
        "Tier 1: answers from a user's data that came from the user cache.")
    ANSWER_COMPUTED = ("AnswerComputed", MetricKind.COUNTER, Subsystem.CACHE,
        "Tier 1: such answers computed from Postgres.")
    ANSWER_STALE = ("AnswerStale", MetricKind.COUNTER, Subsystem.CACHE,
        "Tier 1: such answers from the cache, with their age, while Postgres was unavailable.")
    SHARED_ANSWER_CACHED = ("SharedAnswerCached", MetricKind.COUNTER, Subsystem.CACHE,
        "Tier 2: data of a source (routes, weather, prices, places) that came from the shared cache.")
    SHARED_ANSWER_FETCHED = ("SharedAnswerFetched", MetricKind.COUNTER, Subsystem.CACHE,
        "Tier 2: such data fetched from the source.")
    SHARED_ANSWER_STALE = ("SharedAnswerStale", MetricKind.COUNTER, Subsystem.CACHE,
        "Tier 2: such data from the cache, with its age, because the source gave none.")
    CACHE_UNAVAILABLE = ("CacheUnavailable", MetricKind.COUNTER, Subsystem.CACHE,
        "Operations of a cache that DynamoDB did not carry out.")

    SOURCE_ERROR = ("SourceError", MetricKind.COUNTER, Subsystem.SOURCES,
        "Requests to a source, Gemini among them, that failed after all retries.", ("source", "kind"), (("source",),))
    CIRCUIT_OPEN = ("CircuitOpen", MetricKind.COUNTER, Subsystem.SOURCES,
        "Requests to a source that were not sent, because its circuit breaker was open.", ("source",))

    TOOL_CALLS = ("ToolCalls", MetricKind.COUNTER, Subsystem.TOOLS,
        f"Tool calls: {_listed(ToolCallOutcome)}. Those that were refused or timed out have failed; what waits, waits "
        "for a confirmation.",
        ("tool", "outcome"), (("outcome",),))
    TOOL_DURATION = ("gen_ai.execute_tool.duration", MetricKind.SECONDS, Subsystem.TOOLS,
        "From the start of a tool to its outcome.", ("gen_ai.tool.name",))

    MESSAGES_SCREENED = ("MessagesScreened", MetricKind.COUNTER, Subsystem.SAFETY,
        "Messages for Claude that stage 1 screened.")
    MESSAGES_FLAGGED = "MessagesFlagged", MetricKind.COUNTER, Subsystem.SAFETY, "Messages that stage 1 flagged."
    MESSAGES_JUDGED = ("MessagesJudged", MetricKind.COUNTER, Subsystem.SAFETY,
        "Flagged messages by the verdict of stage 2.", ("verdict",))
    JUDGE_UNSURE = ("JudgeUnsure", MetricKind.COUNTER, Subsystem.SAFETY,
        "Flagged messages without a verdict of `safe` or `injection`; the log line `message judged` has the reason.")
    JUDGE_TIME = ("JudgeTime", MetricKind.MILLISECONDS, Subsystem.SAFETY, "Until a verdict on a flagged message.")
    MESSAGES_BLOCKED = ("MessagesBlocked", MetricKind.COUNTER, Subsystem.SAFETY,
        "Messages that were judged to be attacks, and not answered.")
    MESSAGES_RESTRICTED = ("MessagesRestricted", MetricKind.COUNTER, Subsystem.SAFETY,
        "Flagged messages that were answered with reading tools only.")
    ANSWERS_CLEANED = ("AnswersCleaned", MetricKind.COUNTER, Subsystem.SAFETY,
        "Answers from which links, images, ids or secrets were removed.")
    WRITES_REFUSED = ("WritesRefused", MetricKind.COUNTER, Subsystem.SAFETY,
        "Writes of a turn that the policy of its tools refused.")
    SECURITY_EVENTS_LOST = ("SecurityEventsLost", MetricKind.COUNTER, Subsystem.SAFETY,
        "Security events that Postgres didn't store; the log line has their kinds.")
    FIGURES_CHECKED = ("FiguresChecked", MetricKind.COUNTER, Subsystem.SAFETY,
        "Figures of Claude's answers that were checked.")
    FIGURES_UNVERIFIED = ("FiguresUnverified", MetricKind.COUNTER, Subsystem.SAFETY,
        "Those of them that nothing covers which Claude was given. The log line `figures unverified` has their kinds "
        "and the tools of the turn.")

    RECALL_GATE = ("RecallGate", MetricKind.COUNTER, Subsystem.MEMORY,
        "Questions by what they need of memory: `nothing`, `words`, or `meaning`.", ("need",))
    RECALL_TIME = "RecallTime", MetricKind.MILLISECONDS, Subsystem.MEMORY, "A search of memory, its embedding included."
    RECALL_WITHOUT_VECTOR = ("RecallWithoutVector", MetricKind.COUNTER, Subsystem.MEMORY,
        "Questions searched for by words alone, because their embedding failed or came too late.")
    EPISODES_SUMMARISED = ("EpisodesSummarised", MetricKind.COUNTER, Subsystem.MEMORY, "Episodes that were summarised.")
    SUMMARY_BACKLOG = ("SummaryBacklog", MetricKind.GAUGE, Subsystem.MEMORY,
        "Conversations whose summary is due, as a run begins.")
    SUMMARY_FAILED = ("SummaryFailed", MetricKind.COUNTER, Subsystem.MEMORY,
        "Attempts to summarise a conversation that failed by its own fault.")
    SUMMARY_POSTPONED = ("SummaryPostponed", MetricKind.COUNTER, Subsystem.MEMORY,
        "Summaries that wait: a cost cap is reached, or a dependency is unavailable.")
    SUMMARY_QUARANTINED = ("SummaryQuarantined", MetricKind.COUNTER, Subsystem.MEMORY,
        "Conversations that failed at five attempts. They are found by their messages; each needs an action.")
    FACTS_RECORDED = ("FactsRecorded", MetricKind.COUNTER, Subsystem.MEMORY,
        "Facts of summaries that were recorded or confirmed.")
    FACTS_DROPPED = ("FactsDropped", MetricKind.COUNTER, Subsystem.MEMORY,
        "Facts of a summary that were left out: malformed, or not in the traveller's own messages.")
    PASSAGES_EMBEDDED = "PassagesEmbedded", MetricKind.COUNTER, Subsystem.MEMORY, "Passages that got a vector."
    PASSAGES_REFUSED = ("PassagesRefused", MetricKind.COUNTER, Subsystem.MEMORY,
        "Passages that the model refuses. They are found by their words.")
    EMBEDDING_FAILED = ("EmbeddingFailed", MetricKind.COUNTER, Subsystem.MEMORY,
        "A user's passages weren't embedded: Gemini was down, slow, or refused them. They are tried again.")
    EMBEDDING_QUARANTINED = ("EmbeddingQuarantined", MetricKind.COUNTER, Subsystem.MEMORY,
        "Users whose passages ended five runs of `embed_memories`. They are found by words until their next message.")

    CONTEXT_FAILED = ("ContextFailed", MetricKind.COUNTER, Subsystem.CONTEXT,
        "Context providers that failed or were late, and were left out of a prompt.")
    CONTEXT_FACTS_TOKENS = ("ContextFactsTokens", MetricKind.SIZE, Subsystem.CONTEXT,
        "Estimated tokens of the facts in a question's context.")
    CONTEXT_MEMORY_TOKENS = ("ContextMemoryTokens", MetricKind.SIZE, Subsystem.CONTEXT,
        "Estimated tokens of what was recalled for a question.")
    CONTEXT_NOTES_TOKENS = ("ContextNotesTokens", MetricKind.SIZE, Subsystem.CONTEXT,
        "Estimated tokens of the notes in a question's context.")
    CONTEXT_PREFERENCES_TOKENS = ("ContextPreferencesTokens", MetricKind.SIZE, Subsystem.CONTEXT,
        "Estimated tokens of standing preferences.")
    CONTEXT_PROFILE_TOKENS = ("ContextProfileTokens", MetricKind.SIZE, Subsystem.CONTEXT,
        "Estimated tokens of the user's profile.")
    CONTEXT_UNDONE_TOKENS = ("ContextUndoneTokens", MetricKind.SIZE, Subsystem.CONTEXT,
        "Estimated tokens of writes that were undone since the last question.")

    EXPENSE_CREATED = "ExpenseCreated", MetricKind.COUNTER, Subsystem.RECORDS, "Expenses recorded."
    EXPENSE_CORRECTED = "ExpenseCorrected", MetricKind.COUNTER, Subsystem.RECORDS, "Expenses corrected."
    EXPENSE_DELETED = "ExpenseDeleted", MetricKind.COUNTER, Subsystem.RECORDS, "Expenses deleted."
    EXPENSE_UNDONE = "ExpenseUndone", MetricKind.COUNTER, Subsystem.RECORDS, "Expenses undone."

    FEEDBACK = ("Feedback", MetricKind.COUNTER, Subsystem.TRAVELLERS,
        f"What travellers said of answers: {_listed(FeedbackVerdict)}.", ("verdict", "tier"), (("verdict",),))

    COLD_START = ("ColdStart", MetricKind.COUNTER, Subsystem.PLATFORM,
        "Environments that were started without a snapshot.", ("service",))
    SNAPSHOT_RESTORED = ("SnapshotRestored", MetricKind.COUNTER, Subsystem.PLATFORM,
        "Environments that were restored from a SnapStart snapshot.", ("service",))
    DATABASE_CONNECTIONS = ("DatabaseConnections", MetricKind.GAUGE, Subsystem.PLATFORM,
        "Connections to Postgres, of all functions and operators.")
    MIGRATIONS_APPLIED = "MigrationsApplied", MetricKind.COUNTER, Subsystem.PLATFORM, "Migrations that were applied."
    SCHEMA_DRIFT = ("SchemaDrift", MetricKind.GAUGE, Subsystem.PLATFORM,
        "Differences between the schema and that of the migrations, once a day.")
    # fmt: on
