"""Amounts as people write them, such as `€45`, `1.200,50` or `A$ 45`, read in the locale and currency of a user.

Babel's parser isn't used: it reads "1.200" as 1,200 in one locale and as 1.2 in another without noticing that the
other reading is possible, and it knows no currency in a text. The locale's separators and the symbols are Babel's.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Annotated, Any

from babel.numbers import get_decimal_symbol, get_group_symbol
from pydantic import BeforeValidator, WithJsonSchema

from pam.money.amounts import AMOUNT_SCHEMA, CENT, CURRENCIES, parse_amount
from pam.money.currency_marks import currencies_of, possible_currencies
from pam.platform.errors import AMBIGUOUS_AMOUNT, INVALID_AMOUNT, UNKNOWN_CURRENCY, ErrorChoice, PamError
from pam.users.formatting import format_money
from pam.users.profile import Profile

MAX_TYPED_CHARS = 40

_PLAIN = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")
_CHARACTERS = str.maketrans({"’": "'", "ʼ": "'", "´": "'", "`": "'", "−": "-"})
# A mark, a number, ",-" in place of cents, a mark. A number can begin with its separator (".50"), but not after a
# letter ("Fr.50").
_SHAPE = re.compile(
    r"(?P<before>[^0-9]*?)(?P<number>(?:(?<![^\W\d_])[.,](?=[0-9]))?[0-9](?:[0-9.,' ]*[0-9])?)(?:[.,][-–—]+)?"
    r"(?P<after>[^0-9]*)"
)
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?P<separator>[.,' ])[0-9]{3}((?P=separator)[0-9]{3})*")


@dataclass(frozen=True)
class _Shape:
    text: str
    number: str
    marks: tuple[str, ...]


def parse_typed_amount(value: Any) -> Decimal | str:
    """Return the amount of a number or a plain decimal string, or the text of any other notation for `read_amount`.

    Raises `PamError` (`invalid_amount`) for what is an amount in no notation.
    """
    if not isinstance(value, str) or _PLAIN.fullmatch(value):
        return parse_amount(value)
    _parse_shape(value)
    return value


def read_amount(amount: Decimal | str, currency: str | None, profile: Profile) -> tuple[Decimal, str]:
    """Return the amount and currency that a user means; `currency` is the one named beside the amount, if any.

    Raises `PamError`: `ambiguous_amount` with the possible readings, `invalid_amount`, `unknown_currency`.
    """
    if isinstance(amount, Decimal):
        return amount, currency or profile.currency
    shape = _parse_shape(amount)
    currencies = _read_currencies(shape, currency, profile)
    amounts, is_certain = _read_number(shape.number, profile.locale)
    if not amounts:
        raise _invalid_amount()
    if len(amounts) == 1 and len(currencies) == 1 and is_certain:
        return parse_amount(amounts[0]), currencies[0]
    raise _ambiguous_amount(shape.text, [*product(map(parse_amount, amounts), currencies)], profile)


def names_currency(amount: Decimal | str) -> bool:
    """Return whether a currency is written with an amount. Raises `PamError` (`invalid_amount`)."""
    return isinstance(amount, str) and bool(_parse_shape(amount).marks)


def _parse_shape(text: str) -> _Shape:
    if len(text) > MAX_TYPED_CHARS:
        raise _invalid_amount()
    normalized = " ".join(unicodedata.normalize("NFKC", text).translate(_CHARACTERS).split())
    found = _SHAPE.fullmatch(normalized)
    if found is None:
        raise _invalid_amount()
    marks = tuple(mark for mark in (found["before"].strip(), found["after"].strip(" .")) if mark)
    if any("-" in mark for mark in marks):
        raise PamError(INVALID_AMOUNT, "The amount must be more than zero.", field="amount")
    if not all(map(_is_mark_character, "".join(marks))):
        raise _invalid_amount()
    return _Shape(normalized, found["number"], marks)


def _is_mark_character(character: str) -> bool:
    return character in " ." or unicodedata.category(character) in ("Sc", "Lu", "Ll", "Lo", "Mn")


def _read_currencies(shape: _Shape, named: str | None, profile: Profile) -> list[str]:
    if not shape.marks:
        return [named or profile.currency]
    meanings = [currencies_of(mark, profile.locale) for mark in shape.marks]
    for mark, meaning in zip(shape.marks, meanings, strict=True):
        if not meaning:
            known = ", ".join(sorted(CURRENCIES))
            raise PamError(
                UNKNOWN_CURRENCY, f"“{mark}” isn't a currency that PAM keeps accounts in: {known}.", field="amount"
            )
    candidates = frozenset.intersection(*meanings)
    if not candidates:
        raise PamError(INVALID_AMOUNT, f"“{shape.text}” names two different currencies.", field="amount")
    if named and named not in candidates:
        raise PamError(AMBIGUOUS_AMOUNT, f"“{shape.text}” isn't in {named}. Which one is it?", field="amount")
    return [named] if named else possible_currencies(candidates, profile.currency, profile.locale)


def _read_number(number: str, locale: str) -> tuple[list[Decimal], bool]:
    """Return the values that a number can have, and whether the only one is certain."""
    readings = {_read(number, decimal) for decimal in ("", ".", ",")}
    values = sorted(value for value in readings if value is not None)
    grouped = _GROUPED.fullmatch(number)
    separator = grouped["separator"] if grouped else ""
    # Only one separator, before three digits, can be of either kind.
    if separator not in (".", ",") or number.count(separator) > 1:
        return values, True
    if separator == get_group_symbol(locale):
        return [value for value in values if value >= 1000], True
    return values, len(values) == 1 and separator != get_decimal_symbol(locale)


def _read(number: str, decimal: str) -> Decimal | None:
    """Return the value of a number with this decimal separator, to the cent; None if it isn't one."""
    whole, _, fraction = number.partition(decimal) if decimal else (number, "", "")
    if decimal and not (fraction.isdecimal() and number.count(decimal) == 1):
        return None
    grouped = _GROUPED.fullmatch(whole)
    if grouped and grouped["separator"] != decimal:
        whole = whole.replace(grouped["separator"], "")
    if whole and not whole.isdecimal():
        return None
    value = Decimal(f"{whole or 0}.{fraction or 0}")
    return value if value == value.quantize(CENT) else None


def _ambiguous_amount(text: str, readings: list[tuple[Decimal, str]], profile: Profile) -> PamError:
    choices = [ErrorChoice(format_money(amount, code, profile), f"{amount} {code}") for amount, code in readings]
    if len(choices) == 1:
        message = f"PAM isn't sure how to read “{text}”. If it is {choices[0].text}, write it as {choices[0].value}."
    else:
        *others, last = (choice.text for choice in choices)
        message = f"“{text}” could be {', '.join(others)} or {last}. Which one is it?"
    return PamError(AMBIGUOUS_AMOUNT, message, field="amount", choices=choices)


def _invalid_amount() -> PamError:
    return PamError(
        INVALID_AMOUNT, "The amount must be a number with at most two decimal places, such as 45.50.", field="amount"
    )


TypedAmount = Annotated[
    Decimal | str,
    BeforeValidator(parse_typed_amount),
    WithJsonSchema(
        {
            "description": "More than 0, at most 1,000,000, at most two decimal places: a number, a plain decimal "
            "string, or the notation of the traveller's locale with or without a currency, such as €45 or 1.200,50.",
            "anyOf": [
                *AMOUNT_SCHEMA["anyOf"],
                {"type": "string", "format": "amount", "minLength": 1, "maxLength": MAX_TYPED_CHARS},
            ],
            "examples": ["45.50"],
        }
    ),
]
