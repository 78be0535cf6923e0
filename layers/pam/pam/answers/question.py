"""A question in words as a client sends it."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from pam.platform.errors import INVALID_TEXT, PamError
from pam.platform.uuids import Uuid
from pam.safety.redaction import redact
from pam.travel.queries import DEGREE_DIGITS
from pam.users.time_zones import TimeZone
from pam.users.typed_at import TypedAt

MAX_QUESTION_CHARS = 4000


def parse_question(value: Any) -> str:
    """Return the redacted text of a question, 1 to 4000 characters. Raises `PamError` (`invalid_text`)."""
    if isinstance(value, str) and len(value) > MAX_QUESTION_CHARS:
        raise PamError(INVALID_TEXT, f"A question can have at most {MAX_QUESTION_CHARS} characters.", field="text")
    if not isinstance(value, str) or not value.strip():
        raise PamError(INVALID_TEXT, "Ask PAM something: the text is empty.", field="text")
    text = redact(value)
    if len(text) > MAX_QUESTION_CHARS:  # a marker may be longer than what it replaces
        raise PamError(INVALID_TEXT, "The question is too long once PAM has removed the secrets from it.", field="text")
    return text


QuestionText = Annotated[
    str,
    BeforeValidator(parse_question),
    WithJsonSchema(
        {
            "type": "string",
            "format": "question",
            "minLength": 1,
            "maxLength": MAX_QUESTION_CHARS,
            "description": "What is asked, or an expense to add; not blank.",
            "examples": ["How much did I spend on gas this month?"],
        }
    ),
]


def round_degrees(degrees: Decimal) -> Decimal:
    """Return degrees to five decimal places, which is a metre; a device may send many more."""
    return round(degrees, DEGREE_DIGITS)


class Location(BaseModel):
    """Where the device is, in degrees, rounded to a metre."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    latitude: Annotated[Decimal, Field(ge=-90, le=90, strict=True), AfterValidator(round_degrees)]
    longitude: Annotated[Decimal, Field(ge=-180, le=180, strict=True), AfterValidator(round_degrees)]


class Question(BaseModel):
    """A question, the device's location and time zone, and when it was typed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: QuestionText = Field(min_length=1)  # with a bound, pydantic also looks for half a character
    timezone: TimeZone | None = None
    typed_at: TypedAt = None
    location: Location | None = None
    conversation_id: Uuid | None = Field(
        default=None, description="The conversation that the question is asked in, whose context gets the answer."
    )
