"""The category that an expense probably has: from the traveller's earlier entries and PAM's vocabulary."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field

from pam.answers.answer import Answer, Count, instant
from pam.answers.dependencies import UserDependencies
from pam.answers.json_values import json_dataclass
from pam.money.categories import Category
from pam.money.past_categories import (
    SURE_FROM,
    VOCABULARY_VOTES,
    CategoryVotes,
    add_votes,
    count_votes,
    read_past_entries,
)
from pam.money.typed_amounts import read_amount
from pam.platform.deadline import Deadline
from pam.routing import route
from pam.users.formatting import pluralize
from pam.users.profile import read_profile

VOCABULARY = "PAM's vocabulary of goods"

_MAX_EVIDENCE = 5
_MAX_PHRASE_WORDS = 4
_MAX_WORDS = 12


@dataclass(frozen=True)
class Transaction:
    """What is to be categorized: the words of it, and its amount if it is known."""

    description: str
    merchant: str = ""
    amount: Decimal | str | None = None


@json_dataclass
class Confidence:
    """A category that it may be."""

    category: Category
    confidence: Annotated[int, Field(ge=0, le=100, description="In per cent.")]


@json_dataclass
class EarlierEntries:
    """Entries of the traveller under similar words."""

    description: str
    category: Category
    count: Count


@json_dataclass
class CategorySuggestion(Answer):
    """The category that an expense probably has."""

    category: Annotated[Category | None, Field(description="Null where no single one is known for such words.")]
    confidence: Annotated[int, Field(ge=0, le=100, description="In per cent.")]
    sure: Annotated[bool, Field(description="False: ask the traveller.")]
    others: tuple[Confidence, ...]
    earlier: Annotated[tuple[EarlierEntries, ...], Field(description="The most similar first.")]
    in_vocabulary: Annotated[Category | None, Field(description="What PAM's own vocabulary says of the words.")]


def suggest_category(
    dependencies: UserDependencies, user_id: UUID, transaction: Transaction, deadline: Deadline
) -> CategorySuggestion:
    """Return the category of what is described. Raises `PamError`, also what `read_amount` raises."""
    with dependencies.database.session(user_id, deadline) as connection:
        profile = read_profile(connection, user_id)
        past = read_past_entries(connection, profile)
    amount, currency = None, profile.currency
    if transaction.amount is not None:
        amount, currency = read_amount(transaction.amount, None, profile)
    texts = [text for text in (transaction.description, transaction.merchant) if text]
    votes = count_votes(past, [*texts, " ".join(texts)], amount, currency)
    known, weight = _look_up(texts)
    if known is not None:
        votes = add_votes(votes, known, weight)
    ranked = votes.ranked()
    category, confidence = ranked[0] if ranked else (None, Decimal(0))
    return CategorySuggestion(
        text=_sentence(category, confidence, votes, known),
        source=", ".join([profile.expenses_source, *([VOCABULARY] if known else [])]),
        simulated=profile.simulated,
        as_of=instant(dependencies.clock().astimezone(profile.zone)),
        category=category,
        confidence=_percent(confidence),
        sure=confidence >= SURE_FROM,
        others=tuple(Confidence(category=each, confidence=_percent(share)) for each, share in ranked[1:4]),
        earlier=tuple(
            EarlierEntries(description=each.description[:80], category=each.category, count=each.count)
            for each in votes.entries[:_MAX_EVIDENCE]
        ),
        in_vocabulary=known,
    )


def _look_up(texts: Sequence[str]) -> tuple[Category | None, Decimal]:
    """Return the category of the router's vocabulary and its votes: of a whole text, or of the longest phrase in one.

    None where it has no such words, or several categories for equally long ones.
    """
    whole = {_category_of(text) for text in texts} - {None}
    if len(whole) == 1:
        return whole.pop(), VOCABULARY_VOTES
    for length in range(_MAX_PHRASE_WORDS, 0, -1):
        found = {_category_of(phrase) for text in texts for phrase in _phrases(text.split()[:_MAX_WORDS], length)}
        if categories := found - {None}:
            return (categories.pop(), Decimal(1)) if len(categories) == 1 else (None, Decimal(0))
    return None, Decimal(0)


def _category_of(text: str) -> Category | None:
    """Return the category that the router would book an expense with these words under."""
    read = route(f"i spent $50 on {text}")
    category = read.slots.get("category") if read.intent == "add_expense" else None
    return None if category is None or set(read.slots) != {"amount", "category"} else Category(str(category))


def _phrases(words: Sequence[str], length: int) -> list[str]:
    return [" ".join(words[at : at + length]) for at in range(len(words) - length + 1)]


def _sentence(category: Category | None, confidence: Decimal, votes: CategoryVotes, known: Category | None) -> str:
    if category is None:
        return (
            "PAM can't tell the category: neither your earlier expenses nor its vocabulary have one category for such "
            "words."
        )
    count = sum(each.count for each in votes.entries if each.category == category)
    reasons = [f"you booked {pluralize(count, 'similar expense')} that way"] if count else []
    reasons += ["PAM's vocabulary says so"] if known == category else []
    text = f"Probably {category} ({_percent(confidence)} %): {' and '.join(reasons)}."
    return text if confidence >= SURE_FROM else f"{text} PAM isn't sure, so please say which it is."


def _percent(confidence: Decimal) -> int:
    return int(confidence * 100)
