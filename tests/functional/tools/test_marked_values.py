"""No tool invents a figure or a place: with other values in the database and the sources, each of its own is another.

Every tool is called in two worlds that differ in all values of the user's rows and of all sources, with the same
arguments. A figure or a name that is the same in both results is of the arguments or of what all users see, or it is
nobody's.
"""

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from decimal import Decimal
from typing import Any, NamedTuple

import psycopg
import pytest

from local.stack import LocalStack
from pam.bootstrap import Bootstrap
from pam.community.friendships import accept_friendship, request_friendship
from pam.community.profiles import save_public_profile
from pam.platform.clock import utc_now
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.tools.catalog import TOOLS
from pam.tools.engine.definition import EffectKind, ToolContext
from tests.functional.tools.conftest import Caller
from tests.functional.tools.examples import EXAMPLES, Household, new_household
from tests.functional.tools.test_conformance import Sources

LAST = ("checkout", "forget_memory")
"""After which other examples lack rows."""

OTHER_VALUES = (
    "update expenses set amount = round(amount * 1.37, 2) where user_id = %(user)s",
    "update budgets set monthly_limit = round(monthly_limit * 1.37, 2) where user_id = %(user)s",
    "update fuel_log set odometer_km = odometer_km + 53, volume_l = volume_l * 1.11 where user_id = %(user)s",
    "update maintenance_records set interval_months = interval_months + 5 where user_id = %(user)s",
    "update vehicles set height_m = height_m - 0.3 where user_id = %(user)s",
    "update posts set content = 'Marked ' || content, title = 'Marked ' || title where author_id = any (%(both)s)",
    "update shared_places set place = 'Marked', latitude = latitude + 0.07 where user_id = any (%(both)s)",
    "update events set place = 'Marked ' || place, max_attendees = max_attendees + 7, title = 'Marked ' || title"
    " where host_id = any (%(both)s)",
    "update calendar_events set title = 'Marked ' || title where user_id = %(user)s",
    "update facts set value = 'Marked ' || value where user_id = %(user)s",
    "update direct_messages set body = 'Marked ' || body where recipient_id = %(user)s",
    "insert into direct_messages (sender_id, recipient_id, body)"
    " select sender_id, recipient_id, 'One more' from direct_messages where recipient_id = %(user)s",
    "update users set time_zone = 'America/Phoenix' where id = %(user)s",
    "update order_lines set quantity = quantity + 1 where user_id = %(user)s",
    "update orders set address = 'Marked ' || address where user_id = %(user)s",
)
"""Changes of the rows of a user, and of the user and their friend, after which every value is another."""

MORE_ROWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("create_expense", {"amount": 17.31, "category": "fuel"}),
    ("create_expense", {"amount": 23.57, "category": "tolls"}),
    ("track_savings", {"amount": 31.13, "category": "camping"}),
    ("create_post", {"content": "A second one."}),
    ("create_calendar_event", {"title": "Rally", "start": "2026-12-05"}),
    ("add_fuel_entry", {"odometer": "45,091 mi", "volume": "29 gal", "total": 103, "full_tank": True}),
    ("save_favorite_spot", {"name": "Ridge", "place": "Page, Arizona"}),
    ("remember_fact", {"subject": "tools", "value": "a torque wrench"}),
    ("add_to_cart", {"product": "Drinking Water Hose"}),
    ("update_budget", {"category": "tolls", "amount": 90}),
    ("plan_trip", {"origin": "Page, Arizona", "destination": "Kanab, Utah"}),
)
"""Calls of the user by which the other world has more of what is counted."""

FRIENDS_CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("comment_on_post", {"post": "$post", "comment": "It still is."}),
    ("like_post", {"post": "$post"}),
    ("join_event", {"event": "$meetup"}),
    ("share_location", {"place": "Moab, Utah", "audience": "friends"}),
)
"""Calls of a second friend."""

