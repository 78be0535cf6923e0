"""Spending compared with a plain Python sum across time zones and clock changes, and the spend summary of the API."""

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pam.money.categories import Category
from pam.money.counted_sums import ExcludedSum
from pam.money.spending import SpendingQuery, read_spending
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.users.periods import previous_window, resolve_period
from pam.users.profile import read_profile
from tests.conftest import Traveller

zones = st.sampled_from(["Australia/Sydney", "America/Denver", "Asia/Kathmandu"])
# Around month ends, a leap day, and the days on which clocks change in Denver and Sydney.
edges = st.sampled_from(
    [
        "2024-02-29",
        "2024-03-01",
        "2026-03-01",
        "2026-03-08",
        "2026-04-05",
        "2026-10-04",
        "2026-11-01",
        "2026-12-31",
    ]
)
nows = st.builds(
    lambda day, hours: datetime.fromisoformat(f"{day}T00:00+00:00") + timedelta(hours=hours),
    edges,
    st.integers(-60, 60),
)
periods = st.sampled_from(
    ["today", "yesterday", "this_week", "last_weekend", "this_month", "last_month", "this_year", "last_30_days",
     "february", "october", "all_time"]
)  # fmt: skip
expenses = st.lists(
    st.tuples(
        st.integers(1, 100_000_000).map(lambda cents: Decimal(cents) / 100),
        st.sampled_from(Category),
        st.one_of(
            st.integers(-75 * 24 * 60, 0),  # minutes before now: mostly this month and the last
            st.integers(-800 * 24 * 60, 0),
        ),
        st.sampled_from(["USD", "USD", "USD", "CAD"]),
        st.booleans(),
    ),
    max_size=40,
)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(zones, nows, periods, st.none() | st.sampled_from(Category), expenses)
@example(
    "Asia/Kathmandu",
    datetime(2024, 2, 29, 18, 20, tzinfo=UTC),
    "this_month",
    None,
    [(Decimal("1.00"), Category.FUEL, 0, "USD", False)],
)
def test_spending_equals_a_plain_sum_of_the_rows(
    database: Database,
    owner: psycopg.Connection,
    zone_name: str,
    now: datetime,
    period: str,
    category: Category | None,
    rows: list[tuple[Decimal, Category, int, str, bool]],
) -> None:
    """Totals, counts, average, change, top expense and other currencies equal those of a loop over the rows."""
    user, zone = uuid.uuid4(), ZoneInfo(zone_name)
    owner.execute("insert into users (id, time_zone) values (%s, %s)", (user, zone_name))
    moments = [now + timedelta(minutes=minutes) for _, _, minutes, _, _ in rows]
    with owner.cursor() as cursor:
        cursor.executemany(
            "insert into expenses (user_id, amount, category, currency, spent_at, undone_at)"
            " values (%s, %s, %s, %s, %s, %s)",
            [
                (user, amount, kind, currency, moment, now if undone else None)
                for (amount, kind, _, currency, undone), moment in zip(rows, moments, strict=True)
            ],
        )
    with database.session(user, Deadline(5)) as connection:
        spending = read_spending(
            connection,
            read_profile(connection, user),
            SpendingQuery(category=category, period=period),
            now,
        )
    today = now.astimezone(zone).date()
    window = resolve_period(period, today, first_weekday=6)
    before = previous_window(window, today)

    def within(start: date, end: date, currency: str = "USD") -> list[tuple[Decimal, Category]]:
        return [
            (amount, kind)
            for (amount, kind, _, money, undone), moment in zip(rows, moments, strict=True)
            if start <= moment.astimezone(zone).date() < end
            and money == currency
            and not undone
            and category in (None, kind)
        ]

    current = within(window.start, window.end)
    total = sum((amount for amount, _ in current), Decimal(0))
    assert (spending.overall.total, spending.overall.count) == (total, len(current))
    assert {kind: (part.total, part.count) for kind, part in spending.by_category.items()} == {
        kind: (sum(amounts), len(amounts))
        for kind in {kind for _, kind in current}
        if (amounts := [amount for amount, other in current if other == kind])
    }
    assert (spending.top_expense.amount if spending.top_expense else None) == max(
        (amount for amount, _ in current), default=None
    )
    recorded = [
        moment.astimezone(zone).date() for (*_, undone), moment in zip(rows, moments, strict=True) if not undone
    ]
    first_day = min(recorded, default=None)
    in_cad = within(window.start, window.end, "CAD")
    lacks_rate = bool(in_cad or (before and within(before.start, before.end, "CAD")))
    if before is None or first_day is None or first_day > before.start or lacks_rate:
        assert spending.previous is None
        assert spending.change_percent is None
    else:
        assert spending.previous is not None
        earlier = sum((amount for amount, _ in within(before.start, before.end)), Decimal(0))
        assert spending.previous.total == earlier
        change = ((total - earlier) / earlier * 100).quantize(Decimal("0.1")) if earlier else None
        assert spending.change_percent == change
    end = min(window.end, today + timedelta(days=1))
    start = max(window.start, first_day or end)
    if start < end:
        days = (end - start).days
        assert spending.daily_average == (total / days).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    else:
        assert spending.daily_average is None
    assert spending.is_converted is not lacks_rate
    assert spending.overall.excluded == (
        (ExcludedSum("CAD", sum((amount for amount, _ in in_cad), Decimal(0)), len(in_cad)),) if in_cad else ()
    )


