"""Languages with a country, such as `en_US`: how amounts, dates and numbers are written."""

import re
from typing import Any

from babel import Locale, UnknownLocaleError

from pam.platform.errors import UNKNOWN_LOCALE, PamError

_LOCALE = re.compile(r"[a-z]{2,3}_[A-Z]{2}")


def parse_locale(value: Any) -> str:
    """Return a language and country that the Unicode CLDR has. Raises `PamError` (`unknown_locale`)."""
    try:
        if not isinstance(value, str) or not _LOCALE.fullmatch(value):
            raise ValueError
        Locale.parse(value)
    except (UnknownLocaleError, ValueError):
        raise PamError(
            UNKNOWN_LOCALE,
            "PAM doesn't know that language. It takes a language with a country, such as en_US or fr_CA.",
            field="language",
        ) from None
    return value
