"""The days that an answer is about."""

from typing import Annotated

from pydantic import Field

from pam.answers.answer import Date, ZoneName
from pam.answers.json_values import json_dataclass
from pam.users.periods import Window
from pam.users.profile import Profile


@json_dataclass
class DateRange:
    """Whole days in the traveller's zone."""

    from_: Annotated[Date, Field(alias="from", description="The first day.")]
    to: Annotated[Date, Field(description="The day after the last.")]


@json_dataclass
class PeriodRange(DateRange):
    """The days that an answer is about."""

    period: Annotated[str | None, Field(description="The period it came from; null where two dates were given.")]
    time_zone: ZoneName


def date_range(window: Window) -> DateRange:
    """Return a window as clients get it."""
    return DateRange(from_=window.start.isoformat(), to=window.end.isoformat())


def period_range(window: Window, profile: Profile) -> PeriodRange:
    """Return a window as clients get it, with its period and the user's time zone."""
    return PeriodRange(
        from_=window.start.isoformat(),
        to=window.end.isoformat(),
        period=window.period,
        time_zone=profile.zone.key,
    )
