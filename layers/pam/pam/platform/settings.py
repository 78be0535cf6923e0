"""The environment of a function, parsed once into a model. Nothing else reads `os.environ`."""

import os

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """What the template tells each function. A missing name fails at the start, not at the first request."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stage: str = Field(alias="STAGE")
    answers_table: str = Field(alias="ANSWERS_TABLE")
    idempotency_table: str = Field(alias="IDEMPOTENCY_TABLE")
    database_secret: str = Field(alias="DATABASE_SECRET")
    tracing: bool = Field(alias="TRACING")

    @classmethod
    def from_environment(cls) -> "Settings":
        """Raises pydantic's `ValidationError` that names each missing or malformed variable."""
        return cls.model_validate(dict(os.environ))
