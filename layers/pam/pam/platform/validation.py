"""Parsing and validation of JSON from clients and from the model, with exact numbers."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pam.platform.errors import INVALID_REQUEST, MALFORMED_JSON, PamError

Model = TypeVar("Model", bound=BaseModel)

_MAX_NAME_CHARS = 40


def parse_json(body: bytes) -> Any:
    """Parse JSON with exact numbers (`Decimal`). Raises `PamError` for malformed text and repeated names."""
    try:
        return json.loads(
            body,
            parse_float=_number,
            parse_int=_number,
            parse_constant=Decimal,
            object_pairs_hook=_unique_fields,
        )
    except (ValueError, RecursionError):
        raise PamError(MALFORMED_JSON, "PAM couldn't read that request: it isn't valid JSON.") from None


def validate(model: type[Model], fields: Any) -> Model:
    """Return the fields as `model`. Raises `PamError`: a field's own, else `invalid_request` with the field's name."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = truncate(".".join(str(part) for part in first["loc"])) or None
        allowed = first.get("ctx", {}).get("expected")
        raise PamError(INVALID_REQUEST, _message(first["type"], name, allowed), field=name) from None


def truncate(name: str) -> str:
    """Return the beginning of a client's own field name, for an error message."""
    return name[:_MAX_NAME_CHARS]


def _number(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent beyond the range of Decimal
        return Decimal("NaN")


def _unique_fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("repeated name")
    return fields


def _message(kind: str, name: str | None, allowed: str | None) -> str:
    if kind == "extra_forbidden":
        return f"PAM doesn't know a field “{name}”."
    if kind == "missing":
        return f"“{name}” is missing."
    if kind == "string_unicode":  # half a surrogate pair, which JSON can escape
        return "The request has characters that no text can have."
    if name is None:
        return "The request must be a JSON object."
    if kind == "literal_error":
        return f"“{name}” must be {allowed}."
    if kind == "bool_type":
        return f"“{name}” must be true or false."
    return f"“{name}” doesn't have a form that PAM understands."
