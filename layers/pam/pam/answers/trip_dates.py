"""The dates of a planned trip: whether it is in time, and its days as they are saved."""

from datetime import date, datetime, timedelta

from pam.answers.trip_plan import TripPlan
from pam.answers.trip_text import night_place
from pam.platform.errors import ARRIVES_TOO_LATE, PamError
from pam.travel.itinerary import day_offsets
from pam.travel.schedule import ArriveBy, ArrivesTooLate, Schedule, schedule_trip
from pam.travel.trips import TripLeg
from pam.users.formatting import format_dates, format_duration, format_number, pluralize
from pam.users.profile import Profile

_DAY = timedelta(days=1)


def dated_schedule(
    plan: TripPlan, start: date | None, arrive_by: ArriveBy | None, now: datetime, profile: Profile
) -> Schedule:
    """Return the dates of a plan. Raises `PamError` (`arrives_too_late`), whose message says what would do."""
    today = now.astimezone(profile.zone).date()
    try:
        schedule = schedule_trip(plan.days, start, arrive_by, today)
        is_today = schedule.start == today and day_offsets(plan.days)[-1] == 0
        if is_today and schedule.leave_by and schedule.leave_by < now.astimezone(profile.zone).time():
            raise ArrivesTooLate(today, today - _DAY)
        return schedule
    except ArrivesTooLate as late:
        units = plan.user.units
        distance = f"{format_number(units.distance(plan.limit.distance_m), profile)} {units.distance_unit}"
        limit = f"{distance} or {format_duration(plan.limit.duration_s)} at the wheel"
        text = (
            f"With at most {limit} a day, that trip takes {pluralize(len(plan.days), 'day')} of driving with "
            f"{pluralize(plan.night_count, 'night')}. From {_format(start or today, profile)} it arrives on "
            f"{_format(late.arrival, profile)}, too late."
        )
        options = ["drive more a day, leave out a stop, or arrive later."]
        if late.latest_start >= today:
            options.insert(0, f"start by {_format(late.latest_start, profile)},")
        choice = " ".join(options)
        raise PamError(ARRIVES_TOO_LATE, f"{text} {choice[0].upper()}{choice[1:]}", field="arrive_by") from None


def trip_legs(plan: TripPlan, start: date | None) -> tuple[TripLeg, ...]:
    """Return the days of a plan as they are saved."""
    nights = [night.count for night in plan.nights] + [0]
    ends = [night_place(night, plan.user) for night in plan.nights] + [plan.places[-1].name]
    origins = [plan.places[0].name, *ends]
    return tuple(
        TripLeg(origin, end, start + offset * _DAY if start else None, day.distance_m, day.duration_s, count)
        for day, offset, origin, end, count in zip(
            plan.days, day_offsets(plan.days), origins, ends, nights, strict=False
        )
    )


def _format(day: date, profile: Profile) -> str:
    return format_dates(day, day + _DAY, profile)
