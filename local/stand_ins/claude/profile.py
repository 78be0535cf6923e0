"""How long the stand-in takes: to the first token, and from token to token."""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field


class Profile(BaseModel):
    """Time to first token: `first_token_ms`, and `ms_per_uncached_token` for each input token that isn't read from the
    cache, those that are written included.

    Output follows at `tokens_per_second`, or at once where that is None.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_token_ms: float = Field(ge=0)
    ms_per_uncached_token: float = Field(ge=0)
    tokens_per_second: float | None = Field(gt=0)

    def first_token(self, uncached: int) -> float:
        """Seconds from the request to the first token."""
        return (self.first_token_ms + self.ms_per_uncached_token * uncached) / 1000

    def seconds(self, tokens: int) -> float:
        """From the first token until so many are out."""
        return tokens / self.tokens_per_second if self.tokens_per_second else 0.0


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        # An assumption of the project's seed, and no measurement: a reply begins after 500 ms when the prefix is
        # cached, and after 1,200 ms when its 5,000 tokens aren't.
        "seed": Profile(first_token_ms=500, ms_per_uncached_token=0.14, tokens_per_second=150),
        "zero": Profile(first_token_ms=0, ms_per_uncached_token=0, tokens_per_second=None),
    }
)
