"""The stand-in's day of a payment: passed where it is certain, asked for where it isn't."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.stand_ins.claude.payment_day import PaymentDay, payment_day

THURSDAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("paid $120 for camping", None),
        ("paid $120 for camping on october 30", date(2026, 10, 30)),
        ("paid $120 for camping on Oct 30th", date(2026, 10, 30)),
        ("paid $120 on the 3rd of november for camping", date(2026, 11, 3)),
        ("paid $120 for camping on december 5, 2025", date(2025, 12, 5)),
        ("paid $120 for camping on december 5 last year", date(2025, 12, 5)),
        ("paid $120 for camping on 2026-02-28", date(2026, 2, 28)),
        ("paid $120 for camping yesterday", date(2026, 11, 25)),
        ("paid $120 for camping two days ago", date(2026, 11, 24)),
        ("paid $120 for camping on Sunday", date(2026, 11, 22)),
        ("paid $120 for camping the day before yesterday", date(2026, 11, 24)),
        ("paid $120 for camping on thursday", THURSDAY),
        ("paid $120 for camping last thursday", date(2026, 11, 19)),
        ("paid $120 for camping last friday", date(2026, 11, 20)),
        ("bought ornaments for christmas for $30", None),
        ("bought movie tickets for friday for $30", None),
    ],
)
def test_certain_day_is_passed(text: str, day: date | None) -> None:
    """A day that the text names without doubt is the payment's; without one it is today."""
    assert payment_day(text, THURSDAY) == PaymentDay(day)


@pytest.mark.parametrize(
    "text",
    [
        "paid $120 for camping on december 5",
        "paid $120 for camping on november 27",
        "paid $120 for camping on may 20",
        "paid $120 for camping on february 29",
        "paid $120 for camping on february 30",
        "paid $120 for camping on 2027-01-02",
        "paid $120 for camping on december 5 this year",
        "paid $120 for camping on the 14th",
        "paid $120 for camping on 3/14",
        "paid $120 for camping last week",
        "paid $120 for camping a month ago",
        "paid $120 for camping tomorrow",
        "paid $120 for camping next friday",
        "paid $120 for camping in october",
        "paid $120 for camping on thanksgiving",
        "paid $120 for camping on new year's eve",
        "paid $120 for camping during the summer",
    ],
)
def test_uncertain_day_is_asked_about(text: str) -> None:
    """A day without its year that may be the next one, one to come, one that doesn't exist, and a vague one."""
    asked = payment_day(text, THURSDAY)
    assert asked.day is None
    assert asked.question is not None and asked.question.startswith("the date: ")


@given(today=st.dates(date(2024, 1, 1), date(2030, 12, 31)), offset=st.integers(-400, 400))
def test_named_day_is_never_taken_for_today(today: date, offset: int) -> None:
    """A month and day are that day, in the past and within half a year, or a question: never silently today."""
    named = today + timedelta(days=offset)
    found = payment_day(f"paid $20 for gas on {named:%B} {named.day}", today)
    if found.day is None:
        assert found.question is not None
    else:
        assert (found.day.month, found.day.day) == (named.month, named.day)
        assert 0 <= (today - found.day).days <= 183
