"""Amounts as people write them: locales × currencies × accounts, and the readings of ambiguous ones."""

import uuid
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from babel.numbers import format_decimal, get_decimal_symbol, get_group_symbol
from hypothesis import given
from hypothesis import strategies as st

from pam.money.amounts import CURRENCIES
from pam.money.typed_amounts import parse_typed_amount, read_amount
from pam.platform.errors import PamError
from pam.users.formatting import format_money
from pam.users.profile import Profile

LOCALES = [
    "en_US", "en_CA", "fr_CA", "es_MX", "en_AU", "en_NZ", "en_GB", "en_IE", "en_ZA", "af_ZA", "de_DE", "de_AT", "de_CH",
    "fr_CH", "it_CH", "fr_FR", "es_ES", "it_IT", "nl_NL", "pt_PT", "nb_NO", "sv_SE", "da_DK", "fi_FI",
]  # fmt: skip

locales, currencies = st.sampled_from(LOCALES), st.sampled_from(sorted(CURRENCIES))
amounts = st.integers(1, 100_000_000).map(lambda cents: Decimal(cents) / 100)


def profile(currency: str, locale: str) -> Profile:
    return Profile(uuid.UUID(int=1), ZoneInfo("UTC"), currency, locale)


def read(text: str, account: str = "USD", locale: str = "en_US", named: str | None = None) -> str:
    amount, currency = read_amount(parse_typed_amount(text), named, profile(account, locale))
    return f"{amount} {currency}"


@pytest.mark.parametrize(
    ("text", "account", "locale", "expected"),
    [
        ("45", "USD", "en_US", "45.00 USD"),
        ("$45", "USD", "en_US", "45.00 USD"),
        ("$45", "CAD", "en_CA", "45.00 CAD"),
        ("$45", "MXN", "es_MX", "45.00 MXN"),
        ("45 dollars", "MXN", "es_MX", "45.00 USD"),
        ("45 bucks", "NZD", "en_NZ", "45.00 NZD"),
        ("$45", "GBP", "en_GB", "45.00 USD"),
        ("$45", "EUR", "de_DE", "45.00 USD"),
        ("$45", "CHF", "de_CH", "45.00 USD"),
        ("$45", "NOK", "nb_NO", "45.00 USD"),
        ("€45", "USD", "en_US", "45.00 EUR"),
        ("45 euros", "USD", "en_US", "45.00 EUR"),
        ("45,00 €", "USD", "en_US", "45.00 EUR"),
        ("A$45", "USD", "en_US", "45.00 AUD"),
        ("A$45 dollars", "USD", "en_US", "45.00 AUD"),
        ("$45 AUD", "USD", "en_US", "45.00 AUD"),
        ("AUD $45", "USD", "en_US", "45.00 AUD"),
        ("CA$1,500", "USD", "en_US", "1500.00 CAD"),
        ("NZ$ 12.05", "USD", "en_US", "12.05 NZD"),
        ("US$45", "AUD", "en_AU", "45.00 USD"),
        ("12,50 $ US", "CAD", "fr_CA", "12.50 USD"),
        ("£30", "USD", "en_US", "30.00 GBP"),
        ("30 quid", "USD", "en_US", "30.00 GBP"),
        ("Fr. 45.50", "USD", "en_US", "45.50 CHF"),
        ("Fr.50", "EUR", "fr_FR", "50.00 CHF"),
        ("45 kr", "SEK", "sv_SE", "45.00 SEK"),
        ("kr 45,-", "NOK", "nb_NO", "45.00 NOK"),
        ("45 kr.", "DKK", "da_DK", "45.00 DKK"),
        ("45 kronor", "USD", "en_US", "45.00 SEK"),
        ("45 nok", "USD", "en_US", "45.00 NOK"),
        ("45 Norwegian kroner", "USD", "en_US", "45.00 NOK"),
        ("R45", "ZAR", "en_ZA", "45.00 ZAR"),
        ("200 pesos", "USD", "en_US", "200.00 MXN"),
        ("1,200", "USD", "en_US", "1200.00 USD"),
        ("1.200", "EUR", "de_DE", "1200.00 EUR"),
        ("1.200,50", "EUR", "de_DE", "1200.50 EUR"),
        ("1.200,50", "USD", "en_US", "1200.50 USD"),
        ("1'200.50", "CHF", "de_CH", "1200.50 CHF"),
        ("1’200.50", "USD", "en_US", "1200.50 USD"),
        ("1 200,50", "NOK", "nb_NO", "1200.50 NOK"),
        ("1\u202f200,50 €", "EUR", "fr_FR", "1200.50 EUR"),
        (" 45 ", "USD", "en_US", "45.00 USD"),
        ("45,50", "USD", "en_US", "45.50 USD"),
        ("45.5", "EUR", "de_DE", "45.50 EUR"),
        (".50", "USD", "en_US", "0.50 USD"),
        ("0.200", "USD", "en_US", "0.20 USD"),
        ("$.50", "USD", "en_US", "0.50 USD"),
        ("＄４５", "USD", "en_US", "45.00 USD"),
        ("1.200.300", "EUR", "de_DE", None),
        ("1,000,000", "USD", "en_US", "1000000.00 USD"),
    ],
)
def test_amount_is_read_in_the_locale_and_currency_of_the_user(
    text: str, account: str, locale: str, expected: str | None
) -> None:
    """Symbols, codes, names and separators of each country are understood; None is beyond the largest amount."""
    if expected is None:
        with pytest.raises(PamError, match="at most 1,000,000"):
            read(text, account, locale)
    else:
        assert read(text, account, locale) == expected