CONSTANTS: Mapping[tuple[str, str], str] = {
    ("calculate_gas_cost", "price.source"): "that the traveller has named the price",
    ("categorize_transaction", "confidence"): "a share of votes, of which PAM's own vocabulary has some",
    ("estimate_travel_time", "daily_limit_s"): "at most eight hours at the wheel, as the answer says",
    ("find_cheap_gas", "area"): "EIA's name of the region of the state",
    ("forget_memory", "facts"): "one id was given",
    ("get_fuel_stats", "method"): "how the figures are computed",
    ("get_weather_forecast", "time_zone"): "the source's, by which its times are read",
    ("plan_trip", "days[0].day"): "days are numbered",
    ("plan_trip", "days[0].nights"): "one, where the traveller doesn't stay longer",
    ("plan_trip", "daily_limit_s"): "at most eight hours at the wheel, as the answer says",
    ("predict_end_of_month", "days_left"): "of the month, by the clock",
    ("search_products", "found"): "the catalogue's, which is that of both worlds",
    ("search_products", "products[0].in_stock"): "the catalogue's, which is that of both worlds",
}
"""What PAM or the clock defines, by tool and field, with the reason."""

_FIGURE = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_NAME = re.compile(r"\b[A-Z][a-z]")
_NO_NAME = re.compile(r"[0-9T:.+-]+Z?|[0-9a-f]{8}-.*|https?://.*")

Values = Mapping[str, str]


class Worlds(NamedTuple):
    """The values of all results in both worlds, by tool and field, and the values that all users see."""

    ordinary: Mapping[str, Values]
    other: Mapping[str, Values]
    shared: frozenset[str]


