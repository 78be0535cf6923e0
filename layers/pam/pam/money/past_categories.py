"""The category of an expense by its words: from what the user booked under the same words before.

Each earlier entry whose description shares at least half of the words (of all words of both) votes for its category
with this share; one of nearly the same amount votes twice. Entries under one description vote ten times at most.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pam.money.categories import Category
from pam.money.entries import description_words
from pam.platform.postgres import Connection
from pam.users.profile import Profile

MIN_SHARED_WORDS = Decimal("0.5")
MAX_COUNTED = 10
VOCABULARY_VOTES = Decimal(3)
"""What PAM's own vocabulary of goods is worth where it has the whole text; of a part of it, one vote."""

SURE_FROM = Decimal("0.6")
"""The confidence from which a category needn't be asked about."""

_MAX_GROUPS = 500
_SAME_AMOUNT = Decimal("0.25")


@dataclass(frozen=True)
class PastEntries:
    """Earlier expenses under one description and category, the median of their amounts and its currency."""

    description: str
    category: Category
    currency: str
    count: int
    median: Decimal


@dataclass(frozen=True)
class CategoryVotes:
    """The votes for each category, and the entries that voted, the most similar first."""

    votes: dict[Category, Decimal]
    entries: Sequence[PastEntries]

    def ranked(self) -> list[tuple[Category, Decimal]]:
        """Return categories with their confidence, the highest first: their share of all votes and one against."""
        against = sum(self.votes.values(), Decimal(1))
        ranked = sorted(self.votes.items(), key=lambda item: (-item[1], item[0]))
        return [(category, (votes / against).quantize(Decimal("0.01"))) for category, votes in ranked]


_SELECT_PAST = """
select description, category, currency, count(*) as count,
       percentile_disc(0.5) within group (order by amount) as median
  from expenses
 where user_id = %(user)s and undone_at is null and description <> '' and amount > 0
 group by description, category, currency
 order by max(spent_at) desc
 limit %(limit)s
"""


def read_past_entries(connection: Connection, profile: Profile) -> list[PastEntries]:
    """Read the user's latest descriptions, with their categories."""
    rows = connection.execute(_SELECT_PAST, {"user": profile.id, "limit": _MAX_GROUPS}).fetchall()
    return [PastEntries(**row | {"category": Category(row["category"])}) for row in rows]


def count_votes(
    past: Iterable[PastEntries], texts: Iterable[str], amount: Decimal | None, currency: str
) -> CategoryVotes:
    """Return the votes of earlier entries for what `texts` describe, each for itself; `amount` may be unknown."""
    wanted = [words for words in (frozenset(description_words(text)) for text in texts) if words]
    votes: dict[Category, Decimal] = {}
    voting: list[tuple[Decimal, PastEntries]] = []
    for entries in past:
        words = frozenset(description_words(entries.description))
        shared = max((Decimal(len(words & each)) / len(words | each) for each in wanted), default=Decimal(0))
        if shared < MIN_SHARED_WORDS:
            continue
        near = amount is not None and entries.currency == currency and _is_near(amount, entries.median)
        weight = shared * min(entries.count, MAX_COUNTED) * (2 if near else 1)
        votes[entries.category] = votes.get(entries.category, Decimal(0)) + weight
        voting.append((weight, entries))
    voting.sort(key=lambda pair: -pair[0])
    return CategoryVotes(votes, [entries for _, entries in voting])


def add_votes(counted: CategoryVotes, category: Category, votes: Decimal) -> CategoryVotes:
    """Return the votes with more of them for a category."""
    added = counted.votes | {category: counted.votes.get(category, Decimal(0)) + votes}
    return CategoryVotes(added, counted.entries)


def _is_near(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) <= _SAME_AMOUNT * max(one, other)
