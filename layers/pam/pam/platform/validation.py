"""Parsing and validation of JSON from clients and from the model, with exact numbers."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ValidationError

from pam.platform.errors import INVALID_REQUEST, MALFORMED_JSON, PamError

Model = TypeVar("Model", bound=BaseModel)

_TOO_DEEP = "PAM couldn't read that request: its JSON is nested too deeply."

_MAX_NAME_CHARS = 40

_MAX_DEPTH = 32
"""How deep JSON may be nested, which is far more than any request or argument is."""

_MAX_NUMBER_CHARS = 64
"""The longest number: no field takes more digits than a coordinate or an amount has."""

_NOT_A_NUMBER = Decimal("NaN")
"""Stands for numbers that no field accepts, so that the error names the field."""


def parse_json(body: bytes | str) -> Any:
    """Parse JSON with exact numbers (`Decimal`). Bytes must be UTF-8.

    A number that is infinite as a float, or longer than any field takes, becomes NaN, which no field accepts. Raises
    `PamError` for malformed text, repeated names, and nesting that is too deep.
    """
    try:
        value = json.loads(
            # `json` itself would also accept UTF-16 and UTF-32.
            body.decode() if isinstance(body, bytes) else body,
            parse_float=_number,
            parse_int=_number,
            parse_constant=_number,
            object_pairs_hook=_unique_fields,
        )
        _check_depth(value)
    except RecursionError:
        raise PamError(MALFORMED_JSON, _TOO_DEEP) from None
    except ValueError:
        raise PamError(MALFORMED_JSON, "PAM couldn't read that request: it isn't valid JSON.") from None
    return value


def parse_stored_json(text: str) -> Any:
    """Parse JSON that the model wrote as it is stored and sent again.

    Raises ValueError for what isn't JSON, a number that is infinite as a float, and nesting that is too deep.
    """
    try:
        value = json.loads(text, parse_float=_finite, parse_constant=_finite)
        _check_depth(value)
    except (RecursionError, PamError) as error:
        raise ValueError("nested too deeply") from error
    return value


def validate(model: type[Model], fields: Any) -> Model:
    """Return the fields as `model`. Raises `PamError`: a field's own, else `invalid_request` with the field's name."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = truncate(".".join(str(part) for part in first["loc"])) or None
        is_known = first["type"] != "extra_forbidden"
        message = _message(first["type"], name, first.get("ctx", {}))
        raise PamError(INVALID_REQUEST, message, field=name, field_is_known=is_known) from None


def truncate(name: str) -> str:
    """Return the beginning of a client's own field name, for an error message."""
    return name[:_MAX_NAME_CHARS]


def _number(digits: str) -> Decimal:
    if len(digits) > _MAX_NUMBER_CHARS:
        return _NOT_A_NUMBER
    try:
        number = Decimal(digits)
    except InvalidOperation:  # an exponent beyond the range of Decimal
        return _NOT_A_NUMBER
    return number if isfinite(float(number)) else _NOT_A_NUMBER


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError("a number that JSON doesn't have")
    return number


def _check_depth(value: Any) -> None:
    """Raise `PamError` for JSON that is nested too deeply. It needs no recursion itself."""
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [
            each
            for outer in level
            if isinstance(outer, dict | list)
            for each in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise PamError(MALFORMED_JSON, _TOO_DEEP)


def _unique_fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("repeated name")
    return fields


_LIMITS = {
    "greater_than_equal": ("at least", "ge", ""),
    "less_than_equal": ("at most", "le", ""),
    "greater_than": ("more than", "gt", ""),
    "less_than": ("less than", "lt", ""),
    "too_short": ("at least", "min_length", "entries"),
    "too_long": ("at most", "max_length", "entries"),
    "string_too_short": ("at least", "min_length", "characters"),
    "string_too_long": ("at most", "max_length", "characters"),
}
"""Of each error of pydantic's: how its limit is said, the limit's name, and what it counts; nothing for a number."""


def _limit_message(kind: str, name: str, context: Mapping[str, Any]) -> str:
    words, limit, counted = _LIMITS[kind]
    number = context[limit]
    shown = f"{number:.12g}" if isinstance(number, int | float | Decimal) else number
    if not counted:
        return f"“{name}” must be {words} {shown}."
    singular = {"entries": "entry", "characters": "character"}[counted]
    return f"“{name}” must have {words} {shown} {singular if number == 1 else counted}."


def _message(kind: str, name: str | None, context: Mapping[str, Any]) -> str:
    if kind == "extra_forbidden":
        return f"PAM doesn't know a field “{name}”."
    if kind == "missing":
        return f"“{name}” is missing."
    if kind == "string_unicode":  # half a surrogate pair, which JSON can escape
        return "The request has characters that no text can have."
    if name is None:
        return "The request must be a JSON object."
    if kind == "literal_error":
        return f"“{name}” must be {context['expected']}."
    if kind in _LIMITS:
        return _limit_message(kind, name, context)
    if kind == "bool_type":
        return f"“{name}” must be true or false."
    return f"“{name}” doesn't have a form that PAM understands."


def optional(parse: Callable[[Any], Any]) -> BeforeValidator:
    """Return a validator that parses a value, and leaves None as it is."""
    return BeforeValidator(lambda value: None if value is None else parse(value))
