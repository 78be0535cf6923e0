"""Wall clocks in time zones: the instants that they show, where clock changes repeat them or skip them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pam.platform.errors import AMBIGUOUS_TIME, INVALID_TIME, NONEXISTENT_TIME, ErrorChoice, PamError
from pam.users.formatting import format_clock, format_day
from pam.users.profile import Profile


def resolve_time(when: datetime, profile: Profile, field: str) -> datetime:
    """Return the instant in UTC that a wall clock means in the profile's time zone.

    Raises `PamError`: `nonexistent_time` where clocks go forward over it, `ambiguous_time` where they go back to it and
    no offset says which is meant, `invalid_time` for an offset that the time zone doesn't have then.
    """
    local, zone = when.replace(tzinfo=None), profile.zone
    found = instants_of(local, zone)
    if not found:
        raise _nonexistent(local, profile, field)
    if when.tzinfo is not None:
        if when.astimezone(UTC) not in found:
            raise PamError(
                INVALID_TIME, f"That isn't the time in {zone.key}. Write it as clocks show it there.", field=field
            )
        return when.astimezone(UTC)
    if len(found) > 1:
        raise _ambiguous(local, found, profile, field)
    return found[0]


def instants_of(local: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the instants at which clocks of a time zone show `local`: none, one or two, the earlier first."""
    found = dict.fromkeys(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return [instant for instant in found if to_local(instant, zone) == local]


def stored_instant(local: datetime, zone: ZoneInfo, stored: datetime) -> datetime:
    """Return the instant of a stored wall clock: the stored one unless the rules of its time zone were changed since.

    The wall clock holds then.
    """
    found = instants_of(local, zone)
    return stored if stored in found or not found else found[0]


def to_local(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what clocks of a time zone show at an instant."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def _nonexistent(local: datetime, profile: Profile, field: str) -> PamError:
    near = sorted(
        to_local(local.replace(tzinfo=profile.zone, fold=fold).astimezone(UTC), profile.zone) for fold in (0, 1)
    )
    choices = [ErrorChoice(format_clock(time, profile), time.isoformat(timespec="minutes")) for time in near]
    clock = format_clock(local, profile)
    return PamError(
        NONEXISTENT_TIME,
        f"On {format_day(local, profile)} the clocks go forward in {profile.zone.key}, and {clock} doesn't exist."
        f" Is it {choices[0].text} or {choices[1].text}?",
        field=field,
        choices=choices,
    )


def _ambiguous(local: datetime, found: list[datetime], profile: Profile, field: str) -> PamError:
    aware = [instant.astimezone(profile.zone) for instant in found]
    clock = format_clock(local, profile)
    texts = [f"{clock} ({time:UTC%z})" for time in aware]
    return PamError(
        AMBIGUOUS_TIME,
        f"On {format_day(local, profile)} the clocks go back in {profile.zone.key}, and {clock} comes twice."
        f" Is it the first, {texts[0]}, or the second, {texts[1]}?",
        field=field,
        choices=[
            ErrorChoice(text, time.isoformat(timespec="minutes")) for text, time in zip(texts, aware, strict=True)
        ],
    )
