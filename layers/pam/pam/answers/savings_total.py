"""What was saved in a window, by kind and in a sentence."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from pam.answers.answer import Count, Money, one_of
from pam.answers.ask_request import AskRequest, Slots
from pam.answers.cached_answer import cached_answer
from pam.answers.converted_sum import Converted, conversion_sentences, converted_totals, excluded_amounts
from pam.answers.date_range import PeriodRange, period_range
from pam.answers.dependencies import UserDependencies
from pam.answers.json_values import json_dataclass
from pam.answers.user_answer import UserAnswer, user_provenance
from pam.answers.window_text import window_text
from pam.money.amounts import Currency, to_cents
from pam.money.savings import Savings, SavingsQuery, read_savings
from pam.platform.deadline import Deadline
from pam.users.formatting import format_money, pluralize


@json_dataclass
class SavingsByKind:
    """What was saved by one kind of thing."""

    kind: Annotated[str, one_of("gas", "campground", "route", "other")]
    total: Money
    count: Count


@json_dataclass
class SavingsInCurrency:
    """What was saved in another currency and isn't included, since no exchange rate is known yet."""

    currency: Currency
    total: Money


@json_dataclass
class SavingsTotal(UserAnswer):
    """What was saved in a window, in the traveller's currency: only what they confirmed as real."""

    window: PeriodRange
    currency: Currency
    total: Money
    count: Count
    by_kind: Annotated[tuple[SavingsByKind, ...], Field(description="The largest first.")]
    converted: Converted
    other_currencies: tuple[SavingsInCurrency, ...]


def savings_total(
    dependencies: UserDependencies, user_id: UUID, query: SavingsQuery, deadline: Deadline
) -> SavingsTotal:
    """Return what the user saved, from the cache where nothing was written since. Raises `PamError`."""
    return cached_answer(dependencies, user_id, query, deadline, SavingsTotal, read_savings, _answer)


def savings_total_from_slots(request: AskRequest, slots: Slots) -> SavingsTotal:
    """Answer a question in words."""
    query = SavingsQuery(**request.in_zone(slots))
    return savings_total(request.dependencies, request.user_id, query, request.deadline)


def _answer(savings: Savings) -> SavingsTotal:
    profile = savings.profile
    return SavingsTotal(
        text=_sentence(savings),
        **user_provenance(savings),
        window=period_range(savings.window, profile),
        currency=profile.currency,
        total=str(to_cents(savings.overall.total)),
        count=savings.overall.count,
        by_kind=tuple(
            SavingsByKind(kind=kind, total=str(total), count=count) for kind, (total, count) in savings.by_kind.items()
        ),
        converted=converted_totals(savings.overall),
        other_currencies=tuple(
            SavingsInCurrency(currency=part.currency, total=str(part.total)) for part in savings.overall.excluded
        ),
    )


def _sentence(savings: Savings) -> str:
    """Render the sum in words, from the recorded savings alone."""
    when = window_text(savings.window, savings.today, savings.profile)
    overall, profile = savings.overall, savings.profile
    if not overall.count and overall.excluded:
        amounts = excluded_amounts(overall, profile)
        return f"You've saved {amounts} {when}. PAM has no exchange rate to {profile.currency} for it yet."
    if not overall.count:
        return f"You have no savings recorded {when}."
    kinds = ", ".join(
        f"{format_money(total, profile.currency, profile)} on {kind}" for kind, (total, _) in savings.by_kind.items()
    )
    total = format_money(overall.total, profile.currency, profile)
    text = f"You've saved {total} {when}, {pluralize(overall.count, 'time')}: {kinds}."
    return text + conversion_sentences(overall, profile)
