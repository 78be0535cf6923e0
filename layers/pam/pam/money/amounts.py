"""Amounts of money: a `Decimal` with two decimal places, never a float, and an ISO 4217 currency code."""

import re
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from pam.platform.errors import AMBIGUOUS_AMOUNT, INVALID_AMOUNT, UNKNOWN_CURRENCY, PamError

CENT = Decimal("0.01")
MAX_AMOUNT = Decimal(1_000_000)

_PLAIN_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
# 1.200 is 1,200 where the full stop separates thousands.
_AMBIGUOUS_NUMBER = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")

# The currencies of the countries that PAM supports; all have two decimal places.
CURRENCIES = frozenset({"USD", "CAD", "MXN", "AUD", "NZD", "EUR", "GBP", "CHF", "NOK", "SEK", "DKK", "ZAR"})


def parse_amount(value: Any) -> Decimal:
    """Return an amount greater than 0, at most 1,000,000, with at most two decimal places.

    `value` is an integer, a `Decimal` or a plain decimal string. Raises `PamError` (`invalid_amount`) for any other,
    and for a string that may have a separator of thousands (`ambiguous_amount`).
    """
    if isinstance(value, str) and _AMBIGUOUS_NUMBER.fullmatch(value):
        raise PamError(
            AMBIGUOUS_AMOUNT, f"“{value}” could be two amounts. Write it with two decimal places.", field="amount"
        )
    if isinstance(value, str) and _PLAIN_NUMBER.fullmatch(value):
        value = Decimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite():
        raise _invalid_amount("The amount must be a plain number, such as 45.50.")
    if value <= 0:
        raise _invalid_amount("The amount must be more than zero.")
    if value > MAX_AMOUNT:
        raise _invalid_amount("The amount must be at most 1,000,000.")
    # Compared first, because `quantize` would expand an exponent of -999999.
    if value < CENT or value != value.quantize(CENT):
        raise _invalid_amount("The amount can have at most two decimal places.")
    return value.quantize(CENT)


def parse_currency(value: Any) -> str:
    """Return a supported ISO 4217 code. Raises `PamError` (`unknown_currency`) for any other value."""
    if not isinstance(value, str) or value not in CURRENCIES:
        raise PamError(UNKNOWN_CURRENCY, f"PAM keeps accounts in {', '.join(sorted(CURRENCIES))}.", field="currency")
    return value


def to_cents(value: Decimal) -> Decimal:
    """Round a computed amount to the cent, half to even (banker's rounding)."""
    return value.quantize(CENT, rounding=ROUND_HALF_EVEN)


def _invalid_amount(message: str) -> PamError:
    return PamError(INVALID_AMOUNT, message, field="amount")


AMOUNT_SCHEMA: dict[str, Any] = {
    "description": "More than 0, at most 1,000,000, at most two decimal places.",
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0, "maximum": int(MAX_AMOUNT), "multipleOf": float(CENT)},
        {
            "type": "string",
            "pattern": r"^(1000000(\.00?)?|[1-9][0-9]{0,5}(\.[0-9]{1,2})?|0\.(0[1-9]|[1-9][0-9]?))$",
        },
    ],
    "examples": ["45.50"],
}
Amount = Annotated[Decimal, BeforeValidator(parse_amount), WithJsonSchema(AMOUNT_SCHEMA)]
Currency = Annotated[
    str,
    BeforeValidator(parse_currency),
    WithJsonSchema({"type": "string", "enum": sorted(CURRENCIES), "description": "ISO 4217."}),
]
