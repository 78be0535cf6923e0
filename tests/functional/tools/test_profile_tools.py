"""The tools for the own profile, settings, privacy and counts: exact rows, exact undo, and who sees them."""

import os
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from pam.answers.user_stats import user_stats
from pam.community.friendships import accept_friendship, request_friendship
from pam.community.own_profile import OwnProfile, read_own_profile
from pam.community.profiles import save_public_profile
from pam.platform.clock import utc_now
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.tools.catalog.money import create_expense
from pam.tools.catalog.profile import get_user_stats, manage_privacy, update_profile, update_settings
from tests.functional.tools.conftest import Caller, ManualClock, error_of

ROUNDS = int(os.environ.get("PAM_CASES", "20"))
"""Races of two users for one name; `make soak` has a thousand."""

DETAILS = '"bio": "Two dogs and a kayak.", "rig_type": "Class C", "rig_year": 2015, "home_base": "Moab, Utah"'


@pytest.fixture
def name() -> str:
    """A name of this test alone: names are unique in the database."""
    return "T" + uuid.uuid4().hex[:12]


@pytest.fixture
def rows(owner: psycopg.Connection) -> Callable[[Caller], dict[str, Any]]:
    """Return a user's rows of the tables that these tools write."""

    def read(caller: Caller) -> dict[str, Any]:
        tables = {"users": "id", "public_profiles": "user_id", "profile_details": "user_id"}
        return {
            table: owner.execute(f"select * from {table} where {key} = %s", (caller.id,)).fetchall()  # type: ignore[arg-type]
            for table, key in tables.items()
        }

    return read


@pytest.fixture
def befriend(database: Database) -> Callable[[Caller, Caller], None]:
    """Make two users friends, who have names."""

    def make(one: Caller, other: Caller) -> None:
        with database.session(one.id, Deadline(5)) as connection:
            request_friendship(connection, one.id, other.id)
        with database.session(other.id, Deadline(5)) as connection:
            assert accept_friendship(connection, other.id, one.id, utc_now())

    return make


def show(database: Database, caller: Caller, name: str) -> None:
    """Give a user a name."""
    with database.session(caller.id, Deadline(5)) as connection:
        save_public_profile(connection, caller.id, name)


def sees(database: Database, viewer: Caller, other: Caller) -> list[str]:
    """Return the bio of another user as the viewer sees it."""
    with database.session(viewer.id, Deadline(5)) as connection:
        sql = "select bio from profile_details where user_id = %s"
        return [row["bio"] for row in connection.execute(sql, (other.id,))]


def code(caller: Caller, tool: Any, raw: str) -> str:
    return error_of(lambda: caller.call(tool, raw)).error.code


def test_profile_is_stored_and_its_undo_restores_the_rows(
    caller: Caller, name: str, rows: Callable[[Caller], dict[str, Any]]
) -> None:
    """That is, none; repeated, the undo changes nothing."""
    caller.call(update_settings, '{"theme": "dark"}')
    before = rows(caller)
    result = caller.call(update_profile, f'{{"name": "  Ann   {name} ", {DETAILS}}}')
    assert result.text == (
        "Your profile is changed: name “Ann " + name + "”; bio “Two dogs and a kayak.”; rig “Class C”; "
        "year of the rig 2015; home base “Moab, Utah”. It is seen by your friends."
    )
    assert result.source == "Your profile in PAM" and result.as_of
    assert rows(caller)["profile_details"] == [(caller.id, "Two dogs and a kayak.", "Class C", 2015, "Moab, Utah")]
    assert caller.undo(result, update_profile) == "Your profile is as it was before."
    assert rows(caller) == before and before["profile_details"] == before["public_profiles"] == []
    assert caller.undo(result, update_profile) == "Your profile is as it was before."
    assert rows(caller) == before


