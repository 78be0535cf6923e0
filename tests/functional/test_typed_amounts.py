"""Amounts in the form, the API, sentences and tools, of users with accounts in different currencies and locales."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.conftest import Traveller

NewAccount = Callable[[str, str], Traveller]


@pytest.fixture
def new_account(new_traveller: Callable[[], Traveller], owner: psycopg.Connection) -> NewAccount:
    """Create a user with an account's currency and a locale."""

    def create(currency: str, locale: str) -> Traveller:
        user = new_traveller()
        owner.execute("insert into users (id, currency, locale) values (%s, %s, %s)", (user.id, currency, locale))
        return user

    return create


def added(response: Any) -> tuple[str, str]:
    assert response.status_code == 201, response.text
    expense = response.json()["expense"]
    return expense["amount"], expense["currency"]


@pytest.mark.parametrize(
    ("account", "locale", "amount", "expected"),
    [
        ("USD", "en_US", "€45", ("45.00", "EUR")),
        ("USD", "en_US", "A$45", ("45.00", "AUD")),
        ("GBP", "en_GB", "$45", ("45.00", "USD")),
        ("CAD", "en_CA", "$45", ("45.00", "CAD")),
        ("EUR", "de_DE", "1.200,50", ("1200.50", "EUR")),
        ("CHF", "de_CH", "1'200.50", ("1200.50", "CHF")),
        ("SEK", "sv_SE", "45 kr", ("45.00", "SEK")),
        ("EUR", "de_DE", "45.00", ("45.00", "EUR")),
        ("EUR", "de_DE", 45.5, ("45.50", "EUR")),
    ],
)
def test_amount_of_a_request_is_read_in_the_locale_of_the_account(
    new_account: NewAccount, account: str, locale: str, amount: Any, expected: tuple[str, str]
) -> None:
    """The response has the amount and the currency that were understood; plain decimals mean the same everywhere."""
    assert added(new_account(account, locale).spends(amount)) == expected


def test_ambiguous_amount_of_a_request_is_refused_with_its_readings(new_account: NewAccount) -> None:
    """Nothing is added before one of the readings is sent."""
    user = new_account("USD", "en_US")
    response = user.spends("1.200")
    assert response.status_code == 422
    assert response.json() == {
        "code": "ambiguous_amount",
        "message": "“1.200” could be $1.20 or $1,200.00. Which one is it?",
        "field": "amount",
        "choices": [
            {"text": "$1.20", "value": "1.20 USD"},
            {"text": "$1,200.00", "value": "1200.00 USD"},
        ],
    }
    assert user.summary()["count"] == 0
    assert added(user.spends("1200.00 USD")) == ("1200.00", "USD")


@pytest.mark.parametrize(
    ("account", "locale", "sentence", "expected"),
    [
        ("USD", "en_US", "spent $45 on groceries", ("45.00", "USD")),
        ("GBP", "en_GB", "spent $45 on groceries", ("45.00", "USD")),
        ("NOK", "nb_NO", "spent $45 on groceries", ("45.00", "USD")),
        ("AUD", "en_AU", "spent $1,200 on groceries", ("1200.00", "AUD")),
        ("MXN", "es_MX", "spent 45 dollars on groceries", ("45.00", "USD")),
        ("NOK", "nb_NO", "spent kr 45 on groceries", ("45.00", "NOK")),
        ("USD", "en_US", "spent 45 CHF on groceries", ("45.00", "CHF")),
        ("EUR", "de_DE", "spent €1,200.50 on groceries", ("1200.50", "EUR")),
        ("EUR", "de_DE", "spent 45,50 € on groceries", ("45.50", "EUR")),
        ("USD", "en_US", "spent 1.200,50 € on groceries", ("1200.50", "EUR")),
        ("USD", "en_US", "spent kr 45 on groceries", None),
        ("EUR", "de_DE", "spent €1,200 on groceries", None),
    ],
)
def test_sentence_is_read_like_the_form_or_left_to_claude(
    new_account: NewAccount, account: str, locale: str, sentence: str, expected: tuple[str, str] | None
) -> None:
    """ "$45" of a GBP account is 45 US dollars; where two readings are possible, no fast answer is given."""
    user = new_account(account, locale)
    answer = user.http.post("/v1/ask", json={"text": sentence}).json()
    if expected is None:
        assert (answer["tier"], answer["intent"]) == (3, "chat")
        assert user.summary()["count"] == 0 and user.summary()["other_currencies"] == []
        return
    expense = answer["answer"]["expense"]
    assert (expense["amount"], expense["currency"]) == expected


def test_reply_names_the_dollar_that_was_recorded(new_account: NewAccount) -> None:
    """A GBP account's "$45" is confirmed as US$45.00, a Canadian one's as CA$45.00."""
    british = new_account("GBP", "en_GB").spends("$45").json()["text"]
    canadian = new_account("CAD", "en_US").spends("$45").json()["text"]
    american_of_canadian = new_account("CAD", "en_US").spends("US$45").json()["text"]
    assert [text.split(" for ")[0] for text in (british, canadian, american_of_canadian)] == [
        "Added US$45.00",
        "Added CA$45.00",
        "Added US$45.00",
    ]


@pytest.mark.parametrize(("account", "locale", "tier"), [("USD", "en_US", 2), ("GBP", "en_GB", 3)])
def test_fuel_price_in_dollars_needs_an_account_in_dollars(
    new_account: NewAccount, account: str, locale: str, tier: int
) -> None:
    """ "$3.59 a gallon" isn't answered in pounds."""
    user = new_account(account, locale)
    answer = user.http.post("/v1/ask", json={"text": "fuel for 300 miles at 10 mpg at $3.50 a gallon"}).json()
    assert answer["tier"] == tier
