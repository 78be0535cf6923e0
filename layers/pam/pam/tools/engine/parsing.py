"""Parse the JSON that the model wrote for a tool."""

from typing import Any, TypeVar

from pydantic import BaseModel

from pam.platform.validation import parse_json, validate
from pam.tools.engine.arguments import MORE_TO_DO
from pam.tools.engine.definition import Tool

A = TypeVar("A", bound=BaseModel)


def parse_arguments(tool: Tool[A], raw: str) -> A:
    """Parse arguments from JSON text, with exact numbers; an empty text has none.

    Raises `PamError` with a message that the model can act on: `malformed_json`, `invalid_request` for a field that is
    missing, unknown or of another type, and what the arguments' own types raise.
    """
    fields = _parse(raw)
    if isinstance(fields, dict):
        fields.pop(MORE_TO_DO, None)
    return validate(tool.arguments, fields)


def parse_more_to_do(raw: str) -> bool:
    """Return whether the model wrote, beside a tool's arguments, that it has to go on. Raises `PamError`."""
    fields = _parse(raw)
    return isinstance(fields, dict) and bool(fields.get(MORE_TO_DO))


def _parse(raw: str) -> Any:
    return parse_json(raw) if raw.strip() else {}
