"""Money: exact, never a float. An amount is a `Decimal` with two places, a currency an ISO 4217 code."""

import re
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from pam.platform.errors import INVALID_AMOUNT, UNKNOWN_CURRENCY, PamError

CENT = Decimal("0.01")
MAX_AMOUNT = Decimal(1_000_000)

_PLAIN = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")

# What travellers pay with on the roads that PAM knows; all have two decimal places.
CURRENCIES = frozenset({"USD", "CAD", "MXN", "AUD", "NZD", "EUR", "GBP", "CHF", "NOK", "SEK", "DKK", "ZAR"})


def parse_amount(value: Any) -> Decimal:
    """An amount from JSON or text: more than 0, at most 1,000,000, at most two decimal places.

    Takes a JSON number or a plain decimal string. Raises `PamError` (`invalid_amount`) for all else.
    """
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        value = Decimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite():
        raise _refused("The amount must be a plain number, such as 45.50.")
    if value <= 0:
        raise _refused("The amount must be more than zero.")
    if value > MAX_AMOUNT:
        raise _refused("The amount must be at most 1,000,000.")
    # Ordered so: an exponent of -999999 must not be expanded before it is refused.
    if value < CENT or value != value.quantize(CENT):
        raise _refused("The amount can have at most two decimal places.")
    return value.quantize(CENT)


def parse_currency(value: Any) -> str:
    """An ISO 4217 code that PAM keeps accounts in. Raises `PamError` (`unknown_currency`)."""
    if not isinstance(value, str) or value not in CURRENCIES:
        raise PamError(UNKNOWN_CURRENCY, f"PAM keeps accounts in {', '.join(sorted(CURRENCIES))}.", field="currency")
    return value


def to_cents(value: Decimal) -> Decimal:
    """Rounds a computed amount to the cent, half to even, as accountants do."""
    return value.quantize(CENT, rounding=ROUND_HALF_EVEN)


def _refused(message: str) -> PamError:
    return PamError(INVALID_AMOUNT, message, field="amount")


Amount = Annotated[
    Decimal,
    BeforeValidator(parse_amount),
    WithJsonSchema(
        {
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
    ),
]
Currency = Annotated[
    str,
    BeforeValidator(parse_currency),
    WithJsonSchema({"type": "string", "enum": sorted(CURRENCIES), "description": "ISO 4217."}),
]
