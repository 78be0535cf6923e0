"""Where the traveller may save, each with the expenses and sums that show it."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from pam.answers.answer import Count, Date, Money, one_of
from pam.answers.cached_answer import cached_answer
from pam.answers.converted_sum import NotIncluded, excluded_totals, not_included_sentence
from pam.answers.date_range import DateRange, date_range
from pam.answers.dependencies import UserDependencies
from pam.answers.json_values import json_dataclass
from pam.answers.user_answer import UserAnswer, user_provenance
from pam.money.amounts import Currency
from pam.money.categories import Category
from pam.money.savings_opportunities import (
    Opportunities,
    OpportunitiesQuery,
    Opportunity,
    OpportunityEvidence,
    OpportunityKind,
    read_savings_opportunities,
)
from pam.platform.deadline import Deadline
from pam.users.formatting import format_day, format_money
from pam.users.periods import Window
from pam.users.profile import Profile

MAX_OPPORTUNITIES = 8
"""How many are in an answer, so that it stays below the size of a tool's result."""

_MAX_NAMED = 4
_MAX_NAME_CHARS = 80


@json_dataclass
class EvidenceItem:
    """A figure that shows an opportunity."""

    name: str
    amount: Money
    days: DateRange
    expense_id: Annotated[str | None, Field(description="Of a single expense; null for a sum or a median.")]


@json_dataclass
class OpportunityItem:
    """Expenses that are worth a look."""

    kind: Annotated[str, one_of(*OpportunityKind)]
    category: Category
    name: str
    amount: Annotated[Money, Field(description="A month's cost, or what is more than usual; not what can be saved.")]
    evidence: tuple[EvidenceItem, ...]


@json_dataclass
class SavingsOpportunities(UserAnswer):
    """Where the traveller may save, in their currency."""

    currency: Currency
    min_amount: Money
    since: Annotated[Date | None, Field(description="The day of the first expense; null without one.")]
    opportunities: Annotated[tuple[OpportunityItem, ...], Field(description="The highest amount first.")]
    more: Annotated[Count, Field(description="How many are left out, with lower amounts.")]
    other_currencies: NotIncluded


def savings_opportunities(
    dependencies: UserDependencies, user_id: UUID, query: OpportunitiesQuery, deadline: Deadline
) -> SavingsOpportunities:
    """Return the opportunities, from the cache where nothing was written since. Raises `PamError`."""
    return cached_answer(
        dependencies, user_id, query, deadline, SavingsOpportunities, read_savings_opportunities, _answer
    )


def _answer(opportunities: Opportunities) -> SavingsOpportunities:
    return SavingsOpportunities(
        text=_sentence(opportunities),
        **user_provenance(opportunities),
        currency=opportunities.profile.currency,
        min_amount=str(opportunities.query.min_amount),
        since=opportunities.first_day.isoformat() if opportunities.first_day else None,
        opportunities=tuple(_item(each) for each in opportunities.found[:MAX_OPPORTUNITIES]),
        more=max(0, len(opportunities.found) - MAX_OPPORTUNITIES),
        other_currencies=excluded_totals(opportunities.excluded),
    )


def _item(opportunity: Opportunity) -> OpportunityItem:
    return OpportunityItem(
        kind=opportunity.kind,
        category=opportunity.category,
        name=opportunity.name[:_MAX_NAME_CHARS],
        amount=str(opportunity.amount),
        evidence=tuple(_evidence(each) for each in opportunity.evidence),
    )


def _evidence(evidence: OpportunityEvidence) -> EvidenceItem:
    return EvidenceItem(
        name=evidence.name[:_MAX_NAME_CHARS],
        amount=str(evidence.amount),
        days=date_range(Window(evidence.start, evidence.end)),
        expense_id=str(evidence.expense_id) if evidence.expense_id else None,
    )


def _sentence(opportunities: Opportunities) -> str:
    profile, found = opportunities.profile, opportunities.found
    left_out = not_included_sentence(opportunities.excluded, profile)
    if opportunities.first_day is None:
        return f"You have no expenses recorded, so there is nothing to find.{left_out}"
    least = format_money(opportunities.query.min_amount, profile.currency, profile)
    first = opportunities.first_day
    since = format_day(first, profile)
    if not found:
        return (
            f"Nothing in your expenses of {least} or more recurs monthly, rises, or is far above your own median."
            f" Your records begin on {since}.{left_out}"
        )
    named = "; ".join(_phrase(each, profile) for each in found[:_MAX_NAMED])
    more = f"; and {len(found) - _MAX_NAMED} more" if len(found) > _MAX_NAMED else ""
    return f"Worth a look: {named}{more}. PAM knows no cheaper offers: this is from your own expenses.{left_out}"


def _phrase(opportunity: Opportunity, profile: Profile) -> str:
    amount = format_money(opportunity.amount, profile.currency, profile)
    name = opportunity.name[:_MAX_NAME_CHARS]
    match opportunity.kind:
        case OpportunityKind.RECURRING:
            return f"{name}, every month, {amount} last"
        case OpportunityKind.RISING:
            return f"{name}, {amount} more than before, and rising"
    return f"{name}, {amount} above your median for {opportunity.category}"
