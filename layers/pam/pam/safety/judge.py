"""The verdict of stage 2 on a message that stage 1 flagged, and the interface of the models that judge."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pam.platform.deadline import Deadline


class Verdict(StrEnum):
    """Whether a message tries to change what PAM is or may do."""

    SAFE = "safe"
    INJECTION = "injection"
    UNSURE = "unsure"
    """The model doesn't know, or there is no verdict: `UnsureReason`."""


class AttackCategory(StrEnum):
    """What kind of attack a message is."""

    INSTRUCTION_OVERRIDE = "instruction_override"
    """It replaces or cancels PAM's rules."""
    PROMPT_EXTRACTION = "prompt_extraction"
    """It asks for PAM's own instructions or configuration."""
    PERSONA_CHANGE = "persona_change"
    """It makes PAM play somebody without rules."""
    FALSE_AUTHORITY = "false_authority"
    """It claims to be a developer, an administrator or the system."""
    DATA_THEFT = "data_theft"
    """It asks for secrets, or for data of other users."""
    TOOL_MISUSE = "tool_misuse"
    """It makes PAM's tools do what the traveller may not."""
    HIDDEN_INSTRUCTION = "hidden_instruction"
    """It hides instructions: encoded, invisible, or as a part of another text."""
    NONE = "none"
    """It isn't an attack."""


class UnsureReason(StrEnum):
    """Why a verdict is `unsure`."""

    MODEL_UNSURE = "model_unsure"
    """The model itself said so."""
    BLOCKED = "blocked"
    """The model's provider blocked the message or the reply."""
    INVALID_REPLY = "invalid_reply"
    """The model's reply is cut, isn't what was asked for, or contradicts itself."""
    CIRCUIT_OPEN = "circuit_open"
    """The model has failed too often, so no request was sent."""
    LATE = "late"
    """No verdict in time."""
    LIMITED = "limited"
    """Too many requests."""
    DOWN = "down"
    """No connection, an error of the provider, or a response that isn't one of the API."""
    MISSING_KEY = "missing_key"
    """No API key is set, or it can't be read."""
    REFUSED = "refused"
    """The provider refuses the key, the model's name or the request."""
    FAILED = "failed"
    """A fault of PAM's own code."""


@dataclass(frozen=True)
class Classification:
    """A model's verdict. `reason` is set where it is `unsure`; `model` is the version that replied, if it said so."""

    verdict: Verdict
    category: AttackCategory = AttackCategory.NONE
    reason: UnsureReason | None = None
    model: str = ""


class JudgeModel(Protocol):
    """A model that judges messages. Thread-safe."""

    version: str
    """Changes with the model and with the rules that it judges by: verdicts of other versions aren't reused."""

    def classify(self, text: str, deadline: Deadline) -> Classification:
        """Judge a text, by one request that isn't repeated.

        A reply that is blocked or invalid is `unsure`. Raises `SourceError` where there is no reply.
        """
        ...


class JudgementSource(StrEnum):
    """Where a judgement comes from."""

    MODEL = "model"
    CACHE = "cache"
    NONE = "none"
    """No model replied: the verdict is `unsure`."""


@dataclass(frozen=True)
class Judgement:
    """The verdict on one message, and how it came about. `reason` is set where, and only where, it is `unsure`."""

    verdict: Verdict
    category: AttackCategory
    reason: UnsureReason | None
    source: JudgementSource
    latency_ms: float