def test_named_fields_change_and_the_others_stay(
    caller: Caller, name: str, rows: Callable[[Caller], dict[str, Any]]
) -> None:
    """Undone in any order; a field that was changed again isn't restored, and then none is."""
    first = caller.call(update_profile, f'{{"name": "{name}", {DETAILS}}}')
    stored = rows(caller)
    bio = caller.call(update_profile, '{"bio": "One dog."}')
    rig = caller.call(update_profile, '{"rig_type": ""}')
    assert rows(caller)["profile_details"] == [(caller.id, "One dog.", "", None, "Moab, Utah")]
    assert error_of(lambda: caller.undo(first, update_profile)).error.code == "modified_since"
    assert rows(caller)["profile_details"] == [(caller.id, "One dog.", "", None, "Moab, Utah")]
    caller.undo(bio, update_profile)
    caller.undo(rig, update_profile)
    assert rows(caller) == stored
    again = caller.call(update_profile, '{"rig_year": 2015}')
    assert again.text == "Your profile is so already: nothing changed."
    assert again.effect is not None and again.effect.undo_until is None


def test_audience_of_a_profile_sees_it(
    new_caller: Callable[..., Caller], database: Database, name: str, befriend: Callable[[Caller, Caller], None]
) -> None:
    """Friends by default; a policy of Postgres decides, whatever a query asks for."""
    ann, friend, follower, stranger = (new_caller() for _ in range(4))
    for number, each in enumerate((friend, follower, stranger)):
        show(database, each, f"{number} {name}")
    ann.call(update_profile, '{"bio": "Hello."}')
    assert [sees(database, each, ann) for each in (ann, friend)] == [["Hello."], []]
    ann.call(update_profile, f'{{"name": "Ann {name}"}}')
    befriend(ann, friend)
    with database.session(follower.id, Deadline(5)) as connection:
        connection.execute("insert into follows (follower, followed) values (%s, %s)", (follower.id, ann.id))
    seen = {}
    for audience in ("friends", "followers", "everybody", "nobody"):
        ann.call(manage_privacy, f'{{"who_sees_profile": "{audience}"}}')
        seen[audience] = [len(sees(database, each, ann)) for each in (ann, friend, follower, stranger)]
    assert seen == {
        "friends": [1, 1, 0, 0],
        "followers": [1, 1, 1, 0],
        "everybody": [1, 1, 1, 1],
        "nobody": [1, 0, 0, 0],
    }


def test_name_that_others_know_stays(
    caller: Caller, new_caller: Callable[..., Caller], database: Database, name: str
) -> None:
    """An undo would take their requests with it. A name that somebody else has is refused, also by an undo."""
    result = caller.call(update_profile, f'{{"name": "Ann {name}"}}')
    other = new_caller()
    show(database, other, f"Bob {name}")
    with database.session(other.id, Deadline(5)) as connection:
        request_friendship(connection, other.id, caller.id)
    assert error_of(lambda: caller.undo(result, update_profile)).error.code == "modified_since"
    assert code(caller, update_profile, f'{{"name": "bob {name}"}}') == "name_taken"
    renamed = caller.call(update_profile, f'{{"name": "Anna {name}"}}')
    show(database, other, f"Ann {name}")
    assert error_of(lambda: caller.undo(renamed, update_profile)).error.code == "name_taken"
    with database.session(caller.id, Deadline(5)) as connection:
        assert read_own_profile(connection, caller.id).name == f"Anna {name}"


@pytest.mark.parametrize(
    ("tool", "raw", "expected"),
    [
        (update_profile, "{}", "invalid_request"),
        (update_profile, '{"name": "  "}', "invalid_text"),
        (update_profile, f'{{"name": "{"x" * 101}"}}', "invalid_text"),
        (update_profile, f'{{"bio": "{"x" * 501}"}}', "invalid_text"),
        (update_profile, f'{{"rig_type": "{"x" * 101}"}}', "invalid_text"),
        (update_profile, f'{{"home_base": "{"x" * 201}"}}', "invalid_text"),
        (update_profile, '{"rig_year": 1899}', "invalid_request"),
        (update_profile, '{"rig_year": 2028}', "date_in_future"),
        (update_profile, '{"rig_year": 2015.5}', "invalid_request"),
        (update_profile, '{"user_id": "x"}', "invalid_request"),
        (update_settings, "{}", "invalid_request"),
        (update_settings, '{"units": "furlongs"}', "invalid_request"),
        (update_settings, '{"currency": "JPY"}', "unknown_currency"),
        (update_settings, '{"currency": "eur"}', "unknown_currency"),
        (update_settings, '{"time_zone": "Denver"}', "unknown_time_zone"),
        (update_settings, '{"language": "German"}', "unknown_locale"),
        (update_settings, '{"language": "en_XX"}', "unknown_locale"),
        (update_settings, '{"notifications": "yes"}', "invalid_request"),
        (update_settings, '{"theme": "pink"}', "invalid_request"),
        (manage_privacy, "{}", "invalid_request"),
        (manage_privacy, '{"who_may_write": "followers"}', "invalid_request"),
        (manage_privacy, '{"who_sees_place": "public"}', "invalid_request"),
        (manage_privacy, '{"who_sees_place": "nobody"}', "profile_needed"),
    ],
)
def test_invalid_argument_is_rejected_and_nothing_is_written(
    new_caller: Callable[..., Caller],
    noon: ManualClock,
    tool: Any,
    raw: str,
    expected: str,
    rows: Callable[[Caller], dict[str, Any]],
) -> None:
    """With a stable code."""
    caller = new_caller(noon)
    assert code(caller, tool, raw) == expected
    assert rows(caller) == {"users": [], "public_profiles": [], "profile_details": []}


