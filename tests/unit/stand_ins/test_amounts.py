"""The stand-in's amounts: passed where they can be read in one way, asked for where they can't."""

import pytest

from local.stand_ins.claude.argument_patterns import amount, unclear_amount


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spent $45 on groceries", 45),
        ("spent $45.50 on groceries.", 45.5),
        ("spent 1,200 on camping", 1200),
        ("paid $1,234,567.89 for a boat", 1234567.89),
        ("add 12 dollars for laundry", 12),
        ("paid $60, for propane", 60),
        ("a plan under $600?", 600),
    ],
)
def test_certain_amount_is_passed(text: str, expected: float) -> None:
    assert (amount(text), unclear_amount(text)) == (expected, None)


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("spent 45,50 on groceries", "45,50"),
        ("spent $1.5k on tires", "1.5k"),
        ("spent $2 k on tires", "2 k"),
        ("paid $1.200 for camping", "1.200"),
        ("paid $1.234,56 for camping", "1.234,56"),
        ("paid $1'200 for camping", "1'200"),
        ("paid $12,34,567 for camping", "12,34,567"),
    ],
)
def test_uncertain_amount_is_asked_for(text: str, figure: str) -> None:
    assert (amount(text), unclear_amount(text)) == (None, figure)


def test_comma_is_uncertain_where_it_may_be_the_decimal_mark() -> None:
    assert unclear_amount("spent 1,200 on camping", comma_groups=False) == "1,200"
    assert unclear_amount("spent 1200.50 on camping", comma_groups=False) is None
