"""Tiers, outcomes and verdicts: the values of metrics' dimensions, which dashboard, alarms and reports read here."""

from enum import IntEnum, StrEnum


class Tier(IntEnum):
    """What answers a request or a question."""

    OWN_DATA = 1
    """The user's own data, cached until their next write."""
    SOURCES = 2
    """A source, a computation, or a write."""
    CHAT = 3
    """Claude."""


FAST_TIERS = (Tier.OWN_DATA, Tier.SOURCES)
"""Those that answer without a model."""


class RequestOutcome(StrEnum):
    """How a request or a question ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    FAILED = "failed"


TURN_ANSWERED = "done"
"""What the table `turns` has in `ended` for a turn with an answer; another one has the code of its error."""


class ToolCallOutcome(StrEnum):
    """How a tool call ended."""

    DONE = "done"
    FAILED = "failed"
    WAITING = "waiting"
    STOPPED = "stopped"


class PromptCacheUse(StrEnum):
    """What the prompt cache did for a prompt token."""

    READ = "read"
    WRITTEN = "written"
    UNCACHED = "uncached"


class FeedbackVerdict(StrEnum):
    """What an answer was like."""

    FINE = "fine"
    SLOW = "slow"
    WRONG = "wrong"
    FORGOT = "forgot"
    """PAM didn't remember what it was told earlier."""
