"""The first day of the week by locale."""

from babel import Locale


def first_weekday(locale: str) -> int:
    """Return the first weekday of a locale such as `en_US` by the Unicode CLDR: 0 for Monday to 6 for Sunday."""
    return int(Locale.parse(locale).first_week_day)
