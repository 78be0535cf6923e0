"""The spending answer against a plain Python sum, over zones, month ends, leap days and clock changes."""

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
from pam.money.spending import SpendingQuery, read_spending
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.users.periods import previous_window, resolve_period
from pam.users.profile import read_profile
from tests.conftest import Traveller

CENT = Decimal("0.01")

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


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(zones, nows, periods, st.none() | st.sampled_from(Category), expenses)
@example(
    "Asia/Kathmandu",
    datetime(2024, 2, 29, 18, 20, tzinfo=UTC),
    "this_month",
    None,
    [(Decimal("1.00"), Category.FUEL, 0, "USD", False)],
)
def test_it_agrees_with_a_plain_sum(
    database: Database,
    owner: psycopg.Connection,
    zone_name: str,
    now: datetime,
    period: str,
    category: Category | None,
    rows: list[tuple[Decimal, Category, int, str, bool]],
) -> None:
    """Total, counts, shares, average, change and top expense are those of a loop over the rows."""
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
    told = spending.as_json()

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

    now_rows = within(window.start, window.end)
    total = sum((amount for amount, _ in now_rows), Decimal(0))
    assert Decimal(told["total"]) == total
    assert told["count"] == len(now_rows)
    for part in told["by_category"]:
        own = [amount for amount, kind in now_rows if kind == part["category"]]
        assert Decimal(part["total"]) == sum(own) and part["count"] == len(own)
        assert abs(Decimal(str(part["share"])) - sum(own) / total) <= Decimal("0.0001")
    assert sum(part["count"] for part in told["by_category"]) == len(now_rows)
    assert (told["top_expense"] is None) == (not now_rows)
    if now_rows:
        assert Decimal(told["top_expense"]["amount"]) == max(amount for amount, _ in now_rows)
    if before is None:
        assert told["change"] is None
    else:
        earlier = sum((amount for amount, _ in within(before.start, before.end)), Decimal(0))
        assert Decimal(told["change"]["total"]) == earlier
        assert Decimal(told["change"]["amount"]) == total - earlier
        assert (told["change"]["percent"] is None) == (earlier == 0)
    if period != "all_time":
        been = max(1, (min(window.end, today + timedelta(days=1)) - window.start).days)
        assert Decimal(told["daily_average"]) == (total / been).quantize(CENT, ROUND_HALF_EVEN)
    abroad = within(window.start, window.end, "CAD")
    assert [(o["currency"], Decimal(o["total"]), o["count"]) for o in told["other_currencies"]] == (
        [("CAD", sum(amount for amount, _ in abroad), len(abroad))] if abroad else []
    )


def test_the_answer_names_its_window_source_and_instant(traveller: Traveller) -> None:
    """Every field that a client may show is there, and money is a decimal string."""
    traveller.spends("45.50", description="Fuel near Moab")
    told = traveller.summary(category="fuel")
    assert told["total"] == "45.50"
    assert told["source"] == "Your expenses in PAM"
    assert told["tier"] == 1 and told["cached"] is False and told["stale"] is False
    assert told["window"]["period"] == "this_month" and told["window"]["time_zone"] == "America/Denver"
    assert told["window"]["from"].endswith("-01") and told["window"]["to"].endswith("-01")
    assert told["by_category"] == [{"category": "fuel", "total": "45.50", "count": 1, "share": 1.0}]
    assert told["top_expense"]["description"] == "Fuel near Moab"
    assert datetime.fromisoformat(told["as_of"]).utcoffset() is not None
    assert told["text"].startswith("You've spent $45.50 on fuel this month (")


def test_nothing_spent_is_said_as_such(traveller: Traveller) -> None:
    """No expense is an answer of zero, not an error and not an invention."""
    told = traveller.summary(period="last_month", category="propane")
    assert (told["total"], told["count"], told["by_category"], told["top_expense"]) == ("0.00", 0, [], None)
    assert told["text"].startswith("You have no expenses on propane recorded last month")


def test_the_same_answer_again_is_cached_and_not_sent_twice(traveller: Traveller) -> None:
    """The second read comes from the cache with the same ETag; who has it already gets a 304 without a body."""
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
def test_a_question_that_makes_no_sense_has_a_code_and_a_sentence(traveller: Traveller, query: str, code: str) -> None:
    """Bad parameters are a 422 whose code is stable and whose message is for people."""
    reply = traveller.http.get(f"/v1/spend-summary?{query}")
    assert reply.status_code == 422
    assert reply.json()["code"] == code
    assert reply.json()["message"].endswith(".")


def test_a_device_elsewhere_has_its_own_today(
    new_traveller: Callable[[], Traveller], owner: psycopg.Connection
) -> None:
    """The zone that the device names decides which days a period holds, for that question alone."""
    someone = new_traveller()
    someone.spends("5")
    kiritimati = someone.summary(period="today", timezone="Pacific/Kiritimati")
    niue = someone.summary(period="today", timezone="Pacific/Niue")
    assert kiritimati["window"]["from"] > niue["window"]["from"]
    assert someone.summary(period="today")["window"]["time_zone"] == "America/Denver"