def test_answer_has_its_figures_window_source_and_instant(traveller: Traveller) -> None:
    """Every field that a client may show is present, and amounts are decimal strings."""
    traveller.spends("45.50", description="Fuel near Moab")
    answer = traveller.summary(category="fuel")
    assert answer["total"] == "45.50"
    assert answer["source"] == "Your expenses in PAM"
    assert answer["tier"] == 1 and answer["cached"] is False and answer["stale"] is False
    assert answer["window"]["period"] == "this_month" and answer["window"]["time_zone"] == "America/Denver"
    assert answer["window"]["from"].endswith("-01") and answer["window"]["to"].endswith("-01")
    assert answer["by_category"] == [{"category": "fuel", "total": "45.50", "count": 1, "share": 1.0}]
    assert answer["top_expense"]["description"] == "Fuel near Moab"
    assert datetime.fromisoformat(answer["as_of"]).utcoffset() is not None
    assert answer["text"].startswith("You've spent $45.50 on fuel this month (")


def test_answer_without_expenses_has_a_total_of_zero(traveller: Traveller) -> None:
    """A category without expenses is answered with zero and a sentence that says so, not with an error."""
    answer = traveller.summary(period="last_month", category="propane")
    assert (answer["total"], answer["count"], answer["by_category"], answer["top_expense"]) == ("0.00", 0, [], None)
    assert answer["text"].startswith("You have no expenses on propane recorded last month")


def test_repeated_answer_is_cached_and_replaced_by_304_for_its_etag(
    traveller: Traveller,
) -> None:
    """The second answer has the same ETag; a request with that ETag gets 304 without a body, until the next write."""
    traveller.spends("10")
    first = traveller.http.get("/v1/spend-summary")
    second = traveller.http.get("/v1/spend-summary")
    assert (first.json()["cached"], second.json()["cached"]) == (False, True)
    assert first.headers["etag"] == second.headers["etag"]
    assert second.headers["cache-control"] == "private, no-cache"
    third = traveller.http.get("/v1/spend-summary", headers={"if-none-match": second.headers["etag"]})
    assert (third.status_code, third.content) == (304, b"")
    traveller.spends("10")
    fourth = traveller.http.get("/v1/spend-summary", headers={"if-none-match": second.headers["etag"]})
    assert fourth.status_code == 200 and fourth.json()["total"] == "20.00"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("category=gas", "unknown_category"),
        ("category=fuel'%20or%201=1--", "unknown_category"),
        ("period=next_month", "unknown_period"),
        ("period=this_month;drop%20table%20expenses", "unknown_period"),
        ("from=2026-01-01", "invalid_window"),
        ("from=2026-02-01&to=2026-01-01", "invalid_window"),
        ("from=2026-02-30&to=2026-03-01", "invalid_date"),
        ("from=0001-01-01&to=2026-03-01", "invalid_date"),
        ("from=2026-01-01&to=2026-02-01&period=this_month", "invalid_window"),
        ("user_id=7a3d1c52-9e0b-4f0e-8d65-1f2b7c9a4e10", "invalid_request"),
        ("period=today&period=this_year", "invalid_request"),
        ("timezone=Mars/Olympus", "unknown_time_zone"),
    ],
)
def test_invalid_parameters_are_rejected(traveller: Traveller, query: str, code: str) -> None:
    """Each is answered with 422, a stable error code and a message for the user."""
    response = traveller.http.get(f"/v1/spend-summary?{query}")
    assert response.status_code == 422
    assert response.json()["code"] == code
    assert response.json()["message"].endswith(".")


def test_time_zone_of_the_request_determines_today(
    new_traveller: Callable[[], Traveller], owner: psycopg.Connection
) -> None:
    """The days of a period are those in the time zone of the device, for that request only."""
    user = new_traveller()
    user.spends("5")
    kiritimati = user.summary(period="today", timezone="Pacific/Kiritimati")
    niue = user.summary(period="today", timezone="Pacific/Niue")
    assert kiritimati["window"]["from"] > niue["window"]["from"]
    assert user.summary(period="today")["window"]["time_zone"] == "America/Denver"
