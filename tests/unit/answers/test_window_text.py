"""Periods that are compared with, in words."""

import uuid
from datetime import date

import pytest

from pam.answers.window_text import previous_window_text
from pam.users.periods import Window
from pam.users.profile import Profile
from pam.users.time_zones import parse_time_zone

PROFILE = Profile(uuid.uuid4(), parse_time_zone("America/Denver"), "USD", "en_US")


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (date(2026, 9, 1), date(2026, 10, 1), "in September 2026"),
        (date(2026, 2, 1), date(2026, 3, 1), "in February 2026"),
        (date(2026, 12, 1), date(2027, 1, 1), "in December 2026"),
        (date(2026, 10, 1), date(2026, 10, 28), "in Oct 1 – 27, 2026"),
        (date(2026, 10, 2), date(2026, 11, 1), "in Oct 2 – 31, 2026"),
        (date(2026, 11, 3), date(2026, 11, 4), "on Nov 3, 2026"),
        (date(2026, 9, 1), date(2026, 11, 1), "in Sep 1 – Oct 31, 2026"),
    ],
)
def test_whole_month_is_named(start: date, end: date, text: str) -> None:
    shown = previous_window_text(Window(start, end), PROFILE)
    assert " ".join(shown.replace("\u2009", " ").split()) == text
