"""The periods of a forecast and the parts of a day, as spans of time where the place is."""

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pam.platform.errors import UNKNOWN_PERIOD, PamError
from pam.travel.forecast import MAX_FORECAST_DAYS
from pam.users.periods import WEEKDAYS, midnight

DAY_PERIODS = ("today", "tomorrow", "day_after_tomorrow", *WEEKDAYS)
"""The periods of one day, which can have parts."""

NIGHT_START_HOUR = 18
NIGHT_END_HOUR = 6
PART_HOURS = {
    "morning": (NIGHT_END_HOUR, 12),
    "noon": (12, 13),
    "afternoon": (12, 18),
    "evening": (18, 22),
    "night": (NIGHT_START_HOUR, 24 + NIGHT_END_HOUR),
}
"""The first hour of each part of a day, and the hour at which it has ended; a night ends on the following day."""

_DAY = timedelta(days=1)
_HOURS_AHEAD = 24
_NEXT_DAYS = re.compile(r"next_([1-9][0-9]{0,2})_days")


def span_of(
    period: str, part: str | None, here: datetime, zone: ZoneInfo, first_weekday: int
) -> tuple[datetime, datetime]:
    """Return the start and the end (exclusive) of a period, or of a part of its day, aware and in `zone`.

    `here` is the current time in `zone`; `first_weekday` is 0 for Monday to 6 for Sunday. Raises `PamError`
    (`unknown_period`) for an unknown period, a part of a period of several days, and a part that is over.
    """
    hour = here.replace(minute=0, second=0, microsecond=0)
    if part is not None:
        return _span_of_part(period, part, here, zone)
    if period == "now":
        return hour, hour + timedelta(hours=_HOURS_AHEAD)
    if period == "tonight":
        start, end = _hours_of(_evening(here), "night", zone)
        return max(start, hour), end
    first, last = _days(period, here.date(), first_weekday)
    return midnight(first, zone).astimezone(zone), midnight(last + _DAY, zone).astimezone(zone)


def _span_of_part(period: str, part: str, here: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    if part not in PART_HOURS:
        raise _unknown("PAM doesn't know that part of the day. Try morning, noon, afternoon, evening or night.")
    if period == "now":
        # Without a day, the next one: "in the morning", asked in the afternoon, is tomorrow's.
        day = _evening(here) if part == "night" else here.date()
        if _hours_of(day, part, zone)[1] <= here:
            day += _DAY
    elif period == "tonight" and part in ("evening", "night"):
        day = _evening(here) if part == "night" else here.date()
    elif period in DAY_PERIODS:
        day, _ = _days(period, here.date(), 0)
    else:
        raise _unknown("A part of the day needs a day, such as tomorrow or a weekday.")
    start, end = _hours_of(day, part, zone)
    if end <= here:
        raise _unknown("That part of the day is over.")
    return start, end


def _evening(here: datetime) -> date:
    """Return the day on which the current or the next night begins; after midnight it is yesterday."""
    return here.date() - _DAY if here.hour < NIGHT_END_HOUR else here.date()


def _hours_of(day: date, part: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    first, end = PART_HOURS[part]
    return datetime.combine(day, time(first), zone), datetime.combine(day + end // 24 * _DAY, time(end % 24), zone)


def _days(period: str, today: date, first_weekday: int) -> tuple[date, date]:
    """Return the first and the last day of a period."""
    if period == "today":
        return today, today
    if period == "tomorrow":
        return today + _DAY, today + _DAY
    if period == "day_after_tomorrow":
        return today + 2 * _DAY, today + 2 * _DAY
    if period in WEEKDAYS:
        day = today + timedelta(days=(WEEKDAYS.index(period) - today.weekday()) % 7)
        return day, day
    if period == "this_weekend":
        saturday = today + timedelta(days=(5 - today.weekday()) % 7)
        return (today, today) if today.weekday() == 6 else (saturday, saturday + _DAY)
    if period == "this_week":
        return today, today + 6 * _DAY
    if period == "next_week":
        start = today + timedelta(days=7 - (today.weekday() - first_weekday) % 7)
        return start, start + 6 * _DAY
    if counted := _NEXT_DAYS.fullmatch(period):
        days = int(counted[1])
        if days > MAX_FORECAST_DAYS:
            raise _unknown(f"The forecast reaches {MAX_FORECAST_DAYS} days.")
        return today, today + (days - 1) * _DAY
    raise _unknown("PAM doesn't know that time. Try now, tonight, tomorrow or a weekday.")


def _unknown(message: str) -> PamError:
    return PamError(UNKNOWN_PERIOD, message, field="period")
