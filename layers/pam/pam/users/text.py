"""Validation of text that users write, or the model for them. Control and direction characters are rejected.

Secrets are redacted; otherwise it is stored unchanged.
"""

from typing import Any

from pydantic import WithJsonSchema

from pam.platform.envelope import clean
from pam.platform.errors import INVALID_TEXT, PamError
from pam.safety.redaction import redact

# The zero-width joiner combines several emoji into one.
_ALLOWED_CHARACTERS = "\n\t\u200d"


class TextParser:
    """A parser of text with at most `max_chars` characters; the only control characters are line breaks and tabs.

    Called with a value, it returns the redacted text without surrounding white space, `""` for None, or raises
    `PamError` (`invalid_text`) with `name` as the field.
    """

    def __init__(self, name: str, max_chars: int, *, required: bool = False) -> None:
        self._name = name
        self._max_chars = max_chars
        self._required = required

    def __call__(self, value: Any) -> str:
        if value is None:
            value = ""
        if not isinstance(value, str) or len(value) > self._max_chars or (self._required and not clean(value).strip()):
            bounds = "1 to" if self._required else "at most"
            raise self._invalid_text(f"The {self._name} must be text of {bounds} {self._max_chars} characters.")
        if any(not character.isprintable() and character not in _ALLOWED_CHARACTERS for character in value):
            raise self._invalid_text(f"The {self._name} has characters that can't be kept.")
        text = redact(value.strip())
        if len(text) > self._max_chars:  # a marker may be longer than what it replaces
            raise self._invalid_text(f"The {self._name} is too long once PAM has removed the secrets from it.")
        return text

    @property
    def schema(self) -> WithJsonSchema:
        """The JSON schema with the length limits."""
        min_length = {"minLength": 1} if self._required else {}
        return WithJsonSchema({"type": "string", "maxLength": self._max_chars} | min_length)

    def _invalid_text(self, message: str) -> PamError:
        return PamError(INVALID_TEXT, message, field=self._name)
