"""What sums include at an exchange rate, and what they leave out without one: as clients get it, and in words."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from pam.answers.answer import Count, Date, Money
from pam.answers.json_values import json_dataclass
from pam.money.amounts import Currency
from pam.money.counted_sums import ConvertedSum, CountedSum, ExcludedSum
from pam.money.exchange_rates import Conversion
from pam.users.formatting import format_dates, format_day, format_money
from pam.users.profile import Profile

RateSource = Annotated[str, Field(description="Who published the rate.", examples=["ECB"])]
_AmountCount = Annotated[Count, Field(description="How many, refunds apart.")]


@json_dataclass
class ConvertedTotal:
    """Amounts in another currency that a sum includes, each at the reference rate of its day."""

    currency: Currency
    total: Annotated[Money, Field(description="In that currency.")]
    value: Annotated[Money, Field(description="In the sum's currency.")]
    count: _AmountCount
    first_rate_date: Annotated[Date, Field(description="The day of the oldest rate.")]
    last_rate_date: Annotated[Date, Field(description="The day of the newest rate.")]
    source: RateSource


@json_dataclass
class CurrencySum:
    """Amounts in another currency that a sum doesn't include, since no exchange rate is known yet."""

    currency: Currency
    total: Money
    count: _AmountCount


@json_dataclass
class ConvertedAmount:
    """An amount in the traveller's currency, at the reference rate of the expense's day."""

    amount: Money
    currency: Currency
    rate: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]{8}$", description="For one unit of the expense's currency.")]
    rate_date: Annotated[Date, Field(description="The expense's day, or the last before it that has a rate.")]
    source: RateSource


Converted = Annotated[tuple[ConvertedTotal, ...], Field(description="What is included from other currencies.")]
NotIncluded = Annotated[
    tuple[CurrencySum, ...], Field(description="What isn't included: no exchange rate is known yet.")
]


def converted_totals(spending: CountedSum) -> tuple[ConvertedTotal, ...]:
    """Return what a sum includes from other currencies."""
    return tuple(
        ConvertedTotal(
            currency=part.currency,
            total=str(part.total),
            value=str(part.value),
            count=part.count,
            first_rate_date=part.first_rate.isoformat(),
            last_rate_date=part.last_rate.isoformat(),
            source=part.source,
        )
        for part in spending.converted
    )


def excluded_totals(spending: CountedSum) -> tuple[CurrencySum, ...]:
    """Return what a sum doesn't include."""
    return tuple(
        CurrencySum(currency=part.currency, total=str(part.total), count=part.count) for part in spending.excluded
    )


def conversion_sentences(spending: CountedSum, profile: Profile) -> str:
    """Render what a sum includes at an exchange rate, and what it leaves out; empty without other currencies.

    The sentences begin with a space, such as ` This includes CA$70.00 at the ECB reference rate of Nov 25, 2026.`
    """
    return _included(spending, profile) + not_included_sentence(spending, profile)


def not_included_sentence(spending: CountedSum, profile: Profile) -> str:
    """Render what a sum leaves out, after a space; empty if that is nothing."""
    if not spending.excluded:
        return ""
    return f" Not included, because PAM has no exchange rate for it yet: {excluded_amounts(spending, profile)}."


def excluded_amounts(spending: CountedSum, profile: Profile) -> str:
    """Render the amounts that a sum leaves out, such as `CA$70.00 and €5.00`."""
    return _list([_amount(part, profile) for part in spending.excluded])


def excluded_spending(spending: CountedSum, subject: str, when: str, profile: Profile) -> str:
    """Render what was spent where a sum leaves out everything, such as `You've spent CA$70.00 on fuel this month`."""
    paid = [format_money(part.total, part.currency, profile) for part in spending.excluded if part.total >= 0]
    back = [format_money(-part.total, part.currency, profile) for part in spending.excluded if part.total < 0]
    if not back:
        return f"You've spent {_list(paid)}{subject} {when}"
    if not paid:
        return f"You got back {_list(back)} more than you spent{subject} {when}"
    return f"You've spent {_list(paid)}{subject} {when}, and got back {_list(back)} more than you spent"


def rate_text(conversion: Conversion, profile: Profile) -> str:
    """Render where a rate comes from, such as `the ECB reference rate of Nov 25, 2026`."""
    return f"the {conversion.source} reference rate of {_day(conversion, profile)}"


def _day(conversion: Conversion, profile: Profile) -> str:
    return format_day(conversion.day, profile)


def _included(spending: CountedSum, profile: Profile) -> str:
    if not spending.converted:
        return ""
    amounts = _list([_amount(part, profile) for part in spending.converted])
    first = min(part.first_rate for part in spending.converted)
    last = max(part.last_rate for part in spending.converted)
    source = _list(sorted(spending.rate_sources))
    is_one = first == last and sum(part.count for part in spending.converted) <= 1
    dates = format_dates(first, last + timedelta(days=1), profile)
    return f" This includes {amounts} at the {source} reference rate{'' if is_one else 's'} of {dates}."


def _amount(part: ConvertedSum | ExcludedSum, profile: Profile) -> str:
    """Render the sum of a currency; below zero, where more was paid back than spent, such as `€5.00 paid back`."""
    amount = format_money(abs(part.total), part.currency, profile)
    return f"{amount} paid back" if part.total < 0 else amount


def _list(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