def test_settings_are_stored_and_undone(caller: Caller, rows: Callable[[Caller], dict[str, Any]]) -> None:
    """Only those that are named; the answer names both values, and what a change doesn't do."""
    caller.call(update_settings, '{"notifications": true, "theme": "light"}')
    before = rows(caller)
    result = caller.call(
        update_settings, '{"currency": "EUR", "language": "de_DE", "time_zone": "Europe/Berlin", "units": "metric"}'
    )
    assert result.text.startswith(
        "Your settings are changed: units metric instead of imperial, currency EUR instead of USD, "
        "time zone Europe/Berlin instead of America/Denver, language de_DE instead of en_US. "
        "Amounts already recorded keep their currency"
    )
    assert result.data == {
        "units": "metric",
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
        "locale": "de_DE",
        "notifications": True,
        "theme": "light",
    }
    caller.undo(result, update_settings)
    assert rows(caller) == before
    same = caller.call(update_settings, '{"units": "imperial"}')
    assert same.text == "Your settings are so already: nothing changed."


def test_recorded_amounts_keep_their_currency(caller: Caller, owner: psycopg.Connection) -> None:
    """A later one is in the new currency."""
    caller.call(create_expense, '{"amount": 10, "category": "fuel"}')
    caller.call(update_settings, '{"currency": "CAD"}')
    caller.call(create_expense, '{"amount": 20, "category": "fuel"}')
    sql = "select currency, amount from expenses where user_id = %s order by created_at"
    assert [(currency, int(amount)) for currency, amount in owner.execute(sql, (caller.id,))] == [
        ("USD", 10),
        ("CAD", 20),
    ]


def test_privacy_is_stored_and_undone(
    caller: Caller, database: Database, name: str, rows: Callable[[Caller], dict[str, Any]]
) -> None:
    """A profile without a choice has the defaults of the table."""
    show(database, caller, name)
    with database.session(caller.id, Deadline(5)) as connection:
        assert read_own_profile(connection, caller.id) == OwnProfile(name=name)
    before = rows(caller)
    result = caller.call(manage_privacy, '{"who_sees_activity": "friends", "who_may_write": "nobody"}')
    assert result.text == (
        "Your profile is changed: your activity, with your earlier posts and events, is for your friends; "
        "messages are accepted from nobody."
    )
    assert result.data["privacy"] == {
        "who_sees_profile": "friends",
        "who_sees_place": "friends",
        "who_sees_activity": "friends",
        "who_may_write": "nobody",
    }
    caller.undo(result, manage_privacy)
    assert rows(caller) == before


def test_undo_of_another_users_write_is_not_found(caller: Caller, new_caller: Callable[..., Caller], name: str) -> None:
    """The same answer as for an unknown effect."""
    result = caller.call(update_profile, f'{{"name": "{name}"}}')
    assert error_of(lambda: new_caller().undo(result, update_profile)).error.code == "effect_not_found"


def test_stats_of_a_new_user_are_zero(new_caller: Callable[..., Caller], noon: ManualClock) -> None:
    """With the user's currency and units, and today as the first day."""
    result = new_caller(noon).call(get_user_stats, "{}")
    assert result.text == (
        "In PAM since Nov 22, 2026: 0 expenses, $0.00 in total; 0 savings, $0.00; 0 planned trips, 0 mi; "
        "0 favorite spots; 0 posts, 0 friends, 0 followers; 0 messages sent, 0 received."
    )
    assert result.data["months"] == 0 and result.data["expenses"]["total"] == "0.00"
    abroad = new_caller(noon).in_zone("Pacific/Auckland").call(get_user_stats, "{}")
    assert abroad.text.startswith("In PAM since Nov 23, 2026:")


