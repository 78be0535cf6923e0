"""A user's expenses, newest first, in pages."""

import base64
import binascii
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, WithJsonSchema

from pam.money.categories import KnownCategory
from pam.money.expenses import EXPENSE_COLUMNS, Expense
from pam.money.queries import WindowQuery
from pam.platform.errors import INVALID_CURSOR, INVALID_LIMIT, PamError
from pam.platform.postgres import Connection
from pam.platform.uuids import parse_uuid
from pam.platform.validation import optional
from pam.users.periods import Window
from pam.users.profile import Profile

MAX_PAGE_SIZE = 100


def parse_page_size(value: Any) -> int:
    """Return a page size of 1 to `MAX_PAGE_SIZE` from a number or its digits. Raises `PamError` (`invalid_limit`)."""
    text = str(value)
    if len(text) <= len(str(MAX_PAGE_SIZE)) and text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_PAGE_SIZE:
        return int(text)
    raise PamError(INVALID_LIMIT, f"A page holds 1 to {MAX_PAGE_SIZE} expenses.", field="limit")


_MAX_CURSOR_CHARS = 120


@dataclass(frozen=True)
class Cursor:
    """The position of the last expense of a page. The next page starts after it, even if newer expenses were added."""

    spent_at: datetime
    id: UUID

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.spent_at.isoformat()} {self.id}".encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, value: Any) -> "Cursor":
        """Return the cursor from the text that `str` made of it. Raises `PamError` (`invalid_cursor`)."""
        try:
            if len(value) > _MAX_CURSOR_CHARS:
                raise ValueError("longer than any cursor")
            text = base64.b64decode(f"{value}{'=' * (-len(value) % 4)}", altchars=b"-_", validate=True).decode()
            spent_at, _, id_ = text.partition(" ")
            cursor = cls(datetime.fromisoformat(spent_at), parse_uuid(id_))
            if cursor.spent_at.tzinfo is None:
                raise ValueError("the instant has no UTC offset")
        except (TypeError, ValueError, binascii.Error):
            raise PamError(
                INVALID_CURSOR, "That page doesn't exist. Please start from the first.", field="cursor"
            ) from None
        return cursor


PageSize = Annotated[
    int,
    BeforeValidator(parse_page_size),
    WithJsonSchema(
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "description": "How many expenses on a page."}
    ),
]
OptionalCursor = Annotated[
    Cursor | None,
    optional(Cursor.parse),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^[A-Za-z0-9_-]+$",
            "description": "Where the page begins: the `next_cursor` of the page before. Without it, the first page.",
        }
    ),
]


class ExpensesQuery(WindowQuery):
    """A request for a page of `limit` expenses, by category and window; of all time by default."""

    default_period = "all_time"

    category: KnownCategory | None = None
    limit: PageSize = 20
    cursor: OptionalCursor = None


@dataclass(frozen=True)
class ExpensePage:
    """One page of expenses. `next_cursor` is the start of the next page, None on the last page."""

    query: ExpensesQuery
    profile: Profile
    window: Window
    today: date
    as_of: datetime
    expenses: list[Expense]
    next_cursor: Cursor | None

    @property
    def is_converted(self) -> bool:
        """Whether all expenses of the page are in the user's currency, or converted to it."""
        return all(expense.counts_in(self.profile.currency) for expense in self.expenses)

    @property
    def rate_sources(self) -> frozenset[str]:
        """The sources of the exchange rates."""
        found = (expense.converted_to(self.profile.currency) for expense in self.expenses)
        return frozenset(conversion.source for conversion in found if conversion)


_SELECT_PAGE = f"""
select {EXPENSE_COLUMNS}
  from expenses
 where user_id = %(user)s and undone_at is null and spent_at >= %(start)s and spent_at < %(end)s
   and (%(category)s::text is null or category = %(category)s)
   and (%(after)s::timestamptz is null or (spent_at, id) < (%(after)s, %(after_id)s))
 order by spent_at desc, id desc
 limit %(limit)s
"""


def read_expense_page(connection: Connection, profile: Profile, query: ExpensesQuery, now: datetime) -> ExpensePage:
    """Read one page of expenses as of the instant `now`. Raises `PamError` (`unknown_period`, `invalid_window`)."""
    profile = profile.in_zone(query.timezone)
    today = now.astimezone(profile.zone).date()
    window = query.window(today, profile.locale)
    start, end = window.instants(profile.zone)
    rows = connection.execute(
        _SELECT_PAGE,
        {
            "user": profile.id,
            "start": start,
            "end": end,
            "category": query.category,
            "after": query.cursor.spent_at if query.cursor else None,
            "after_id": query.cursor.id if query.cursor else None,
            # One more than the page holds, to know whether there is a next page.
            "limit": query.limit + 1,
        },
    ).fetchall()
    expenses = [Expense.from_row(row) for row in rows[: query.limit]]
    has_next_page = len(rows) > query.limit
    return ExpensePage(
        query=query,
        profile=profile,
        window=window,
        today=today,
        as_of=now,
        expenses=expenses,
        next_cursor=Cursor(expenses[-1].spent_at, expenses[-1].id) if has_next_page else None,
    )
