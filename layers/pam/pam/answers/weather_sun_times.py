"""The time of a sunrise or a sunset, in words."""

from datetime import timedelta

from pam.answers.weather_times import place_text
from pam.travel.forecast import DailyForecast
from pam.travel.outlook import Outlook
from pam.users.formatting import format_dates
from pam.users.profile import Profile

_DAY = timedelta(days=1)


def sun_time_sentence(found: Outlook, locative: str, event: str, profile: Profile) -> str:
    """Render the time of the `sunrise` or `sunset` of the period's day, or of the next one."""
    for day in found.sun_days:
        at = day.sunset if event == "sunset" else day.sunrise
        if at is None or (found.period == "now" and at <= found.asked_at and not _is_polar(day)):
            continue
        on = format_dates(day.date, day.date + _DAY, profile)
        if _is_polar(day):
            never = "doesn't rise" if day.sunrise == day.sunset else "doesn't set"
            return f"The sun {never}{place_text(locative)} on {on}."
        return f"{event.capitalize()}{place_text(locative)}: {at.astimezone(found.zone):%H:%M} on {on}."
    return f"The {event}{place_text(locative)} isn't in the forecast."


def _is_polar(day: DailyForecast) -> bool:
    """Return whether the sun doesn't set or rise: the source sends no or 24 hours between its times."""
    return day.sunrise is not None and day.sunset is not None and day.sunset - day.sunrise in (timedelta(), _DAY)
