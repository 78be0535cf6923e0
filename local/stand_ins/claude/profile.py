"""Latency profiles: time to first token, and output tokens a second."""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field


class LatencyProfile(BaseModel):
    """A latency profile.

    Time to first token is `first_token_ms`, plus `ms_per_uncached_token` for each input token that isn't read from the
    cache, including those that are written to it. Output follows at `tokens_per_second`, or at once if that is None.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_token_ms: float = Field(ge=0)
    ms_per_uncached_token: float = Field(ge=0)
    tokens_per_second: float | None = Field(gt=0)

    def first_token_s(self, uncached: int) -> float:
        """Return the seconds from the request to the first token."""
        return (self.first_token_ms + self.ms_per_uncached_token * uncached) / 1000

    def output_s(self, tokens: int) -> float:
        """Return the seconds from the first token until so many have been sent."""
        return tokens / self.tokens_per_second if self.tokens_per_second else 0.0


PROFILES: Mapping[str, LatencyProfile] = MappingProxyType(
    {
        # An assumption of the project's seed, not a measurement: a reply begins after 500 ms if the prefix is cached,
        # and after 1,200 ms if its 5,000 tokens aren't.
        "seed": LatencyProfile(first_token_ms=500, ms_per_uncached_token=0.14, tokens_per_second=150),
        # Closer to published figures: caching a prefix reduces the time to first token by a quarter, from 1,200 ms to
        # 900 ms for 5,000 tokens, and 150 to 220 tokens follow a second.
        "published": LatencyProfile(first_token_ms=900, ms_per_uncached_token=0.06, tokens_per_second=185),
        "zero": LatencyProfile(first_token_ms=0, ms_per_uncached_token=0, tokens_per_second=None),
    }
)