def test_stats_count_the_users_own_rows(
    new_caller: Callable[..., Caller],
    noon: ManualClock,
    database: Database,
    name: str,
    owner: psycopg.Connection,
    befriend: Callable[[Caller, Caller], None],
    insert_expenses: Callable[..., None],
) -> None:
    """Nobody else's; what has no exchange rate is named and not in the total."""
    ann, bob, eve = (new_caller(noon) for _ in range(3))
    for caller, first in ((ann, "Ann"), (bob, "Bob"), (eve, "Eve")):
        show(database, caller, f"{first} {name}")
    befriend(ann, bob)
    insert_expenses(
        ann,
        ("40.10", "fuel", "2026-11-02 10:00-07", "USD"),
        ("2.05", "tolls", "2026-03-31 23:59-06", "USD"),
        ("7.00", "fuel", "1999-01-02 10:00-07", "ZAR"),
    )
    insert_expenses(bob, ("99", "fuel", "2026-11-02 10:00-07", "USD"))
    owner.execute("update users set created_at = '2026-01-31 12:00-07', units = 'metric' where id = %s", (ann.id,))
    for user_id, metres in ((ann.id, 100_400), (ann.id, 50_000), (bob.id, 9_000)):
        owner.execute(
            "insert into trips (user_id, origin, destination, nights, distance_m, driving_s, currency, plan,"
            " created_at) values (%s, 'a', 'b', 0, %s, 60, 'USD', '{}', now())",
            (user_id, metres),
        )
    owner.execute("insert into follows (follower, followed) values (%s, %s)", (eve.id, ann.id))
    owner.execute("insert into posts (author_id, content, created_at) values (%s, 'Hi', now())", (ann.id,))
    message = "insert into direct_messages (sender_id, recipient_id, body) values (%s, %s, 'Hi')"
    for sender, recipient in ((ann, bob), (ann, bob), (bob, ann)):
        owner.execute(message, (sender.id, recipient.id))

    data = ann.call(get_user_stats, "{}").data
    assert (data["expenses"]["total"], data["expenses"]["count"]) == ("42.15", 2)
    assert [(part["currency"], part["total"]) for part in data["expenses"]["not_included"]] == [("ZAR", "7.00")]
    assert {key: value for key, value in data.items() if key not in ("expenses", "savings")} == {
        "currency": "USD",
        "trips": 2,
        "trips_distance": 150.4,
        "distance_unit": "km",
        "favorite_spots": 0,
        "posts": 1,
        "friends": 1,
        "followers": 1,
        "following": 0,
        "messages_sent": 2,
        "messages_received": 1,
        "since": "2026-01-31",
        "months": 9,
    }
    noon.now += timedelta(days=8)  # the last day of November completes the month of the 31st
    assert user_stats(ann.context.dependencies, ann.id, Deadline(5)).months == 10


@pytest.mark.soak
def test_concurrent_changes_lose_nothing(new_caller: Callable[..., Caller], database: Database) -> None:
    """Of one user, every field has its last value; of two with one name, exactly one gets it."""
    ann, bob = new_caller(), new_caller()

    def change(caller: Caller, raw: str) -> bool:
        try:
            caller.call(update_profile, raw)
        except Exception as error:
            assert getattr(error, "error", None) and error.error.code == "name_taken"  # type: ignore[attr-defined]
            return False
        return True

    with ThreadPoolExecutor(3) as threads:
        for number in range(ROUNDS):
            name = f"N{uuid.uuid4().hex[:12]}"
            named = [threads.submit(change, each, f'{{"name": "{name}"}}') for each in (ann, bob)]
            bio = threads.submit(change, ann, f'{{"bio": "{number}"}}')
            assert [future.result() for future in named].count(True) == 1 and bio.result()
            with database.session(ann.id, Deadline(5)) as connection:
                profile = read_own_profile(connection, ann.id)
            assert profile.bio == str(number) and (profile.name == name) == named[0].result()
