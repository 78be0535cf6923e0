"""The forecast of a period, and the warning that its wind requires for a high-sided vehicle."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pam.platform.errors import UNKNOWN_PERIOD, PamError
from pam.travel.forecast import CurrentWeather, DailyForecast, Forecast, HourlyForecast
from pam.travel.forecast_periods import span_of

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


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

    `now` is set where the period contains the current time, `days` where it contains whole days. `asked_at` is the
    time of the question. `sun_days` are the days whose sunrises and sunsets the period has, or the next ones.
    """

    period: str
    part: str | None
    asked_at: datetime
    zone: ZoneInfo
    start: datetime
    end: datetime
    now: CurrentWeather | None
    hours: tuple[HourlyForecast, ...]
    days: tuple[DailyForecast, ...]
    sun_days: tuple[DailyForecast, ...]

    @property
    def remaining(self) -> tuple[HourlyForecast, ...]:
        """The hours that aren't over: what will happen in the rest of the period."""
        return tuple(hour for hour in self.hours if hour.time + _HOUR > self.asked_at)

    @property
    def is_complete(self) -> bool:
        """Whether the forecast reaches the end of the period; a cached one may end a day earlier."""
        return self.hours[-1].time + _HOUR >= self.end

    @property
    def wind(self) -> WindWarning | None:
        """The warning for the strongest gust of the period, if any."""
        strongest = max(
            (hour for hour in self.remaining if hour.gusts_mps is not None),
            key=lambda hour: hour.gusts_mps or 0,
            default=None,
        )
        if strongest is None or strongest.gusts_mps is None:
            return None
        level = wind_level(strongest.gusts_mps)
        return WindWarning(level, strongest.gusts_mps, strongest.time.astimezone(self.zone)) if level else None


def outlook(forecast: Forecast, period: str, now: datetime, part: str | None = None, first_weekday: int = 0) -> Outlook:
    """Return the forecast of a period, or of a part of a day, in the time zone of the place.

    Periods: `now` (and the 24 hours after), `today`, `tonight`, `tomorrow`, `day_after_tomorrow`, weekdays (the next of
    that name, or today), `this_weekend` (the rest of it, or the next), `this_week` (seven days), `next_week` (from the
    next `first_weekday`), `next_N_days` (today included). Parts: `morning`, `noon`, `afternoon`, `evening`, `night` of
    a day; with `now` the next one. Raises `PamError` (`unknown_period`) for any other, for a part that is over, and for
    a period after the end of the forecast.
    """
    zone = ZoneInfo(forecast.zone)
    here = now.astimezone(zone)
    start, end = span_of(period, part, here, zone, first_weekday)
    hours = tuple(hour for hour in forecast.hours if start <= hour.time < end)
    if not hours:
        raise PamError(UNKNOWN_PERIOD, "The forecast doesn't reach that far.", field="period")
    has_days = part is None and period not in ("now", "tonight")
    has_now = start <= now < end and period in ("now", "today")
    sun_days = tuple(
        day
        for day in forecast.days
        if (here.date() <= day.date <= end.date() if period == "now" else day.date == start.date())
    )
    return Outlook(
        period=period,
        part=part,
        asked_at=now,
        zone=zone,
        start=start,
        end=end,
        now=forecast.now if has_now else None,
        hours=hours,
        days=tuple(day for day in forecast.days if has_days and start.date() <= day.date < end.date()),
        sun_days=sun_days,
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
