"""A traveller's expenses one by one, newest first, a page at a time."""

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
from pam.users.periods import Window
from pam.users.profile import Profile

MAX_PAGE_SIZE = 100


def parse_limit(value: Any) -> int:
    """How many on a page: 1 to 100, as a number or its digits. Raises `PamError` (`invalid_limit`)."""
    text = str(value)
    if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_PAGE_SIZE:
        return int(text)
    raise PamError(INVALID_LIMIT, f"A page holds 1 to {MAX_PAGE_SIZE} expenses.", field="limit")


@dataclass(frozen=True)
class Cursor:
    """The last expense of a page: the next page begins after it, whatever was added meanwhile."""

    spent_at: datetime
    id: UUID

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.spent_at.isoformat()} {self.id}".encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, value: Any) -> "Cursor":
        """From the text that a page gave. Raises `PamError` (`invalid_cursor`)."""
        try:
            text = base64.b64decode(f"{value}{'=' * (-len(value) % 4)}", altchars=b"-_", validate=True).decode()
            spent_at, _, id_ = text.partition(" ")
            cursor = cls(datetime.fromisoformat(spent_at), UUID(id_))
            if cursor.spent_at.tzinfo is None:
                raise ValueError("a cursor's instant is aware")
        except (TypeError, ValueError, binascii.Error):
            raise PamError(
                INVALID_CURSOR, "That page doesn't exist. Please start from the first.", field="cursor"
            ) from None
        return cursor


PageSize = Annotated[
    int,
    BeforeValidator(parse_limit),
    WithJsonSchema(
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "description": "How many expenses on a page."}
    ),
]
MaybeCursor = Annotated[
    Cursor | None,
    BeforeValidator(lambda value: None if value is None else Cursor.parse(value)),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^[A-Za-z0-9_-]+$",
            "description": "Where the page begins: the `next_cursor` of the page before. Without it, the first page.",
        }
    ),
]


class ExpensesQuery(WindowQuery):
    """Which expenses: by category and window, `limit` a page; all of them where no window is named."""

    default_period = "all_time"

    category: KnownCategory | None = None
    limit: PageSize = 20
    cursor: MaybeCursor = None


@dataclass(frozen=True)
class ExpensePage:
    """One page, and where the next one begins (None: this is the last)."""

    question: ExpensesQuery
    profile: Profile
    window: Window
    today: date
    as_of: datetime
    expenses: list[Expense]
    next: Cursor | None

    def as_json(self) -> dict[str, Any]:
        """As clients see it."""
        return {
            "window": self.window.as_json() | {"period": self.window.period, "time_zone": self.profile.zone.key},
            "category": self.question.category,
            "expenses": [expense.as_json(self.profile.zone) for expense in self.expenses],
            "next_cursor": str(self.next) if self.next else None,
        }


_PAGE = f"""
select {EXPENSE_COLUMNS}
  from expenses
 where user_id = %(user)s and undone_at is null and spent_at >= %(start)s and spent_at < %(end)s
   and (%(category)s::text is null or category = %(category)s)
   and (%(after)s::timestamptz is null or (spent_at, id) < (%(after)s, %(after_id)s))
 order by spent_at desc, id desc
 limit %(limit)s
"""


def list_expenses(connection: Connection, profile: Profile, question: ExpensesQuery, now: datetime) -> ExpensePage:
    """One page of expenses as of the instant `now`."""
    profile = profile.somewhere_else(question.timezone)
    today = now.astimezone(profile.zone).date()
    window = question.window(today, profile.locale)
    start, end = window.instants(profile.zone)
    rows = connection.execute(
        _PAGE,
        {
            "user": profile.id,
            "start": start,
            "end": end,
            "category": question.category,
            "after": question.cursor.spent_at if question.cursor else None,
            "after_id": question.cursor.id if question.cursor else None,
            # One more than is shown tells whether there is a next page.
            "limit": question.limit + 1,
        },
    ).fetchall()
    expenses = [Expense.from_row(row) for row in rows[: question.limit]]
    more = len(rows) > question.limit
    return ExpensePage(
        question=question,
        profile=profile,
        window=window,
        today=today,
        as_of=now,
        expenses=expenses,
        next=Cursor(expenses[-1].spent_at, expenses[-1].id) if more else None,
    )
