"""A purchase of fuel, from two or three of volume, price and total."""

import uuid
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.money.amounts import to_cents
from pam.platform.errors import PamError
from pam.users.profile import Profile, default_profile
from pam.vehicles.measures import FUEL_VOLUME
from pam.vehicles.purchase import FuelPurchase, complete_purchase, parse_fuel_price

AMERICAN = default_profile(uuid.uuid4())
GERMAN = replace(AMERICAN, locale="de_DE", units="metric", currency="EUR")


def complete(volume: Any, price: Any, total: str | None, profile: Profile = AMERICAN) -> FuelPurchase:
    amount = None if total is None else Decimal(total)
    return complete_purchase(FUEL_VOLUME.parse(volume), parse_fuel_price(price), amount, profile.currency, profile)


@pytest.mark.parametrize(
    ("volume", "price", "total", "litres", "paid"),
    [
        ("32.5 gal", "3.599", None, "123.0259", "116.97"),
        ("32.5 gal", None, "116.97", "123.0259", "116.97"),
        (None, "3.599", "116.97", "123.0285", "116.97"),
        ("32.5 gal", "3.599", "116.97", "123.0259", "116.97"),
        ("32.5 gal", Decimal("3.6"), "116.97", "123.0259", "116.97"),
        ("30", "3.50", "105", "113.5624", "105"),
        ("100 l", "1.799", None, "100", "179.90"),
        ("100 l", "1.799 per litre", "179.90", "100", "179.90"),
        ("100 L", "1,799 / Litre", None, "100", "179.90"),
        ("10 gal", "1/l", None, "37.8541", "37.85"),
        ("12.345 gal", "3.499 a gallon", None, "46.7309", "43.20"),
    ],
)
def test_third_value_is_computed(volume: Any, price: Any, total: str | None, litres: str, paid: str) -> None:
    """The price is of the volume's unit, or of the one it names."""
    purchase = complete(volume, price, total)
    assert (purchase.litres, purchase.total) == (pytest.approx(Decimal(litres), abs=Decimal("0.0001")), Decimal(paid))


def test_bare_numbers_are_in_the_user_s_units() -> None:
    assert complete("60", "1.75", None, GERMAN) == FuelPurchase(Decimal("60.0000"), Decimal("105.00"))


@pytest.mark.parametrize(
    ("volume", "price", "total", "code"),
    [
        ("32.5 gal", None, None, "fuel_mismatch"),
        (None, "3.599", None, "fuel_mismatch"),
        (None, None, "20", "fuel_mismatch"),
        (None, None, None, "fuel_mismatch"),
        ("10 gal", "4.00", "41.00", "fuel_mismatch"),
        ("10 gal", "4.00", "39.50", "fuel_mismatch"),
        ("30", "3.50", "106.50", "fuel_mismatch"),
        ("32.5 gal", "3.599", "161.97", "fuel_mismatch"),
        ("1 gal", None, "101", "invalid_quantity"),
        (None, "0.01", "1000000", "invalid_quantity"),
        ("0.5 l", "0.01/gal", None, "invalid_amount"),
        ("0 gal", "3.5", None, "invalid_quantity"),
        ("32.5 gal", "0", None, "invalid_quantity"),
        ("32.5 gal", "100.01", None, "invalid_quantity"),
        ("32.5 gal", "free", None, "invalid_quantity"),
        ("32.5 gal", True, None, "invalid_quantity"),
        ("32.5 gal", "3.5 per pound", None, "invalid_quantity"),
    ],
)
def test_values_that_disagree_or_are_too_few_are_rejected(
    volume: Any, price: Any, total: str | None, code: str
) -> None:
    """With a code of their own."""
    with pytest.raises(PamError) as raised:
        complete(volume, price, total)
    assert raised.value.error.code == code
    assert raised.value.message[-1] in ".?"


@given(st.integers(1000, 100_000), st.integers(1000, 9999))
def test_what_a_pump_shows_agrees(thousandths: int, price: int) -> None:
    """And any two of the three give the third: the total to the cent, the volume to what a cent buys."""
    gallons, per_gallon = Decimal(thousandths) / 1000, Decimal(price) / 1000
    total = to_cents(gallons * per_gallon)
    volume = f"{gallons:.4f} gal"
    assert complete(volume, str(per_gallon), str(total)).total == total
    assert complete(volume, str(per_gallon), None).total == total
    bought = complete(None, str(per_gallon), str(total)).litres / Decimal("3.785411784")
    assert abs(bought - gallons) <= Decimal("0.0051") / per_gallon + Decimal("0.0001")


@given(st.integers(10_000, 100_000), st.integers(1000, 9999), st.integers(102, 300))
def test_total_that_is_two_per_cent_off_disagrees(thousandths: int, price: int, percent: int) -> None:
    gallons, per_gallon = Decimal(thousandths) / 1000, Decimal(price) / 1000
    total = to_cents(gallons * per_gallon * percent / 100 + 1)
    with pytest.raises(PamError) as raised:
        complete(f"{gallons:.4f} gal", f"{per_gallon:.3f}", str(total))
    assert raised.value.error.code == "fuel_mismatch"
