"""The dashboard: the targets of the success table on top, then a row for each subsystem."""

from monitoring.model import Row, Series, Share, Widget
from pam.platform.dimensions import FAST_TIERS, FeedbackVerdict, PromptCacheUse, RequestOutcome, Tier
from pam.platform.metrics import Metric, MetricKind, Subsystem


def _sum(metric: Metric, label: str | None = None, by: tuple[str, ...] = (), **dimensions: str) -> Series:
    return Series(label or metric.value, metric, "Sum", dimensions, by)


def _one(metric: Metric, label: str | None = None) -> Series:
    """Return the metric by the statistic of its kind."""
    return Series(label or metric.value, metric, metric.kind.statistic)


def _percentiles(metric: Metric, **dimensions: str) -> tuple[Series, ...]:
    return tuple(Series(each.upper(), metric, each, dimensions) for each in ("p50", "p95", "p99"))


def _counts(title: str, *metrics: Metric) -> Widget:
    return Widget(title, "", tuple(_one(each) for each in metrics))


_QUESTIONS = (_sum(Metric.QUESTIONS_ANSWERED),)
FAILED_SHARE = Share("failed", (_sum(Metric.REQUESTS, outcome=RequestOutcome.FAILED),), (_sum(Metric.REQUESTS),))
RESPONSE_P95 = Series("P95", Metric.RESPONSE_TIME, "p95")
_PROMPT = tuple(_sum(Metric.PROMPT_TOKENS, each, cache=each) for each in PromptCacheUse)
CACHE_READ_SHARE = Share("read from the cache", _PROMPT[:1], _PROMPT)


def _of_tier(tier: Tier) -> Series:
    return _sum(Metric.QUESTIONS_ANSWERED, tier=str(tier))


def _hits(label: str, hit: Metric, miss: Metric) -> Share:
    return Share(label, (_sum(hit),), (_sum(hit), _sum(miss)))


SUCCESS = Row(
    "Targets",
    (
        Widget(
            "Time of an answer (targets: P50 1,000, P95 1,500, P99 2,000)",
            "ms",
            _percentiles(Metric.QUESTION_TIME),
            1500,
        ),
        Widget(
            "Answers within a second (target 80 %)",
            "%",
            (Series("within 1 s", Metric.QUESTION_TIME, "PR(:1000)"),),
            80,
        ),
        Widget(
            "Answered without a model (target 60 %)",
            "%",
            (Share("tiers 1 and 2", tuple(_of_tier(each) for each in FAST_TIERS), _QUESTIONS),),
            60,
        ),
        Widget(
            "Open connections (target: 100 at a P95 below 2,000 ms)", "", (_one(Metric.OPEN_CONNECTIONS, "open"),), 100
        ),
        Widget("Cost per hour", "$", (_sum(Metric.MODEL_COST, "cost"),), period_s=3600),
        Widget("Day's cost against its cap", "%", (_one(Metric.STAGE_CAP_USED, "of the cap"),), 100),
    ),
)

