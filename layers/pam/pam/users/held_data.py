"""All rows that the database has of a user, table by table, as the catalogue lists the tables.

A table belongs to it by its foreign keys, which lead to `users`: a new one is included without a change here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pam.platform.errors import EXPORT_LIMIT_REACHED, EXPORT_TOO_LARGE, PamError
from pam.platform.postgres import Connection

INDEXES = {
    "exchange_words": "an index of the words of your messages",
    "memory_words": "an index of the words of what PAM remembers",
}
"""Tables that only repeat the words of others, and are left out."""

ARCHIVE_PREFIX = "pam-data-"
"""What the names of archives begin with."""

MAX_ROWS = 200_000
"""Of an archive, which is made in memory."""

_SELECT_TABLES = "select name from owning_columns() order by name"
_SELECT_ROWS = "select held_rows as row from held_rows(%(table)s) limit %(limit)s"


@dataclass(frozen=True)
class HeldTable:
    """The rows of a user in one table, as JSON values by column."""

    name: str
    rows: list[Mapping[str, Any]]


def read_held_tables(connection: Connection, max_rows: int = MAX_ROWS) -> Iterator[HeldTable]:
    """Yield the tables that have rows of the transaction's user. Raises `PamError` (`export_too_large`)."""
    left = max_rows
    for name in [row["name"] for row in connection.execute(_SELECT_TABLES).fetchall()]:
        if name in INDEXES:
            continue
        rows = connection.execute(_SELECT_ROWS, {"table": name, "limit": left + 1}).fetchall()
        if len(rows) > left:
            raise PamError(EXPORT_TOO_LARGE, f"That is more than {max_rows:,} rows, which PAM can't put into one file.")
        left -= len(rows)
        if rows:
            yield HeldTable(name, [row["row"] for row in rows])


MAX_EXPORTS_PER_DAY = 5

_COUNT_EXPORTS = "select count(*) as count from data_exports where user_id = %(user)s and created_at > %(since)s"

_RECORD_EXPORT = """
insert into data_exports (user_id, formats, row_count, size_bytes, created_at)
values (%(user)s, %(formats)s, %(rows)s, %(size)s, %(now)s)
"""


def check_export_limit(connection: Connection, user_id: UUID, now: datetime) -> None:
    """Raise `PamError` (`export_limit_reached`) after `MAX_EXPORTS_PER_DAY` archives within 24 hours."""
    row = connection.execute(_COUNT_EXPORTS, {"user": user_id, "since": now - timedelta(days=1)}).fetchone()
    if row and row["count"] >= MAX_EXPORTS_PER_DAY:
        raise PamError(
            EXPORT_LIMIT_REACHED,
            f"PAM makes at most {MAX_EXPORTS_PER_DAY} archives within 24 hours. Please try again later.",
            retry_after=3600,
        )


def record_export(
    connection: Connection, user_id: UUID, formats: Sequence[str], rows: int, size: int, now: datetime
) -> None:
    """Record an archive of so many rows and bytes."""
    scope = {"user": user_id, "formats": list(formats), "rows": rows, "size": size, "now": now}
    connection.execute(_RECORD_EXPORT, scope)
