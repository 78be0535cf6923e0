"""Dates without a year: accepted only where they can't mean the next occurrence."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.platform.errors import PamError
from pam.users.periods import resolve_day

THU_26_NOV = date(2026, 11, 26)
THU_29_FEB = date(2024, 2, 29)


def resolve_or_code(name: str, today: date) -> str | None:
    try:
        day = resolve_day(name, today)
    except PamError as rejected:
        return rejected.error.code
    return day.isoformat() if day else None


@pytest.mark.parametrize(
    ("name", "today", "expected"),
    [
        ("11-26", THU_26_NOV, "2026-11-26"),
        ("11-25", THU_26_NOV, "2026-11-25"),
        ("11-27", THU_26_NOV, "ambiguous_date"),
        ("12-05", THU_26_NOV, "ambiguous_date"),
        ("10-30", THU_26_NOV, "2026-10-30"),
        ("05-28", THU_26_NOV, "2026-05-28"),
        ("05-27", THU_26_NOV, "ambiguous_date"),
        ("03-14", THU_26_NOV, "ambiguous_date"),
        ("12-31", date(2026, 1, 2), "2025-12-31"),
        ("01-05", date(2026, 1, 2), "ambiguous_date"),
        ("02-29", THU_26_NOV, "ambiguous_date"),
        ("02-29", THU_29_FEB, "2024-02-29"),
        ("02-29", date(2024, 2, 28), "ambiguous_date"),
        ("02-29", date(2024, 3, 1), "2024-02-29"),
        ("2025-12-05", THU_26_NOV, "2025-12-05"),
    ],
)
def test_date_without_year_is_its_latest_date_or_ambiguous(name: str, today: date, expected: str) -> None:
    """It is ambiguous if its latest date is more than 183 days ago, or not nearer than its next."""
    assert resolve_or_code(name, today) == expected


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(0, 181))
def test_date_of_the_last_181_days_is_resolved(today: date, days_ago: int) -> None:
    """A date without a year that lies at most 181 days back is that day."""
    day = today - timedelta(days=days_ago)
    assert resolve_or_code(f"{day:%m-%d}", today) == day.isoformat()


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(1, 181))
def test_date_of_the_next_181_days_is_ambiguous(today: date, days_ahead: int) -> None:
    """A date without a year that lies ahead is never moved a year back."""
    day = today + timedelta(days=days_ahead)
    assert resolve_or_code(f"{day:%m-%d}", today) == "ambiguous_date"


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.dates(date(2000, 1, 1), date(2000, 12, 31)))
def test_resolved_date_is_past_recent_and_nearer_than_its_next(today: date, day: date) -> None:
    """Whatever the date and today are, the result is the named day within the last 183 days, or a question."""
    found = resolve_or_code(f"{day:%m-%d}", today)
    if found == "ambiguous_date":
        return
    resolved = date.fromisoformat(found or "")
    assert (resolved.month, resolved.day) == (day.month, day.day)
    assert timedelta(0) <= today - resolved <= timedelta(days=183)
