"""Fuel for a route: distance × consumption × price."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from pam.travel.fuel import Consumption, FuelEstimate, FuelUnitPrice

PRICE = FuelUnitPrice(Decimal("0.95"), "USD", "EIA")


def test_cost_is_distance_times_consumption_times_price() -> None:
    """400 km at 25 l/100 km are 100 l; at 0.95 they cost 95."""
    estimate = FuelEstimate(400_000, Consumption(25, "You"), PRICE)
    assert (estimate.litres, estimate.cost, estimate.missing) == (Decimal("100.00"), Decimal("95.00"), ())


def test_cost_is_not_that_of_rounded_litres() -> None:
    """100 miles at 30 mpg at $4 a gallon: 100 / 30 × 4. The litres, to the hundredth, would make it a cent more."""
    litres_per_100km, per_litre = 235.214583 / 30, Decimal(4) / Decimal("3.785411784")
    estimate = FuelEstimate(160_934.4, Consumption(litres_per_100km, "You"), FuelUnitPrice(per_litre, "USD", "You"))
    assert (estimate.litres, estimate.cost) == (Decimal("12.62"), Decimal("13.33"))


def test_unknown_factors_are_named() -> None:
    """Without consumption there is no volume, without a price no cost."""
    assert FuelEstimate(400_000, None, PRICE).litres is None
    assert FuelEstimate(400_000, None, PRICE).cost is None
    assert FuelEstimate(400_000, Consumption(25, "You"), None).cost is None
    assert FuelEstimate(400_000, None, None).missing == ("consumption", "price")


@given(st.floats(1, 3e7), st.floats(1, 200), st.decimals("0.001", "50", places=3))
def test_twice_the_distance_costs_twice_as_much(metres: float, consumption: float, price: Decimal) -> None:
    """The costs differ by rounding only."""

    def cost(distance_m: float) -> Decimal:
        estimate = FuelEstimate(distance_m, Consumption(consumption, "You"), FuelUnitPrice(price, "USD", "You"))
        assert estimate.cost is not None
        return estimate.cost

    assert abs(cost(2 * metres) - 2 * cost(metres)) <= Decimal("0.02") + price * Decimal("0.03")
