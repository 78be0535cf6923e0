"""Faults that are injected into responses."""

from dataclasses import dataclass
from typing import Any

from local.stand_ins.gemini.errors import MESSAGES, ApiError, invalid_argument, invalid_key

MODES = (
    "ok", "invalid_key", "400", "401", "403", "404", "429", "500", "503", "504", "slow", "reset", "truncated",
    "not_json", "wrong_shape", "wrong_dimension", "wrong_count", "zero", "not_a_number",
)  # fmt: skip


@dataclass
class Fault:
    """A mode, for the next `times` requests (None: all) whose texts contain `contains`.

    `slow` responds correctly after `seconds`. `retry_after` belongs to a 429 or 503.
    """

    mode: str = "ok"
    times: int | None = None
    retry_after: float | None = None
    seconds: float = 30.0
    contains: str = ""

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"mode is one of {', '.join(MODES)}")

    def take(self, texts: list[str]) -> str:
        """Return the mode of a request, and count it."""
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
