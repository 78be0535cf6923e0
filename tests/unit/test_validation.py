"""JSON of clients and of the model: its numbers and its depth are bounded when it is parsed."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.platform.errors import PamError
from pam.platform.validation import parse_json, parse_stored_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**60), 10**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "digits",
    ["1e400", "-1e400", "1e999999999999999999999", "NaN", "Infinity", "-Infinity", "9" * 65, "0." + "1" * 120_000],
)
def test_number_beyond_all_fields_is_not_a_number(digits: str) -> None:
    """It can't be stored as JSON, or costs more than it says; each field rejects it by its own name."""
    assert parse_json(f'{{"amount": {digits}}}'.encode())["amount"].is_nan()


@pytest.mark.parametrize("digits", ["45.20", "-109.123456789012345", "1e308", "5e-324", "9" * 64])
def test_number_within_bounds_is_exact(digits: str) -> None:
    """As a decimal number."""
    assert parse_json(digits.encode()) == Decimal(digits)


@pytest.mark.parametrize(
    "text", ['{"a": 1e400}', "[NaN]", '[{"a": -Infinity}]', "[" * 33 + "]" * 33, "[" * 100_000, "{", "9" * 5000]
)
def test_model_json_that_cannot_be_stored_is_rejected(text: str) -> None:
    """As one kind of error, whatever is wrong with it."""
    with pytest.raises(ValueError, match=r".+"):
        parse_stored_json(text)


@given(JSON)
def test_other_json_is_parsed_unchanged(value: Any) -> None:
    """What the model wrote is stored as it is."""
    assert parse_stored_json(json.dumps(value)) == value
    parse_json(json.dumps(value).encode())


@pytest.mark.parametrize("depth", [33, 500, 990, 1010, 50_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_deeply_nested_request_is_rejected(depth: int, opening: str, closing: str) -> None:
    """With its own message, whether or not the parser could read it."""
    with pytest.raises(PamError, match="nested too deeply") as rejected:
        parse_json((opening * depth + "1" + closing * depth).encode())
    assert rejected.value.error.code == "malformed_json"


def test_nesting_within_the_limit_is_parsed() -> None:
    """Far more than any request has."""
    assert parse_json(b"[" * 31 + b"]" * 31)
