"""From the JSON that Claude wrote for a tool to its arguments."""

from typing import TypeVar

from pydantic import BaseModel

from pam.platform.validation import parse_json, validate
from pam.tools.engine.arguments import MORE_TO_DO
from pam.tools.engine.definition import Tool

A = TypeVar("A", bound=BaseModel)


def parse_arguments(tool: Tool[A], raw: str) -> A:
    """The arguments out of JSON text, with exact numbers; nothing at all means none of them.

    Raises `PamError` with a sentence that Claude can act on: `malformed_json`, `invalid_request` for a field that is
    missing, unknown or of another type, and what the arguments' own types raise.
    """
    # Half a surrogate pair is no UTF-8; it stays what it is, and is refused.
    fields = parse_json(raw.encode(errors="surrogatepass")) if raw.strip() else {}
    if isinstance(fields, dict):
        fields.pop(MORE_TO_DO, None)
    return validate(tool.arguments, fields)
