"""Limits for each model and minute. Each text of a batch counts as a request."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from local.stand_ins.gemini.errors import quota_exceeded

REQUESTS_PER_MINUTE = 3_000
TOKENS_PER_MINUTE = 1_000_000
"""Those of the lowest paid tier."""

_WINDOW_S = 60.0
_CHARACTERS_PER_TOKEN = 4


@dataclass
class _Window:
    began_at: float
    requests: int = 0
    tokens: int = 0


@dataclass
class Quota:
    """The limits, and what each model has used of its current minute, which begins with its first request."""

    requests_per_minute: int = REQUESTS_PER_MINUTE
    tokens_per_minute: int = TOKENS_PER_MINUTE
    monotonic: Callable[[], float] = time.monotonic
    _windows: dict[str, _Window] = field(default_factory=dict)

    def take(self, model: str, texts: list[str], operation: str = "embed_content") -> None:
        """Count a request's texts, all of them or none. Raises ApiError where they exceed a limit."""
        now = self.monotonic()
        window = self._windows.get(model)
        if window is None or now - window.began_at >= _WINDOW_S:
            window = self._windows[model] = _Window(now)
        left_s = _WINDOW_S - (now - window.began_at)
        tokens = sum(len(text) // _CHARACTERS_PER_TOKEN + 1 for text in texts)
        if window.requests + len(texts) > self.requests_per_minute:
            raise quota_exceeded(model, operation, "requests", self.requests_per_minute, max(1.0, round(left_s)))
        if window.tokens + tokens > self.tokens_per_minute:
            raise quota_exceeded(model, operation, "input_tokens", self.tokens_per_minute, max(1.0, round(left_s)))
        window.requests += len(texts)
        window.tokens += tokens
