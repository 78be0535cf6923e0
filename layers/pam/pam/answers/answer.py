"""What every fast answer is: a sentence and figures with their source, their time, and whether they are simulated.

Answers are dataclasses. Their fields have their JSON form (money is a decimal string), with constraints, examples and
descriptions for docs/openapi.json as metadata.
"""

from datetime import datetime
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from pam.answers.json_values import json_dataclass, to_json

Money = Annotated[str, Field(pattern=r"^-?[0-9]+\.[0-9]{2}$", examples=["412.36"])]
Count = Annotated[int, Field(ge=0, examples=[9])]
Seconds = Annotated[int, Field(ge=0, examples=[5400])]
Date = Annotated[str, WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-11-22"]})]
Instant = Annotated[
    str, WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-22T10:15:30-07:00"]})
]
ZoneName = Annotated[str, Field(description="An IANA time zone.", examples=["America/Denver"])]


def one_of(*values: str) -> WithJsonSchema:
    """Return the JSON schema of a string that is one of these, for a value whose own type is `str`."""
    return WithJsonSchema({"type": "string", "enum": list(values)})


def instant(moment: datetime) -> str:
    """Return an aware datetime as ISO 8601, to the second."""
    return moment.isoformat(timespec="seconds")


@json_dataclass
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
