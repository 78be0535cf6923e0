"""The instant of typing: how it is written, and which ones are accepted."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.platform.errors import PamError
from pam.users.typed_at import CLOCK_TOLERANCE, MAX_ENTRY_AGE, parse_typed_at, resolve_typed_at

NOW = datetime(2026, 11, 26, 17, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-26",
        "2026-11-26T10:00:00",  # in no time zone
        "2026-11-26 10:00:00Z",
        "2026-W48-4T10:00:00Z",
        "2026-11-31T10:00:00Z",
        "2026-11-26T10:00:00+99:00",
        "0001-01-01T00:00:00+14:00",  # before the first instant in UTC
        "١٢٣٤-11-26T10:00:00Z",
        "yesterday",
        "",
        1764153600,
        True,
    ],
)
def test_malformed_instant_is_rejected(text: object) -> None:
    """Only ISO 8601 with seconds and an offset is an instant of typing."""
    with pytest.raises(PamError) as raised:
        parse_typed_at(text)
    assert (raised.value.error.code, raised.value.field) == ("invalid_typed_at", "typed_at")


@given(
    st.datetimes(timezones=st.just(UTC)).filter(lambda moment: 1 < moment.year < 9999),
    st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_offset_doesn_t_change_the_instant(instant: datetime, zone: timezone) -> None:
    """The same instant is parsed from any offset."""
    assert parse_typed_at(instant.astimezone(zone).isoformat()) == instant


@pytest.mark.parametrize(
    ("typed_at", "resolved"),
    [
        (None, NOW),
        (NOW, NOW),
        (NOW - SECOND, NOW - SECOND),
        (NOW - timedelta(days=20), NOW - timedelta(days=20)),
        (NOW - MAX_ENTRY_AGE, NOW - MAX_ENTRY_AGE),
        (NOW + SECOND, NOW),
        (NOW + CLOCK_TOLERANCE, NOW),
    ],
)
def test_instant_within_the_bounds_is_never_after_now(typed_at: datetime | None, resolved: datetime) -> None:
    """A clock that is a little ahead counts as now; days count from any time in the past 31 days."""
    assert resolve_typed_at(typed_at, NOW) == resolved


@pytest.mark.parametrize(
    ("typed_at", "code"),
    [
        (NOW + CLOCK_TOLERANCE + SECOND, "invalid_typed_at"),
        (NOW + timedelta(days=400), "invalid_typed_at"),
        (NOW - MAX_ENTRY_AGE - SECOND, "entry_too_old"),
    ],
)
def test_instant_out_of_bounds_is_rejected(typed_at: datetime, code: str) -> None:
    """An instant that is still to come, or longer ago than a queue keeps entries, is an error."""
    with pytest.raises(PamError) as raised:
        resolve_typed_at(typed_at, NOW)
    assert raised.value.error.code == code
