"""What was saved in a window, by kind and in a sentence."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from pam.answers.answer import Count, Money, one_of
from pam.answers.ask_request import AskRequest, Slots
from pam.answers.cached_answer import cached_answer
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
    """What was saved in another currency: never added up, since no rate is known."""

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
        total=str(to_cents(savings.total)),
        count=savings.count,
        by_kind=tuple(
            SavingsByKind(kind=kind, total=str(total), count=count) for kind, (total, count) in savings.by_kind.items()
        ),
        other_currencies=tuple(
            SavingsInCurrency(currency=currency, total=str(total))
            for currency, total in savings.other_currencies.items()
        ),
    )


def _sentence(savings: Savings) -> str:
    """Render the sum in words, from the recorded savings alone."""
    when = window_text(savings.window, savings.today, savings.profile)
    if not savings.count:
        return f"You have no savings recorded {when}."
    kinds = ", ".join(
        f"{format_money(total, savings.profile.currency, savings.profile)} on {kind}"
        for kind, (total, _) in savings.by_kind.items()
    )
    total = format_money(savings.total, savings.profile.currency, savings.profile)
    return f"You've saved {total} {when}, {pluralize(savings.count, 'time')}: {kinds}."
