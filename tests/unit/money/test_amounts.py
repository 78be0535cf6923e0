"""Amounts: what is money, and what is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.money.amounts import parse_amount, parse_currency
from pam.platform.errors import PamError
from pam.platform.http import parse_json


@pytest.mark.parametrize(
    ("said", "meant"),
    [("45", "45.00"), ("45.5", "45.50"), ("0.01", "0.01"), ("1000000", "1000000.00"), ("007", "7.00")],
)
def test_a_plain_number_is_an_amount_with_two_places(said: str, meant: str) -> None:
    """As text and as a JSON number, an amount is the same exact decimal."""
    assert str(parse_amount(said)) == meant
    assert str(parse_amount(parse_json(said.lstrip("0").replace(".01", "0.01").encode() or b"0"))) == meant


@pytest.mark.parametrize(
    "text",
    ["0", "-1", "-0.01", "0.001", "45.123", "1000000.01", "1e309", "-1e309", "1e-309", "1e99999999999999999999",
     "NaN", "Infinity", "-Infinity", "true", "null", '"45 dollars"', '"1,000"', '""', '" 45"', '"٤٥"', '"NaN"',
     '"1e3"', '"0x10"', "[45]", '{"amount": 45}', "9" * 5000],
)  # fmt: skip
def test_anything_else_is_refused_with_one_code(text: str) -> None:
    """Negative, zero, not a number, infinite, too fine, too large or another type: `invalid_amount`."""
    with pytest.raises(PamError) as refused:
        parse_amount(parse_json(text.encode()))
    assert refused.value.error.code == "invalid_amount"
    assert refused.value.field == "amount"


@given(st.decimals(allow_nan=True, allow_infinity=True) | st.text() | st.integers() | st.floats() | st.none())
def test_an_amount_is_valid_or_refused_and_nothing_else(value: object) -> None:
    """Whatever comes in, out comes an amount within bounds or a `PamError`."""
    try:
        amount = parse_amount(value)
    except PamError:
        return
    assert Decimal("0.01") <= amount <= 1_000_000
    assert amount == Decimal(str(value)) and amount.as_tuple().exponent == -2


@pytest.mark.parametrize("code", ["usd", "XXX", "", None, 840, "US", ["USD"]])
def test_a_currency_is_one_that_accounts_are_kept_in(code: object) -> None:
    """Anything but a known ISO code is refused."""
    with pytest.raises(PamError) as refused:
        parse_currency(code)
    assert refused.value.error.code == "unknown_currency"
