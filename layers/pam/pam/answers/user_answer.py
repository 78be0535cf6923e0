"""Answers from a user's own data."""

import hashlib
import json
from datetime import date, datetime
from typing import Annotated, Literal, Protocol, TypedDict

from pydantic import Field

from pam.answers.answer import Answer, Instant, Seconds, instant
from pam.answers.json_values import json_dataclass
from pam.money.categories import Category
from pam.money.exchange_rates import is_simulated
from pam.users.profile import Profile

QueriedCategory = Annotated[
    Category | None, Field(description="The only category that was asked about, if it was one.")
]

_NOT_IN_ETAG = frozenset({"as_of", "cached", "age_s", "reason"})


@json_dataclass
class UserAnswer(Answer):
    """An answer from the user's own data."""

    source: Annotated[
        str,
        Field(description="Where it comes from; simulated data is named as such.", examples=["Your expenses in PAM"]),
    ]
    as_of: Annotated[Instant, Field(description="When the figures were read.")]
    tier: Literal[1] = 1
    cached: Annotated[bool, Field(description="Whether it comes from the cache: nothing was written since.")] = False
    stale: Annotated[bool, Field(description="Whether it may be outdated: the database can't be reached.")] = False
    age_s: Annotated[Seconds | None, Field(description="Of a stale answer: its age in seconds.")] = None
    reason: Annotated[Literal["database_unavailable"] | None, Field(description="Of a stale answer: why.")] = None

    @property
    def etag(self) -> str:
        """The same for the same figures, whenever they were read."""
        figures = {name: value for name, value in self._json.items() if name not in _NOT_IN_ETAG}
        digest = hashlib.sha256(json.dumps(figures).encode())
        return f'"{digest.hexdigest()[:32]}"'


class Figures(Protocol):
    """What the domain reads for a query: whose data, and the day and instant of reading."""

    @property
    def profile(self) -> Profile: ...
    @property
    def today(self) -> date: ...
    @property
    def as_of(self) -> datetime: ...
    @property
    def is_converted(self) -> bool:
        """Whether no amount lacks an exchange rate to the user's currency."""

    @property
    def rate_sources(self) -> frozenset[str]:
        """The sources of the exchange rates."""


class UserProvenance(TypedDict):
    """The fields of a `UserAnswer` that say where it comes from."""

    source: str
    simulated: bool
    as_of: str


def user_provenance(figures: Figures) -> UserProvenance:
    """Return where an answer from these figures comes from, and since when it holds."""
    profile = figures.profile
    return {
        "source": ", ".join([profile.expenses_source, *sorted(figures.rate_sources)]),
        "simulated": profile.simulated or any(map(is_simulated, figures.rate_sources)),
        "as_of": instant(figures.as_of.astimezone(profile.zone)),
    }
