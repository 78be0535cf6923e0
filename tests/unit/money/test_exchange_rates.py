"""Exchange rates: the rate of a day and its age, cross rates through the euro, rounding, and sums with and without."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.stand_ins.travel.ecb import is_working_day, reference_rate
from pam.money.amounts import CURRENCIES
from pam.money.counted_sums import ConvertedSum, CountedSum, ExcludedSum, sum_rows
from pam.money.exchange_rates import MAX_RATE_AGE, Conversion, RateTable

# The 23rd and 24th are a weekend.
PUBLISHED = RateTable(
    {
        "2024-11-22": {"USD": "1.0412", "CAD": "1.4563", "GBP": "0.83195", "MXN": "21.2743"},
        "2024-11-25": {"USD": "1.0495", "CAD": "1.4666", "GBP": "0.83495", "MXN": "21.2993"},
        "2024-11-26": {"USD": "1.0487", "CAD": "1.4799", "GBP": "0.83348"},
    },
    "ECB",
)

currencies = st.sampled_from(sorted(CURRENCIES))
amounts = st.integers(1, 100_000_000).map(lambda cents: Decimal(cents) / 100)
days = st.dates(date(2020, 1, 10), date(2027, 12, 31))


def table(first: date, last: date) -> RateTable:
    """The stand-in's rates of the working days from `first` to `last`."""
    span = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    others = sorted(CURRENCIES - {"EUR"})
    return RateTable(
        {day.isoformat(): {code: reference_rate(code, day) for code in others} for day in span if is_working_day(day)},
        "ECB (simulated)",
    )


@pytest.mark.parametrize(
    ("currency", "target", "day", "rate", "rate_day"),
    [
        ("CAD", "USD", "2024-11-25", "0.71560071", "2024-11-25"),
        ("CAD", "USD", "2024-11-26", "0.70862896", "2024-11-26"),
        ("EUR", "USD", "2024-11-24", "1.04120000", "2024-11-22"),  # a Sunday has the rate of Friday
        ("USD", "EUR", "2024-11-23", "0.96043027", "2024-11-22"),
        ("GBP", "CAD", "2024-11-22", "1.75046577", "2024-11-22"),
        ("MXN", "USD", "2024-11-26", "0.04927392", "2024-11-25"),  # the newest day lacks one of both
        ("CAD", "USD", "2024-12-03", "0.70862896", "2024-11-26"),  # exactly as old as it may be
    ],
)
def test_rate_is_the_latest_on_or_before_the_day(
    currency: str, target: str, day: str, rate: str, rate_day: str
) -> None:
    """The cross rate of two currencies is of one day, on which both have a rate."""
    found = PUBLISHED.find(currency, target, date.fromisoformat(day))
    assert found == Conversion(target, Decimal(rate), date.fromisoformat(rate_day), "ECB")


@pytest.mark.parametrize(
    ("currency", "target", "day"),
    [
        ("CAD", "USD", "2024-12-04"),  # the newest rate is eight days old
        ("CAD", "USD", "2024-11-21"),  # only later days have a rate
        ("ISK", "USD", "2024-11-25"),  # a currency that isn't in the table
        ("USD", "RUB", "2024-11-25"),
    ],
)
def test_rate_that_is_missing_or_too_old_is_none(currency: str, target: str, day: str) -> None:
    """No rate is taken from a later day, from another currency, or from more than a week before."""
    assert PUBLISHED.find(currency, target, date.fromisoformat(day)) is None


def test_converted_amount_is_rounded_to_the_cent_half_away_from_zero() -> None:
    """CA$1,500.00 and C$70.00 at 0.71560071, a refund, and half a cent."""
    rate = PUBLISHED.find("CAD", "USD", date(2024, 11, 25))
    assert rate is not None
    assert [rate.convert(Decimal(amount)) for amount in ("1500.00", "70.00", "-70.00")] == [
        Decimal("1073.40"),
        Decimal("50.09"),
        Decimal("-50.09"),
    ]
    half = Conversion("USD", Decimal("0.50000000"), date(2024, 11, 25), "ECB")
    assert (half.convert(Decimal("0.01")), half.convert(Decimal("0.03"))) == (Decimal("0.01"), Decimal("0.02"))


@given(amounts, currencies, currencies, days)
def test_every_amount_has_a_value_at_a_rate_of_the_week_before(
    amount: Decimal, currency: str, target: str, day: date
) -> None:
    """For all currencies and dates, weekends and holidays included: exact to the cent and the rate's eighth digit."""
    found = table(day - MAX_RATE_AGE, day + timedelta(days=3)).find(currency, target, day)
    assert found is not None and found.currency == target
    assert day - timedelta(days=5) <= found.day <= day and is_working_day(found.day)
    assert not any(is_working_day(found.day + timedelta(days=age)) for age in range(1, (day - found.day).days + 1))
    units = {
        code: Fraction(1) if code == "EUR" else Fraction(reference_rate(code, found.day)) for code in (currency, target)
    }
    exact = units[target] / units[currency]
    assert abs(Fraction(found.rate) - exact) <= Fraction(1, 2 * 10**8)
    assert found.convert(amount) == (amount * found.rate).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    if currency == target:
        assert found.convert(amount) == amount


rows = st.lists(
    st.fixed_dictionaries(
        {
            "currency": currencies,
            "rate_currency": st.none() | currencies,
            "total": amounts,
            "converted": amounts,
            "count": st.integers(1, 9),
            "first_rate": st.dates(date(2026, 1, 1), date(2026, 6, 30)),
            "last_rate": st.dates(date(2026, 7, 1), date(2026, 12, 31)),
            "rate_source": st.sampled_from(["ECB", "ECB (simulated)"]),
        }
    ),
    max_size=12,
)


@given(rows, currencies)
def test_each_amount_is_counted_converted_or_excluded_once(rows: list[dict], currency: str) -> None:
    """The total is what is in the currency and what was converted to it; everything else is named by currency."""
    found = sum_rows(rows, currency)
    own = [row for row in rows if row["currency"] == currency]
    converted = [row for row in rows if row["currency"] != currency and row["rate_currency"] == currency]
    excluded = [row for row in rows if row["currency"] != currency and row["rate_currency"] != currency]
    assert found.total == sum(row["total"] for row in own) + sum(row["converted"] for row in converted)
    assert found.count == sum(row["count"] for row in own + converted)
    assert sum(part.value for part in found.converted) == sum(row["converted"] for row in converted)
    assert sum(part.count for part in found.converted + found.excluded) == sum(r["count"] for r in converted + excluded)
    assert {part.currency: part.total for part in found.excluded} == {
        code: sum(row["total"] for row in excluded if row["currency"] == code)
        for code in {row["currency"] for row in excluded}
    }
    assert len({(part.currency, part.source) for part in found.converted}) == len(found.converted)


def test_sums_are_merged_by_currency() -> None:
    """Two budgets with Canadian dollars name them once, with all days of their rates."""
    june, july = date(2026, 6, 1), date(2026, 7, 1)
    one = CountedSum(Decimal(7), 1, (ConvertedSum("CAD", Decimal(10), Decimal(7), 1, june, june, "ECB"),))
    other = CountedSum(
        Decimal(16),
        2,
        (ConvertedSum("CAD", Decimal(20), Decimal(15), 1, july, july, "ECB"),),
        (ExcludedSum("MXN", Decimal(5), 1),),
    )
    assert one + other + other == CountedSum(
        Decimal(39),
        5,
        (ConvertedSum("CAD", Decimal(50), Decimal(37), 3, june, july, "ECB"),),
        (ExcludedSum("MXN", Decimal(10), 2),),
    )
