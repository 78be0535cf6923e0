"""Parse the JSON that the model wrote for a tool."""

from typing import TypeVar

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
    # Half a surrogate pair isn't UTF-8: it is passed through and then rejected.
    fields = parse_json(raw.encode(errors="surrogatepass")) if raw.strip() else {}
    if isinstance(fields, dict):
        fields.pop(MORE_TO_DO, None)
    return validate(tool.arguments, fields)
