"""What every fast answer is: a sentence and figures with their source, their time, and whether they are simulated.

Answers are dataclasses. Their fields have their JSON form (money is a decimal string), with constraints, examples and
descriptions for docs/openapi.json as metadata.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from pam.answers.json_values import to_json
from pam.money.categories import Category

Money = Annotated[str, Field(pattern=r"^-?[0-9]+\.[0-9]{2}$", examples=["412.36"])]
Count = Annotated[int, Field(ge=0, examples=[9])]
Seconds = Annotated[int, Field(ge=0, examples=[5400])]
Date = Annotated[str, WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-11-22"]})]
Instant = Annotated[
    str, WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-22T10:15:30-07:00"]})
]
ZoneName = Annotated[str, Field(description="An IANA time zone.", examples=["America/Denver"])]
QueriedCategory = Annotated[
    Category | None, Field(description="The only category that was asked about, if it was one.")
]


def one_of(*values: str) -> WithJsonSchema:
    """Return the JSON schema of a string that is one of these, for a value whose own type is `str`."""
    return WithJsonSchema({"type": "string", "enum": list(values)})


def instant(moment: datetime) -> str:
    """Return an aware datetime as ISO 8601, to the second."""
    return moment.isoformat(timespec="seconds")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A fast answer."""

    text: Annotated[
        str, Field(description="The answer in a sentence, in the traveller's units, currency and language.")
    ]
    source: Annotated[
        str, Field(description="Where it comes from; simulated data is named as such.", examples=["Mapbox, Open-Meteo"])
    ]
    simulated: Annotated[bool, Field(description="Whether a source is a stand-in, or the traveller is made up.")]
    as_of: Annotated[Instant, Field(description="When its data was read.")]

    def as_json(self) -> dict[str, Any]:
        """Return the answer as JSON values, for clients, tools and the cache."""
        return dict(self._json)

    @cached_property
    def _json(self) -> dict[str, Any]:
        converted: dict[str, Any] = to_json(self)
        return converted


_NOT_IN_ETAG = frozenset({"as_of", "cached", "age_s", "reason"})


@dataclass(frozen=True, kw_only=True)
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