def values_of(data: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the figures of a result, and the texts that have names, with their fields; no dates, ids and links."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield from values_of(value, f"{path}.{name}" if path else name)
    elif isinstance(data, list | tuple):
        for number, value in enumerate(data):
            yield from values_of(value, f"{path}[{number}]")
    elif isinstance(data, int | float) and not isinstance(data, bool):
        yield path, str(data)
    elif isinstance(data, str) and (_FIGURE.fullmatch(data) or (_NAME.search(data) and not _NO_NAME.fullmatch(data))):
        yield path, data


def call_all(household: Household) -> dict[str, Values]:
    """Call every tool with its example, undoing what can be undone; return the values of the results."""
    caller = household.caller
    names = sorted(TOOLS, key=lambda name: (name in LAST, TOOLS[name].effect is not EffectKind.READ, name))
    found: dict[str, Values] = {}
    for name in names:
        result = caller.call(TOOLS[name], household.arguments(name))
        found[name] = dict(values_of(result.data))
        if result.effect is not None and result.effect.undo_until is not None:
            caller.undo(result, TOOLS[name])
    return found


def friends_of(owner: psycopg.Connection, household: Household) -> list[uuid.UUID]:
    rows = owner.execute("select requester from friendships where addressee = %s", (household.caller.id,)).fetchall()
    return [friend for (friend,) in rows]


def values_in(owner: psycopg.Connection, *tables: str, kinds: tuple[type, ...] = (Decimal, str)) -> frozenset[str]:
    """Return the values of some kinds in some tables."""
    rows = [row for table in tables for row in owner.execute(f"select * from {table}").fetchall()]
    return frozenset(str(value) for row in rows for value in row if isinstance(value, kinds))


@pytest.fixture(scope="module")
def worlds(stack: LocalStack, shared_table: Any, lambda_environment: None) -> Iterator[Worlds]:
    """Both worlds: the users of the first are gone in the second."""
    with ExitStack() as opened:
        database = Database(lambda: json.dumps(stack.postgres.app))
        opened.callback(database.close)
        owner = opened.enter_context(psycopg.connect(stack.postgres.owner, autocommit=True))
        dependencies = Bootstrap().travel_dependencies
        opened.callback(dependencies.database.close)
        sources = Sources(stack, shared_table)
        opened.callback(sources.reset)

        def new_caller() -> Caller:
            return Caller(ToolContext(dependencies, uuid.uuid4(), "", Deadline(60)))

        # What others of this database show to everybody, and the catalogue, whose prices orders have.
        shared = values_in(owner, "public_profiles", "posts", "shared_places", "events")
        shared |= values_in(owner, "events", kinds=(int,))
        sources.reset()
        household = new_household(new_caller, database)
        ordinary = call_all(household)
        both = [household.caller.id, *friends_of(owner, household)]
        totals = "(select subtotal + coalesce(tax, 0) + coalesce(shipping, 0) from orders) as totals"
        shared |= values_in(owner, "products", "shop_rates", "orders", totals)
        owner.execute("delete from users where id = any (%s)", (both,))
        sources.set_mode("marked")
        household = new_household(new_caller, database)
        add_rows(household, new_caller(), database)
        user = household.caller.id
        for statement in OTHER_VALUES:
            owner.execute(statement, {"user": user, "both": [user, *friends_of(owner, household)]})
        yield Worlds(ordinary, call_all(household), shared)


def add_rows(household: Household, friend: Caller, database: Database) -> None:
    """Add rows of a user, and a second friend of theirs."""
    user = household.caller.id
    with database.session(friend.id, Deadline(10)) as connection:
        save_public_profile(connection, friend.id, f"Second {friend.id}")
        request_friendship(connection, friend.id, user)
    with database.session(user, Deadline(10)) as connection:
        assert accept_friendship(connection, user, friend.id, utc_now())
    for caller, calls in ((household, MORE_ROWS), (Household(friend), FRIENDS_CALLS)):
        for tool, arguments in calls:
            caller.call(tool, **{name: household.rows.get(str(each)[1:], each) for name, each in arguments.items()})


def unmarked(ordinary: Values, other: Values, given: str, shared: frozenset[str]) -> dict[str, str]:
    """Return what both results have, beside nothing (0) and what follows from the arguments."""
    return {
        path: value
        for path, value in ordinary.items()
        if other.get(path) == value
        and not (_FIGURE.fullmatch(value) and float(value) == 0)
        and value not in shared
        and not follows_from(value, given)
    }


def follows_from(value: str, given: str) -> bool:
    """Return whether the arguments have a figure, or two of which it is the sum, difference or quotient; all words."""
    if not _FIGURE.fullmatch(value):
        return all(word in given for word in re.findall(r"\w+", value))
    figures = [Decimal(each) for each in _FIGURE.findall(re.sub(r"(?<=\d),(?=\d{3})", "", given))]
    results = {result for one in figures for two in figures for result in (one, one + two, one - two)}
    quotients = {round(one / two, 3) for one in figures for two in figures if two not in (0, one)}
    return Decimal(value) in results | quotients


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_no_figure_and_no_name_is_of_the_tool_itself(worlds: Worlds, name: str) -> None:
    """But what PAM defines, which `CONSTANTS` lists."""
    given = json.dumps(EXAMPLES[name], ensure_ascii=False)
    found = unmarked(worlds.ordinary[name], worlds.other[name], given, worlds.shared)
    assert {path: value for path, value in found.items() if (name, path) not in CONSTANTS} == {}


def test_figure_of_a_tool_itself_is_found() -> None:
    """A constant among values that differ; not one that was asked for, or is in the catalogue."""
    ordinary = {"stops[0].miles": "310.2", "stops[0].hours": "5.5", "stops[0].place": "Moab, Utah", "price": "4.19"}
    other = {"stops[0].miles": "402.9", "stops[0].hours": "5.5", "stops[0].place": "Moab, Utah", "price": "4.19"}
    shared = frozenset({"4.19"})
    assert unmarked(ordinary, other, '{"place": "Moab, Utah"}', shared) == {"stops[0].hours": "5.5"}
    assert unmarked(ordinary, other, '{"hours": 11, "by": 2}', shared) == {"stops[0].place": "Moab, Utah"}
