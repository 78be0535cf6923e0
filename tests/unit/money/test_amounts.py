"""Parsing of amounts and currencies."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.money.amounts import parse_amount, parse_currency
from pam.platform.errors import PamError
from pam.platform.http import parse_json


@pytest.mark.parametrize(
    ("text", "expected"),
    [("45", "45.00"), ("45.5", "45.50"), ("0.01", "0.01"), ("1000000", "1000000.00"), ("007", "7.00")],
)
def test_plain_number_is_parsed_to_two_decimal_places(text: str, expected: str) -> None:
    """The same exact decimal results from text and from a JSON number."""
    assert str(parse_amount(text)) == expected
    json_number = text.lstrip("0").replace(".01", "0.01")
    assert str(parse_amount(parse_json(json_number.encode()))) == expected


@pytest.mark.parametrize(
    "text",
    ["0", "-1", "-0.01", "0.001", "45.123", "1000000.01", "1e309", "-1e309", "1e-309", "1e99999999999999999999",
     "NaN", "Infinity", "-Infinity", "true", "null", '"45 dollars"', '"1,000"', '""', '" 45"', '"٤٥"', '"NaN"',
     '"1e3"', '"0x10"', "[45]", '{"amount": 45}', "9" * 5000],
)  # fmt: skip
def test_value_that_is_not_a_valid_amount_is_rejected(text: str) -> None:
    """Zero, negative, non-finite, too precise or too large numbers and other types have the code `invalid_amount`."""
    with pytest.raises(PamError) as rejected:
        parse_amount(parse_json(text.encode()))
    assert rejected.value.error.code == "invalid_amount"
    assert rejected.value.field == "amount"


@given(st.decimals(allow_nan=True, allow_infinity=True) | st.text() | st.integers() | st.floats() | st.none())
def test_any_value_is_a_valid_amount_or_rejected(value: object) -> None:
    """Every value results in an equal amount within the limits or in a `PamError`."""
    try:
        amount = parse_amount(value)
    except PamError:
        return
    assert Decimal("0.01") <= amount <= 1_000_000
    assert amount == Decimal(str(value)) and amount.as_tuple().exponent == -2


@pytest.mark.parametrize("code", ["usd", "XXX", "", None, 840, "US", ["USD"]])
def test_unsupported_currency_is_rejected(code: object) -> None:
    """Any value but a supported ISO 4217 code has the error code `unknown_currency`."""
    with pytest.raises(PamError) as rejected:
        parse_currency(code)
    assert rejected.value.error.code == "unknown_currency"
