"""The forecast of a period, and the warning that its wind requires for a high-sided vehicle."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pam.platform.errors import UNKNOWN_PERIOD, PamError
from pam.travel.forecast import CurrentWeather, DailyForecast, Forecast, HourlyForecast
from pam.users.periods import WEEKDAYS, midnight

_DAY = timedelta(days=1)
_EVENING = time(18)
_MORNING = time(6)
_HOURS_AHEAD = 24


@dataclass(frozen=True)
class WindWarning:
    """A warning for motorhomes: `caution`, `warning` or `danger`, the strongest gust in m/s, and its time."""

    level: str
    gusts_mps: float
    at: datetime


# Gusts in m/s. The US National Weather Service issues a wind advisory from gusts of 46 mph and a high wind
# warning from 58 mph; high-sided vehicles are affected earlier, so the first level is at 30 mph.
_LEVELS = ((25.9, "danger"), (20.5, "warning"), (13.4, "caution"))


def wind_level(gusts_mps: float) -> str | None:
    """Return `caution`, `warning` or `danger` for gusts in m/s, None where they are harmless."""
    return next((level for threshold, level in _LEVELS if gusts_mps >= threshold), None)


@dataclass(frozen=True)
class Outlook:
    """The weather of a period: from `start` up to, but without, `end` (aware, in the place's zone).

    `now` is set where the period contains the current time, `days` where it contains whole days.
    """

    period: str
    zone: ZoneInfo
    start: datetime
    end: datetime
    now: CurrentWeather | None
    hours: tuple[HourlyForecast, ...]
    days: tuple[DailyForecast, ...]

    @property
    def wind(self) -> WindWarning | None:
        """The warning for the strongest gust of the period, if any."""
        strongest = max(
            (hour for hour in self.hours if hour.gusts_mps is not None),
            key=lambda hour: hour.gusts_mps or 0,
            default=None,
        )
        if strongest is None or strongest.gusts_mps is None:
            return None
        level = wind_level(strongest.gusts_mps)
        return WindWarning(level, strongest.gusts_mps, strongest.time.astimezone(self.zone)) if level else None


def outlook(forecast: Forecast, period: str, now: datetime) -> Outlook:
    """Return the forecast of a period, in the time zone of the place.

    Periods: `now` (and the 24 hours after), `today`, `tonight`, `tomorrow`, weekdays (the next of that name, or
    today), `this_weekend` (the rest of it, or the next), `this_week` (seven days). Raises `PamError`
    (`unknown_period`) for any other, and for one after the end of the forecast.
    """
    zone = ZoneInfo(forecast.zone)
    here = now.astimezone(zone)
    start, end = _bounds(period, here, zone)
    hours = tuple(hour for hour in forecast.hours if start <= hour.time < end)
    if not hours:
        raise PamError(UNKNOWN_PERIOD, "The forecast doesn't reach that far.", field="period")
    has_days = period not in ("now", "tonight")
    return Outlook(
        period=period,
        zone=zone,
        start=start,
        end=end,
        now=forecast.now if start <= now < end and period in ("now", "today") else None,
        hours=hours,
        days=tuple(day for day in forecast.days if has_days and start.date() <= day.date < end.date()),
    )


def days_ahead(forecast: Forecast, count: int, now: datetime) -> tuple[DailyForecast, ...]:
    """Return today, in the time zone of the place, and the following days: `count`, or fewer at the forecast's end.

    Raises `PamError` (`unknown_period`) where it ended before today.
    """
    today = now.astimezone(ZoneInfo(forecast.zone)).date()
    days = tuple(day for day in forecast.days if today <= day.date < today + count * _DAY)
    if not days:
        raise PamError(UNKNOWN_PERIOD, "The forecast doesn't reach that far.", field="days")
    return days


def _bounds(period: str, here: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    today = here.date()
    hour = here.replace(minute=0, second=0, microsecond=0)
    if period == "now":
        return hour, hour + timedelta(hours=_HOURS_AHEAD)
    if period == "tonight":
        # After midnight, tonight is the rest of this night.
        evening = today - _DAY if here.time() < _MORNING else today
        dusk = datetime.combine(evening, _EVENING, zone)
        return max(dusk, hour), datetime.combine(evening + _DAY, _MORNING, zone)
    first, last = _days(period, today)
    return midnight(first, zone).astimezone(zone), midnight(last + _DAY, zone).astimezone(zone)


def _days(period: str, today: date) -> tuple[date, date]:
    if period == "today":
        return today, today
    if period == "tomorrow":
        return today + _DAY, today + _DAY
    if period in WEEKDAYS:
        day = today + timedelta(days=(WEEKDAYS.index(period) - today.weekday()) % 7)
        return day, day
    if period == "this_weekend":
        saturday = today + timedelta(days=(5 - today.weekday()) % 7)
        return (today, today) if today.weekday() == 6 else (saturday, saturday + _DAY)
    if period == "this_week":
        return today, today + 6 * _DAY
    raise PamError(
        UNKNOWN_PERIOD, "PAM doesn't know that time. Try now, tonight, tomorrow or a weekday.", field="period"
    )
