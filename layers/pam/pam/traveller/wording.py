"""Money and days as a traveller writes them, by the Unicode CLDR of their locale."""

from datetime import date, timedelta
from decimal import Decimal

from babel.dates import format_date, format_interval
from babel.numbers import format_currency

from pam.traveller.profile import Profile


def money(amount: Decimal, currency: str, profile: Profile) -> str:
    """Such as `$412.36`, or `A$45.00` where the dollar isn't the traveller's own."""
    return format_currency(amount, currency, locale=profile.locale)


def days(start: date, end: date, profile: Profile) -> str:
    """The days from `start` up to, but without, `end`: such as `Nov 1 – 22, 2026`."""
    last = end - timedelta(days=1)
    if last <= start:
        return format_date(start, format="medium", locale=profile.locale)
    return format_interval(start, last, "yMMMd", locale=profile.locale)


def month_and_year(day: date, profile: Profile) -> str:
    """Such as `October 2026`."""
    return format_date(day, format="MMMM y", locale=profile.locale)


def counted(number: int, singular: str) -> str:
    """Such as `1 expense` or `9 expenses`."""
    return f"{number} {singular}" if number == 1 else f"{number} {singular}s"
