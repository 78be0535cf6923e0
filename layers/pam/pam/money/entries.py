"""Single expenses in the user's currency, for what is found out from their days, descriptions and amounts."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from pam.money.categories import Category
from pam.money.counted_sums import CountedSum, ExcludedSum
from pam.money.expenses import EXPENSE_COLUMNS, Expense
from pam.platform.postgres import Connection
from pam.users.periods import Window
from pam.users.profile import Profile

_NOT_LETTERS = re.compile(r"[\W\d_]+")


@dataclass(frozen=True)
class Entry:
    """An expense or a refund of a day, in the user's currency; the amount of a refund is negative."""

    id: UUID
    day: date
    amount: Decimal
    category: Category
    description: str

    @property
    def name(self) -> str:
        """What it is called: its description, or else its category."""
        return self.description or self.category

    @property
    def key(self) -> tuple[Category, str]:
        """Equal for entries of the same thing: by category and the words of the description, without numbers."""
        return self.category, " ".join(description_words(self.description))


@dataclass(frozen=True)
class Entries:
    """The entries of a window in the order of their days, and what lacks an exchange rate and isn't among them."""

    entries: Sequence[Entry]
    excluded: CountedSum
    rate_sources: frozenset[str]


def description_words(text: str) -> tuple[str, ...]:
    """Return the words of a description in lower case without accents, numbers and marks."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in letters if not unicodedata.combining(character))
    return tuple(_NOT_LETTERS.sub(" ", plain).split())


_SELECT_ENTRIES = f"""
select {EXPENSE_COLUMNS}
  from expenses
 where user_id = %(user)s and undone_at is null and spent_at >= %(start)s and spent_at < %(end)s
   and (%(category)s::text is null or category = %(category)s)
 order by spent_at, id
"""


def read_entries(connection: Connection, profile: Profile, window: Window, category: Category | None) -> Entries:
    """Read the expenses of a window, of one category or of all."""
    start, end = window.instants(profile.zone)
    scope = {"user": profile.id, "start": start, "end": end, "category": category}
    expenses = [Expense.from_row(row) for row in connection.execute(_SELECT_ENTRIES, scope).fetchall()]
    counted = [expense for expense in expenses if expense.counts_in(profile.currency)]
    left_out = [expense for expense in expenses if not expense.counts_in(profile.currency)]
    conversions = [expense.converted_to(profile.currency) for expense in counted]
    return Entries(
        entries=[_entry(expense, profile) for expense in counted],
        excluded=sum((_excluded(expense) for expense in left_out), CountedSum()),
        rate_sources=frozenset(conversion.source for conversion in conversions if conversion),
    )


def _entry(expense: Expense, profile: Profile) -> Entry:
    conversion = expense.converted_to(profile.currency)
    amount = conversion.convert(expense.amount) if conversion else expense.amount
    day = expense.spent_at.astimezone(profile.zone).date()
    return Entry(expense.id, day, amount, expense.category, expense.description)


def _excluded(expense: Expense) -> CountedSum:
    return CountedSum(excluded=(ExcludedSum(expense.currency, expense.amount, int(expense.amount > 0)),))
