"""Requests in proto3 JSON: names in camel case or as in the proto file, enums by name or number, no other fields."""

import json
from collections.abc import Mapping
from typing import Any

from local.stand_ins.gemini.errors import invalid_argument

MAX_BYTES = 20 * 1024 * 1024

_PACKAGE = "type.googleapis.com/google.ai.generativelanguage.v1beta"


def parse_json(body: bytes) -> Any:
    """Return a request's JSON. Raises ApiError."""
    if len(body) > MAX_BYTES:
        raise invalid_argument(f"Request payload size exceeds the limit: {MAX_BYTES} bytes.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise invalid_argument("Invalid JSON payload received. Unexpected token.") from None


def message_fields(value: Any, names: Mapping[str, str], path: str) -> dict[str, Any]:
    """Return the fields of a message by their names in camel case, without those that are null.

    `names` maps names in camel case to those of the proto file. Raises ApiError.
    """
    if not isinstance(value, dict):
        raise invalid_argument(f"Invalid value at '{path or 'root'}' (type: MESSAGE)")
    by_name = {name: name for name in names} | {proto: name for name, proto in names.items()}
    for name in value:
        if name not in by_name:
            where = f" at '{path}'" if path else ""
            raise invalid_argument(f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.')
    return {by_name[name]: each for name, each in value.items() if each is not None}


def parse_enum(value: Any, names: Mapping[int, str], kind: str, path: str) -> str:
    """Return the name of an enum's value, which is given by name or number. Raises ApiError."""
    if isinstance(value, int) and not isinstance(value, bool) and value in names:
        return names[value]
    if isinstance(value, str) and value in names.values():
        return value
    raise invalid_argument(f"Invalid value at '{path}' ({_PACKAGE}.{kind}), {json.dumps(value)}")


def parse_integer(value: Any, path: str) -> int:
    """Return a 32-bit integer, which may be a string, or a number with a zero fraction. Raises ApiError."""
    try:
        number = float(value)
        is_integer = number.is_integer() and not isinstance(value, bool)
    except (TypeError, ValueError, OverflowError):
        is_integer = False
    if not is_integer:
        raise invalid_argument(f"Invalid value at '{path}' (TYPE_INT32), {json.dumps(value)}")
    return int(number)


def parse_list(value: Any, path: str) -> list[Any]:
    """Return a repeated field. Raises ApiError."""
    if not isinstance(value, list):
        raise invalid_argument(f"Invalid value at '{path}' (type: LIST)")
    return value


def parse_string(value: Any, path: str) -> str:
    """Return a string field. Raises ApiError."""
    if not isinstance(value, str):
        raise invalid_argument(f"Invalid value at '{path}' (TYPE_STRING), {json.dumps(value)}")
    return value
