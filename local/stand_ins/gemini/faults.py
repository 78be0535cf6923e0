"""Faults that are injected into responses."""

from dataclasses import dataclass
from typing import Any

from local.stand_ins.gemini.errors import MESSAGES, ApiError, invalid_argument, invalid_key
from local.stand_ins.gemini.generate_response import BLOCK_REASONS, FINISH_REASONS

_MODES_OF_ALL = (
    "ok", "invalid_key", "400", "401", "403", "404", "429", "500", "503", "504", "slow", "reset", "truncated",
    "not_json", "wrong_shape",
)  # fmt: skip
_MODES_OF_EMBEDDINGS = ("wrong_dimension", "wrong_count", "zero", "not_a_number")
_MODES_OF_GENERATION = (
    "blocked_prompt", "blocked_reply", "no_candidates", "max_tokens", "other_enum", "contradiction", "other_fields",
    "fenced", "prose", "empty",
)  # fmt: skip
MODES = _MODES_OF_ALL + _MODES_OF_EMBEDDINGS + _MODES_OF_GENERATION

GENERATE = "generateContent"


@dataclass
class Fault:
    """A mode, for the next `times` requests (None: all) whose texts contain `contains`, and of `method` if that is set.

    `slow` responds correctly after `seconds`. `retry_after` belongs to a 429 or 503. `reason` is the name of the
    reason for `blocked_prompt` and `blocked_reply`. Modes of embeddings don't apply to generation, and vice versa.
    """

    mode: str = "ok"
    times: int | None = None
    retry_after: float | None = None
    seconds: float = 30.0
    contains: str = ""
    method: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"mode is one of {', '.join(MODES)}")
        reasons = BLOCK_REASONS if self.mode == "blocked_prompt" else FINISH_REASONS
        if self.reason and self.reason not in reasons.values():
            raise ValueError(f"reason is one of {', '.join(reasons.values())}")

    def take(self, texts: list[str], method: str | None) -> str:
        """Return the mode of a request, and count it."""
        others = _MODES_OF_EMBEDDINGS if method == GENERATE else _MODES_OF_GENERATION
        if self.mode in others or self.method not in {"", method}:
            return "ok"
        if self.times == 0 or not any(self.contains in text for text in [*texts, ""]):
            return "ok"
        if self.times is not None:
            self.times -= 1
        return self.mode

    def error(self, mode: str) -> ApiError | None:
        """Return the error response of a mode, or None for a mode without one."""
        if mode == "400":
            return invalid_argument("Request contains an invalid argument.")
        if mode == "invalid_key":
            return invalid_key()
        return ApiError(int(mode), MESSAGES[int(mode)], retry_after=self.retry_after) if mode.isdigit() else None


def change_vectors(vectors: list[list[Any]], mode: str) -> list[list[Any]]:
    """Return the vectors as the mode changes the last of them."""
    match mode:
        case "wrong_dimension":
            return [*vectors[:-1], vectors[-1][:-1]]
        case "wrong_count":
            return [*vectors, vectors[-1]]
        case "zero":
            return [*vectors[:-1], [0.0] * len(vectors[-1])]
        case "not_a_number":
            return [*vectors[:-1], ["NaN", *vectors[-1][1:]]]
    return vectors
