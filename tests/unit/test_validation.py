"""JSON of clients and of the model: its numbers and its depth are bounded when it is parsed."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from pam.platform.errors import PamError
from pam.platform.validation import parse_json, parse_stored_json, validate

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


class Limited(BaseModel):
    """A field of each kind of limit."""

    rating: int = Field(3, ge=1, le=5)
    radius: float = Field(1, gt=0, lt=500)
    stops: list[str] = Field(["a"], min_length=1, max_length=20)
    title: str = Field("a", min_length=2, max_length=60)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rating": 6}, "“rating” must be at most 5."),
        ({"rating": 0}, "“rating” must be at least 1."),
        ({"radius": 0}, "“radius” must be more than 0."),
        ({"radius": 500}, "“radius” must be less than 500."),
        ({"stops": []}, "“stops” must have at least 1 entry."),
        ({"stops": ["a"] * 21}, "“stops” must have at most 20 entries."),
        ({"title": "a"}, "“title” must have at least 2 characters."),
        ({"title": "a" * 61}, "“title” must have at most 60 characters."),
    ],
)
def test_limit_is_named(fields: dict[str, Any], message: str) -> None:
    """Whoever reads the error knows what would do."""
    with pytest.raises(PamError) as rejected:
        validate(Limited, fields)
    assert (rejected.value.message, rejected.value.field) == (message, next(iter(fields)))