@pytest.mark.parametrize(
    ("text", "account", "locale", "readings"),
    [
        ("1.200", "USD", "en_US", ["1.20 USD", "1200.00 USD"]),
        ("$1.200", "GBP", "en_GB", ["1.20 USD", "1200.00 USD"]),
        ("1,200", "EUR", "de_DE", ["1.20 EUR", "1200.00 EUR"]),
        ("1.200", "CHF", "de_CH", ["1.20 CHF", "1200.00 CHF"]),
        ("1.200", "EUR", "fr_FR", ["1.20 EUR", "1200.00 EUR"]),
        ("1.234", "USD", "en_US", ["1234.00 USD"]),
        ("45 kr", "USD", "en_US", ["45.00 DKK", "45.00 NOK", "45.00 SEK"]),
        ("45 kroner", "SEK", "sv_SE", ["45.00 DKK", "45.00 NOK"]),
        ("$45", "EUR", "en_AU", ["45.00 USD", "45.00 AUD"]),
        ("1.200 kr", "EUR", "de_DE", ["1200.00 DKK", "1200.00 NOK", "1200.00 SEK"]),
    ],
)
def test_ambiguous_amount_offers_its_readings(text: str, account: str, locale: str, readings: list[str]) -> None:
    """The error names every reading, and the value of each means only this one."""
    with pytest.raises(PamError) as rejected:
        read(text, account, locale)
    error = rejected.value
    assert (error.error.code, error.field) == ("ambiguous_amount", "amount")
    assert [choice.value for choice in error.choices] == readings
    assert all(choice.text in error.message for choice in error.choices)
    assert [read(choice.value, account, locale) for choice in error.choices] == readings


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *[(text, "invalid_amount") for text in ("", "ten", "-45", "$-45", "−45", "45-", "0", "4,5,6", "1e9", "45 + 5")],
        *[(text, "invalid_amount") for text in ("45.5055", "1,20,300", "€45 dollars", "1.2.3", "12 5", "9" * 41)],
        *[(text, "unknown_currency") for text in ("S$45", "¥45", "45 apples", "45 JPY", "HK$45")],
    ],
)
def test_text_that_is_not_an_amount_is_rejected(text: str, code: str) -> None:
    """Nothing is guessed: another currency, two currencies, a negative, too fine or unfinished number."""
    with pytest.raises(PamError) as rejected:
        read(text)
    assert (rejected.value.error.code, rejected.value.field) == (code, "amount")


def test_currency_named_beside_the_amount_decides_a_shared_symbol() -> None:
    """ "$45" with the currency CAD is CA$45; with EUR it is a contradiction."""
    assert read("$45", named="CAD") == "45.00 CAD"
    assert read("45,00", named="SEK") == "45.00 SEK"
    assert read("45 kr", named="SEK") == "45.00 SEK"
    with pytest.raises(PamError, match="isn't in EUR"):
        read("$45", named="EUR")


@given(amounts, currencies, currencies, locales)
def test_formatted_amount_is_read_back(amount: Decimal, currency: str, account: str, locale: str) -> None:
    """What PAM writes is read as the same amount and currency, or is a reading of krona symbols in another account."""
    text = format_money(amount, currency, profile(account, locale))
    try:
        assert read(text, account, locale) == f"{amount:.2f} {currency}"
    except PamError as error:
        assert error.error.code == "ambiguous_amount" and "kr" in text and account not in {"NOK", "SEK", "DKK"}
        assert f"{amount:.2f} {currency}" in [choice.value for choice in error.choices]


@given(amounts, locales)
def test_number_with_separators_of_its_locale_is_read_back(amount: Decimal, locale: str) -> None:
    """With two decimal places, the number alone is never ambiguous."""
    assert read(format_decimal(amount, "#,##0.00", locale), "EUR", locale) == f"{amount:.2f} EUR"


@given(st.integers(1, 999), st.integers(0, 99), st.sampled_from(".,"), locales)
def test_one_separator_before_three_digits_is_certain_only_where_it_groups(
    thousands: int, tens: int, separator: str, locale: str
) -> None:
    """ "1.200" is 1,200 where a full stop separates thousands, and a question elsewhere; likewise for a comma."""
    text = f"{thousands}{separator}{tens:02}0"
    grouped, decimal = f"{thousands * 1000 + tens * 10}.00 EUR", f"{thousands}.{tens:02} EUR"
    if separator == get_group_symbol(locale):
        assert read(text, "EUR", locale) == grouped
        return
    assert get_decimal_symbol(locale) == separator or get_group_symbol(locale) not in ".,"
    with pytest.raises(PamError) as rejected:
        read(text, "EUR", locale)
    assert [choice.value for choice in rejected.value.choices] == [decimal, grouped]


@given(st.text(max_size=45) | st.from_regex(r"[$€ kr]{0,3}[0-9.,' ]{1,12}[A-Z$ -]{0,4}", fullmatch=True), locales)
def test_any_text_is_an_amount_or_rejected_with_a_sentence(text: str, locale: str) -> None:
    """No text raises anything but a `PamError` for the field."""
    try:
        amount, currency = read_amount(parse_typed_amount(text), None, profile("USD", locale))
    except PamError as error:
        assert error.field == "amount" and error.message
        return
    assert Decimal("0.01") <= amount <= 1_000_000 and currency in CURRENCIES
