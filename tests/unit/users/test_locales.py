"""Languages with a country: those of the Unicode CLDR, with which amounts and dates can be written."""

from datetime import date
from decimal import Decimal
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from babel import localedata

from pam.platform.errors import PamError
from pam.users.formatting import format_dates, format_money
from pam.users.locales import parse_locale
from pam.users.profile import Profile
from pam.users.weeks import first_weekday

WITH_COUNTRY = sorted(
    {
        f"{parts[0]}_{parts[-1]}"
        for parts in (name.split("_") for name in localedata.locale_identifiers())
        if len(parts) in (2, 3) and len(parts[-1]) == 2 and parts[-1].isupper()
    }
)


def test_every_accepted_locale_writes_amounts_and_dates() -> None:
    """And has a first day of the week."""
    accepted = 0
    for name in WITH_COUNTRY:
        try:
            locale = parse_locale(name)
        except PamError:
            continue  # a language that has no default script there
        accepted += 1
        profile = Profile(uuid4(), ZoneInfo("UTC"), "EUR", locale)
        assert all(format_money(Decimal("45.00"), currency, profile) for currency in ("USD", "NOK"))
        assert format_dates(date(2026, 11, 1), date(2026, 11, 23), profile)
        assert 0 <= first_weekday(locale) <= 6
    assert accepted > 500


@pytest.mark.parametrize("value", ["en_US", "fr_CA", "nb_NO", "zh_CN", "en_DE"])
def test_locale_is_accepted_as_it_is(value: str) -> None:
    assert parse_locale(value) == value


@pytest.mark.parametrize(
    "value", ["", "en", "en-US", "EN_US", "en_us", "de_US", "xx_US", "en_XX", "German", "en_US ", 7, None, ["en_US"]]
)
def test_other_value_is_rejected(value: object) -> None:
    """Nothing is corrected, so that a typing error doesn't become another country."""
    with pytest.raises(PamError) as raised:
        parse_locale(value)
    assert (raised.value.error.code, raised.value.field) == ("unknown_locale", "language")
