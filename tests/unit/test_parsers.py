"""Each parser of client input returns a value within its limits or raises `PamError`, whatever the input."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from pam.answers.question import Location, Question, parse_question
from pam.money.amounts import CURRENCIES, parse_amount, parse_currency
from pam.money.budget_overview import BudgetQuery
from pam.money.categories import Category, parse_category
from pam.money.expense_list import Cursor, ExpensesQuery, parse_page_size
from pam.money.expenses import NewExpense, parse_date, parse_description
from pam.money.savings import SavingsQuery
from pam.money.spending import SpendingQuery
from pam.platform.errors import PamError
from pam.platform.http import HttpRequest, parse_json
from pam.travel import queries
from pam.travel.queries import parse_place
from pam.users.periods import resolve_day, resolve_period
from pam.users.time_zones import parse_time_zone

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text()
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)

# Texts that resemble valid ones reach more code than random ones.
almost_valid = st.text("0123456789-+.eE_ :TZ/abcdefghijklmnopqrstuvwxyz٣\u0000\ud800", max_size=24)


def parse_latitude(value: Any) -> float | None:
    return queries.LocatedQuery(latitude=value).latitude


def parse_distance(value: Any) -> float | None:
    return queries.FuelQuery(distance=value).distance


PARSERS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], bool]]] = {
    "amount": (parse_amount, lambda amount: 0 < amount <= 1_000_000),
    "currency": (parse_currency, lambda code: code in CURRENCIES),
    "category": (parse_category, lambda category: category in set(Category)),
    "date": (parse_date, lambda day: isinstance(day, date)),
    "description": (
        parse_description,
        lambda text: len(text) <= 500 and "\x00" not in text and text.encode() is not None,
    ),
    "limit": (parse_page_size, lambda limit: 1 <= limit <= 100),
    "cursor": (Cursor.parse, lambda cursor: cursor.spent_at.tzinfo is not None),
    "zone": (parse_time_zone, lambda zone: isinstance(zone, ZoneInfo)),
    "place": (parse_place, lambda place: 1 <= len(place) <= 200 and place.encode() is not None),
    "question": (parse_question, lambda text: 1 <= len(text) <= 4000),
    "latitude": (parse_latitude, lambda degrees: degrees is None or -90 <= degrees == round(degrees, 5) <= 90),
    "distance": (parse_distance, lambda distance: distance is None or 0.1 <= distance <= 20000),
}


@pytest.mark.parametrize("name", PARSERS)
@given(value=anything | almost_valid)
@example(value="right/UTC")
@example(value="localtime")
@example(value="1_0_0")
@example(value=" 10 ")
@example(value="٣")
@example(value="1e999999999")
@example(value="0000000010")
@example(value="00000000100000")
@example(value=Decimal("38.123456789012"))
@example(value="2026-02-30")
def test_any_value_is_parsed_within_its_limits_or_rejected(name: str, value: Any) -> None:
    """No other exception is raised, and no value exceeds the limits of its parser."""
    parse, is_within_limits = PARSERS[name]
    try:
        parsed = parse(value)
    except PamError as rejected:
        assert rejected.message and rejected.error.status in (400, 422)
        return
    assert is_within_limits(parsed)


@pytest.mark.parametrize("text", ["1_0_0", " 10 ", "٣", "+5", "5.", ".5", "1e999", "NaN", "0x10", ""])
def test_quantity_that_is_not_a_plain_number_is_rejected(text: str) -> None:
    """Further spellings of numbers that Python accepts are rejected."""
    with pytest.raises(PamError):
        parse_distance(text)


@pytest.mark.parametrize(
    "name", ["localtime", "posixrules", "right/UTC", "posix/UTC", "Factory", "", ".", "America", "/etc/passwd"]
)
def test_time_zone_that_is_not_an_iana_name_is_rejected(name: str) -> None:
    """The server's own zone, placeholders and paths are no time zones of users."""
    with pytest.raises(PamError):
        parse_time_zone(name)


MODELS: list[type[BaseModel]] = [
    NewExpense, Question, Location, SpendingQuery, SavingsQuery, BudgetQuery, ExpensesQuery,
    queries.WeatherQuery, queries.DistanceQuery, queries.FuelQuery, queries.ParksQuery,
    queries.GasPriceQuery,
]  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
@given(data=st.data())
def test_any_body_is_validated_or_rejected(model: type[BaseModel], data: st.DataObject) -> None:
    """The body is any JSON, with or without the field names of the model."""
    names = st.sampled_from([field.alias or name for name, field in model.model_fields.items()])
    body = data.draw(st.dictionaries(names, anything | almost_valid, max_size=5) | anything)
    try:
        sent = json.dumps(body, default=str).encode(errors="surrogatepass")
    except (ValueError, TypeError):
        return
    request = HttpRequest(UUID(int=0), {}, {}, [], sent, None)  # type: ignore[arg-type]
    try:
        assert isinstance(request.json(model), model)
    except PamError as rejected:
        assert rejected.error.status in (400, 422)


@given(st.binary() | st.text().map(lambda text: text.encode(errors="surrogatepass")))
def test_any_bytes_are_parsed_as_json_or_rejected(body: bytes) -> None:
    """The only error code is `malformed_json`."""
    try:
        parse_json(body)
    except PamError as rejected:
        assert rejected.error.code == "malformed_json"


@given(almost_valid | st.text(), st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_any_text_is_a_known_period_or_day_or_rejected(text: str, today: date) -> None:
    """An unknown period has the error code `unknown_period`; an unknown day is None, an ambiguous one an error."""
    try:
        day = resolve_day(text, today)
        assert day is None or isinstance(day, date)
    except PamError as rejected:
        assert rejected.error.code == "ambiguous_date"
    try:
        window = resolve_period(text, today, 0)
    except PamError as rejected:
        assert rejected.error.code == "unknown_period"
        return
    assert window.start < window.end


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_parsed_cursor_equals_the_original(spent_at: datetime, expense_id: UUID) -> None:
    """A cursor of any expense survives the conversion to text and back."""
    cursor = Cursor(spent_at, expense_id)
    assert Cursor.parse(str(cursor)) == cursor
