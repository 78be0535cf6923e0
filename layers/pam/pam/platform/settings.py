"""The environment of a function, parsed once into a model. Nothing else reads `os.environ`."""

import os
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """What the template tells each function. A missing name fails at the start, not at the first request."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    answers_table: str = Field(alias="USER_CACHE_TABLE")
    idempotency_table: str = Field(alias="IDEMPOTENCY_TABLE")
    database_secret: str = Field(alias="DATABASE_SECRET")


class TracingSettings(BaseModel):
    """Whether X-Ray is on: off where nobody says so."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    tracing: bool = Field(alias="TRACING", default=False)


S = TypeVar("S", bound=BaseModel)


def read_environment(settings: type[S]) -> S:
    """The environment as `settings`. Raises pydantic's `ValidationError`, which names what is missing or malformed."""
    return settings.model_validate(dict(os.environ))