_ROWS = (
    Row(
        Subsystem.ANSWERS,
        (
            Widget("Requests by tier", "", (_sum(Metric.REQUESTS, by=("tier",)),)),
            Widget("Requests by outcome", "", (_sum(Metric.REQUESTS, by=("outcome",)),)),
            Widget("Tiers of the questions", "%", tuple(
                Share(f"tier {each}", (_of_tier(each),), _QUESTIONS) for each in Tier)),
            Widget("Failed requests", "%", (FAILED_SHARE,), 5),
            Widget("P95 by tier", "ms", (Series("P95", Metric.RESPONSE_TIME, "p95", by=("tier",)),)),
            Widget("P95 by route", "ms", (Series("P95", Metric.RESPONSE_TIME, "p95", by=("tier", "route")),)),
            _counts("Questions routed", Metric.ROUTED_FAST, Metric.ROUTED_CHAT),
            _counts("Errors", Metric.CLIENT_ERROR, Metric.SERVER_ERROR, Metric.INTERNAL_ERROR),
        ),
    ),
    Row(
        Subsystem.CHAT,
        (
            Widget("First text", "ms", _percentiles(Metric.FIRST_DELTA)),
            Widget("Turn", "ms", _percentiles(Metric.TURN_TIME)),
            Widget("Wait for a worker", "ms", _percentiles(Metric.QUEUE_AGE)),
            _counts("Turns", Metric.CHAT_DONE, Metric.CHAT_FAILED, Metric.TURN_LOST, Metric.POST_FAILED),
        ),
    ),
    Row(
        Subsystem.CLAUDE,
        (
            Widget("Request to a model, P95", "s", (
                Series("P95", Metric.OPERATION_DURATION, "p95", by=("gen_ai.provider.name",)),)),
            Widget("First part of a reply", "s", _percentiles(Metric.FIRST_CHUNK)),
            Widget("Tokens", "", (_sum(Metric.TOKEN_USAGE, by=("gen_ai.token.type",)),)),
            Widget("Prompt tokens read from the cache", "%", (CACHE_READ_SHARE,), 80, period_s=3600),
            Widget("Cost by model", "$", (_sum(Metric.MODEL_COST, by=("model",)),), period_s=3600),
            Widget("Errors by kind", "", (_sum(Metric.MODEL_ERROR, by=("kind",)),)),
            Widget("Refused by a cost cap", "", (_sum(Metric.COST_CAP_REACHED, by=("scope",)),)),
        ),
    ),
    Row(
        Subsystem.CACHE,
        (
            Widget("Cache hits", "%", (
                _hits("tier 1", Metric.ANSWER_CACHED, Metric.ANSWER_COMPUTED),
                _hits("tier 2", Metric.SHARED_ANSWER_CACHED, Metric.SHARED_ANSWER_FETCHED),
            )),
            _counts("User cache", Metric.ANSWER_CACHED, Metric.ANSWER_COMPUTED, Metric.ANSWER_STALE),
            _counts("Shared cache", Metric.SHARED_ANSWER_CACHED, Metric.SHARED_ANSWER_FETCHED,
                    Metric.SHARED_ANSWER_STALE),
            _counts("Cache unavailable", Metric.CACHE_UNAVAILABLE),
        ),
    ),
    Row(
        Subsystem.SOURCES,
        (
            Widget("Errors by source and kind", "", (_sum(Metric.SOURCE_ERROR, by=("source", "kind")),)),
            Widget("Not sent: breaker open", "", (_sum(Metric.CIRCUIT_OPEN, by=("source",)),)),
        ),
    ),
    Row(
        Subsystem.TOOLS,
        (
            Widget("Calls by outcome", "", (_sum(Metric.TOOL_CALLS, by=("outcome",)),)),
            Widget("Calls by tool", "", (_sum(Metric.TOOL_CALLS, by=("tool", "outcome")),)),
            Widget("Duration by tool, P95", "s", (
                Series("P95", Metric.TOOL_DURATION, "p95", by=("gen_ai.tool.name",)),)),
        ),
    ),
    Row(
        Subsystem.SAFETY,
        (
            _counts("Messages", Metric.MESSAGES_SCREENED, Metric.MESSAGES_FLAGGED, Metric.MESSAGES_RESTRICTED,
                    Metric.MESSAGES_BLOCKED),
            Widget("Verdicts", "", (_sum(Metric.MESSAGES_JUDGED, by=("verdict",)), _one(Metric.JUDGE_UNSURE))),
            Widget("Verdict", "ms", _percentiles(Metric.JUDGE_TIME)),
            _counts("Answers and writes", Metric.ANSWERS_CLEANED, Metric.WRITES_REFUSED, Metric.SECURITY_EVENTS_LOST),
            Widget("Unverified figures", "%", (
                Share("unverified", (_sum(Metric.FIGURES_UNVERIFIED),), (_sum(Metric.FIGURES_CHECKED),)),)),
        ),
    ),
    Row(
        Subsystem.MEMORY,
        (
            Widget("Questions by what they need", "", (_sum(Metric.RECALL_GATE, by=("need",)),)),
            Widget("Recall", "ms", _percentiles(Metric.RECALL_TIME)),
            _counts("Episodes", Metric.EPISODES_SUMMARISED, Metric.SUMMARY_FAILED, Metric.SUMMARY_POSTPONED,
                    Metric.SUMMARY_QUARANTINED),
            Widget("Summaries due", "", (_one(Metric.SUMMARY_BACKLOG, "due"),)),
            _counts("Facts", Metric.FACTS_RECORDED, Metric.FACTS_DROPPED),
            _counts("Embeddings", Metric.PASSAGES_EMBEDDED, Metric.PASSAGES_REFUSED, Metric.EMBEDDING_FAILED,
                    Metric.EMBEDDING_QUARANTINED, Metric.RECALL_WITHOUT_VECTOR),
        ),
    ),
    Row(
        Subsystem.CONTEXT,
        (
            Widget("Tokens of the sections, P50", "", tuple(
                _one(each) for each in Metric
                if each.subsystem is Subsystem.CONTEXT and each.kind is MetricKind.SIZE)),
            _counts("Sections left out", Metric.CONTEXT_FAILED),
        ),
    ),
    Row(
        Subsystem.RECORDS,
        (
            _counts("Expenses", Metric.EXPENSE_CREATED, Metric.EXPENSE_CORRECTED, Metric.EXPENSE_DELETED,
                    Metric.EXPENSE_UNDONE),
        ),
    ),
    Row(
        Subsystem.TRAVELLERS,
        (
            Widget("Feedback", "", (_sum(Metric.FEEDBACK, by=("verdict",)),), period_s=3600),
            Widget("Answers called slow (target below 1 %)", "%", (
                Share("slow", (_sum(Metric.FEEDBACK, verdict=FeedbackVerdict.SLOW),), _QUESTIONS),
            ), 1, period_s=3600),
        ),
    ),
    Row(
        Subsystem.PLATFORM,
        (
            Widget("Starts of environments", "", (_sum(Metric.COLD_START), _sum(Metric.SNAPSHOT_RESTORED))),
            Widget("Database connections", "", (_one(Metric.DATABASE_CONNECTIONS, "connections"),)),
            _counts("Migrations", Metric.MIGRATIONS_APPLIED, Metric.SCHEMA_DRIFT),
        ),
    ),
)  # fmt: skip

ROWS = (SUCCESS, *_ROWS)
