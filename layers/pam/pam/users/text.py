"""What people write: data, kept as it is. Characters that steer a terminal or turn the line around are no text."""

from typing import Any

from pydantic import WithJsonSchema

from pam.platform.errors import INVALID_TEXT, PamError

# Joins emoji: a family is several of them.
_ALLOWED = "\n\t\u200d"


class TextParser:
    """At most `longest` characters without control characters, line breaks and tabs apart, trimmed.

    Called with any value it gives the text, `""` for none, or raises `PamError` (`invalid_text`) that names the field.
    """

    def __init__(self, name: str, longest: int, *, needed: bool = False) -> None:
        self._name = name
        self._longest = longest
        self._needed = needed

    def __call__(self, value: Any) -> str:
        if value is None:
            value = ""
        if not isinstance(value, str) or len(value) > self._longest or (self._needed and not value.strip()):
            least = "1 to" if self._needed else "at most"
            raise self._refused(f"The {self._name} must be text of {least} {self._longest} characters.")
        if any(not character.isprintable() and character not in _ALLOWED for character in value):
            raise self._refused(f"The {self._name} has characters that can't be kept.")
        return value.strip()

    @property
    def schema(self) -> WithJsonSchema:
        """The bounds, for the description of what takes it."""
        least = {"minLength": 1} if self._needed else {}
        return WithJsonSchema({"type": "string", "maxLength": self._longest} | least)

    def _refused(self, message: str) -> PamError:
        return PamError(INVALID_TEXT, message, field=self._name)
