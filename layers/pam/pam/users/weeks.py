"""On which day a week begins, where the traveller comes from."""

from babel import Locale


def first_weekday(locale: str) -> int:
    """0 for Monday to 6 for Sunday, by the Unicode CLDR of a locale such as `en_US`."""
    return int(Locale.parse(locale).first_week_day)
