"""Amounts, dates and numbers formatted for a user's locale by the Unicode CLDR."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from babel.dates import format_date, format_interval, format_time
from babel.numbers import format_currency, format_decimal, get_currency_symbol

from pam.users.profile import Profile


def format_money(amount: Decimal, currency: str, profile: Profile) -> str:
    """Format an amount such as `$412.36` or `A$45.00`; every dollar but the US dollar has its prefix, in any locale.

    Beside an account in another currency with the same symbol, the US dollar has its prefix and a krone its code, so
    that the symbol alone is always the account's.
    """
    text = format_currency(amount, currency, locale=profile.locale)
    symbol = get_currency_symbol(currency, profile.locale)
    if symbol == "$" and currency != "USD":
        return text.replace("$", get_currency_symbol(currency, "en"))
    if currency == profile.currency:
        return text
    if symbol == "$" and get_currency_symbol(profile.currency, "en").endswith("$"):
        return text.replace("$", "US$")
    if symbol.startswith("kr") and profile.currency in ("NOK", "SEK", "DKK"):
        return text.replace(symbol, currency)
    return text


def format_dates(start: date, end: date, profile: Profile) -> str:
    """Format the days from `start` to `end` (exclusive), such as `Nov 1 – 22, 2026`."""
    last = end - timedelta(days=1)
    if last <= start:
        return format_date(start, format="medium", locale=profile.locale)
    return format_interval(start, last, "yMMMd", locale=profile.locale)


def format_day(day: date, profile: Profile) -> str:
    """Format a day, or that of a wall clock, such as `Nov 22, 2026`."""
    return str(format_date(day, format="medium", locale=profile.locale))


def format_clock(local: datetime, profile: Profile) -> str:
    """Format the time of a wall clock such as `9:00 AM`, as it is in its own time zone."""
    return str(format_time(local.replace(tzinfo=None), "short", locale=profile.locale))


def format_month(day: date, profile: Profile) -> str:
    """Format the month of a date, such as `October 2026`."""
    return format_date(day, format="MMMM y", locale=profile.locale)


def format_instant(moment: datetime, profile: Profile) -> str:
    """Format an aware datetime in the user's time zone, such as `Sat, Dec 5, 2026, 6:00 PM`."""
    local = moment.astimezone(profile.zone)
    weekday = format_date(local, format="EEE", locale=profile.locale)
    day = format_date(local, format="medium", locale=profile.locale)
    return f"{weekday}, {day}, {format_time(local.time(), format='short', locale=profile.locale)}"


def pluralize(count: int, singular: str) -> str:
    """Return the count with the singular or plural of a regular noun, such as `1 expense` or `9 expenses`."""
    return f"{count} {singular}" if count == 1 else f"{count} {singular}s"


def format_number(value: float | Decimal, profile: Profile, places: int = 0) -> str:
    """Format a number with `places` decimal places and the separators of the locale, such as `1,204` or `11.8`."""
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return format_decimal(value, format=pattern, locale=profile.locale)


def format_duration(seconds: float) -> str:
    """Format a duration such as `5 h 40 min`: to the minute below one hour, to five minutes from there."""
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(5 * round(minutes / 5), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
