"""Validation of whole numbers that users write, or the model for them."""

from decimal import Decimal
from typing import Any

from pydantic import WithJsonSchema

from pam.platform.errors import INVALID_QUANTITY, ErrorCode, PamError


class WholeNumberParser:
    """A parser of whole numbers from `minimum` to `maximum`.

    Called with a number of JSON, it returns an `int`, or raises `PamError` (`error`) with `name` as the field.
    """

    def __init__(self, name: str, minimum: int, maximum: int, error: ErrorCode = INVALID_QUANTITY) -> None:
        self._name = name
        self._minimum = minimum
        self._maximum = maximum
        self._error = error

    def __call__(self, value: Any) -> int:
        # NaN, which stands for numbers that no field takes, doesn't equal itself.
        is_number = isinstance(value, int | Decimal) and not isinstance(value, bool) and value == value
        if not is_number or not self._minimum <= value <= self._maximum or value != int(value):
            label = self._name.replace("_", " ")
            message = f"The {label} must be a whole number from {self._minimum} to {self._maximum}."
            raise PamError(self._error, message, field=self._name)
        return int(value)

    @property
    def schema(self) -> WithJsonSchema:
        """The JSON schema with the bounds."""
        return WithJsonSchema({"type": "integer", "minimum": self._minimum, "maximum": self._maximum})
