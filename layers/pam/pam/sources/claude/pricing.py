"""The models that may answer: their prices in dollars per million tokens, and how they are asked not to think.

Source: the provider's price list as of 2026-10-10. A cache write is for five minutes or an hour.
Above 100,000 tokens a prompt to Haiku 5.5 costs five times as much: PAM's are cut long before.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class ModelPrice:
    """Dollars for a million tokens."""

    input: Decimal
    write_5m: Decimal
    write_1h: Decimal
    read: Decimal
    output: Decimal


def _price(*dollars: str) -> ModelPrice:
    return ModelPrice(*map(Decimal, dollars))


THINKING: dict[str, dict[str, Any] | None] = {
    "claude-haiku-5-5": {"type": "disabled"},
    "claude-sonnet-5-5": {"type": "between_tools"},
    "claude-opus-5-5": None,
    "claude-haiku-4-5": {"type": "disabled"},
}
"""The `thinking` parameter with the least latency that each model accepts; None: it can't be set."""

PRICES = {
    "claude-haiku-5-5": _price("0.10", "0.125", "0.20", "0.01", "0.50"),
    "claude-sonnet-5-5": _price("2", "2.5", "4", "0.10", "10"),
    "claude-opus-5-5": _price("4", "5", "8", "0.20", "20"),
    "claude-haiku-4-5": _price("1", "1.25", "2", "0.10", "5"),
}


@dataclass(frozen=True)
class TokenUsage:
    """Tokens of one or more model calls. `input` are those after the last cache marker."""

    input: int = 0
    write_5m: int = 0
    write_1h: int = 0
    read: int = 0
    output: int = 0
    calls: int = 0

    def __add__(self, other: "TokenUsage") -> "TokenUsage":
        return TokenUsage(
            self.input + other.input,
            self.write_5m + other.write_5m,
            self.write_1h + other.write_1h,
            self.read + other.read,
            self.output + other.output,
            self.calls + other.calls,
        )

    @property
    def prompt(self) -> int:
        """Tokens that were read, cached or not."""
        return self.input + self.write_5m + self.write_1h + self.read

    def cost(self, model: str) -> Decimal:
        """Dollars. Raises KeyError for a model without a price."""
        price = PRICES[model]
        return (
            self.input * price.input
            + self.write_5m * price.write_5m
            + self.write_1h * price.write_1h
            + self.read * price.read
            + self.output * price.output
        ) / _MILLION

    def as_json(self) -> dict[str, int]:
        """As clients see it."""
        return {
            "input_tokens": self.input,
            "output_tokens": self.output,
            "cache_read_tokens": self.read,
            "cache_write_tokens": self.write_5m + self.write_1h,
            "model_calls": self.calls,
        }
