"""An example call of each tool, on rows of a user who has some of every kind."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pam.community.friendships import accept_friendship, request_friendship
from pam.community.profiles import save_public_profile
from pam.platform.clock import utc_now
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.tools.catalog import TOOLS
from tests.functional.tools.conftest import Caller
from tests.words import new_word

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "comment_on_post": {"post": "$post", "comment": "So do we."},
    "add_fuel_entry": {"odometer": "45,210 mi", "volume": "32.5 gal", "total": 116.97, "full_tank": True},
    "add_maintenance_record": {"service": "oil change", "odometer": "45,210 mi", "interval_distance": "5,000 mi"},
    "add_vehicle": {"name": "Ranger", "kind": "truck", "details": {"height": "6 ft 6 in", "fuel": "diesel"}},
    "analyze_budget": {"month": "this_month"},
    "categorize_transaction": {"description": "oil change", "amount": 80},
    "calculate_gas_cost": {"origin": "Denver, Colorado", "destination": "Moab, Utah", "price": 3.59},
    "compare_vs_budget": {"category": "fuel"},
    "correct_memory": {"fact_id": "$fact", "value": "three dogs"},
    "create_event": {
        "title": "Potluck",
        "starts_at": "2090-01-16T17:00",
        "place": "Site 12",
        "max_attendees": 25,
    },
    "find_events": {"place": "Site 12"},
    "join_event": {"event": "$meetup"},
    "add_to_cart": {"product": "Drinking Water Hose", "quantity": 2},
    "checkout": {"address": "General Delivery, Moab, UT 84532"},
    "create_calendar_event": {"title": "Potluck", "start": "2027-01-16T17:00", "end": "2027-01-16T20:00"},
    "create_expense": {"amount": 61.2, "category": "fuel", "description": "Diesel"},
    "create_post": {"content": "Quiet site by the river.", "title": "Moab", "tags": ["utah"]},
    "delete_calendar_event": {"event": "$event"},
    "delete_expense": {"expense_id": "$expense"},
    "export_budget_report": {"format": "csv", "period": "this_month"},
    "export_data": {},
    "find_savings_opportunities": {"min_amount": 10},
    "predict_end_of_month": {"category": "fuel"},
    "track_savings": {"amount": 12.5, "category": "camping", "kind": "campground"},
    "forget_memory": {"fact_id": "$fact"},
    "estimate_travel_time": {"origin": "Denver, Colorado", "destination": "Moab, Utah"},
    "find_attractions": {"place": "Moab, Utah", "kinds": ["museum", "viewpoint"], "radius": 30},
    "find_cheap_gas": {"place": "Moab, Utah", "fuel": "diesel"},
    "find_nearby_rvers": {"place": "Moab, Utah", "radius": 30},
    "follow_user": {"user": "@friend"},
    "get_feed": {"filter": "friends", "limit": 5},
    "get_calendar_events": {"period": "all_time"},
    "get_cart": {},
    "get_fuel_stats": {"vehicle": "$vehicle"},
    "get_maintenance_schedule": {"vehicle": "$vehicle"},
    "find_rv_parks": {"place": "Moab, Utah", "radius": 20, "amenities": ["full hookups"], "max_price": 45},
    "get_road_conditions": {"origin": "Denver, Colorado", "destination": "Moab, Utah"},
    "get_spending_summary": {"period": "this_month"},
    "get_user_stats": {},
    "get_weather_forecast": {"place": "Moab, Utah", "days": 3},
    "get_messages": {},
    "like_post": {"post": "$post"},
    "list_expenses": {"limit": 5},
    "list_memories": {},
    "manage_privacy": {"who_sees_place": "followers", "who_may_write": "everybody"},
    "message_friend": {"recipient": "@friend", "message": "We are in Moab."},
    "optimize_route": {
        "origin": "Denver, Colorado",
        "destination": "Moab, Utah",
        "stops": ["Grand Junction", "Pueblo", "Alamosa"],
    },
    "plan_trip": {
        "origin": "Denver, Colorado",
        "destination": "Moab, Utah",
        "stops": ["Grand Junction"],
        "nights": [2],
        "arrive_by": "2031-05-20T18:00",
        "max_daily": 200,
        "budget": 600,
    },
    "remember_fact": {"subject": "pets", "value": "two dogs"},
    "save_favorite_spot": {"name": "By the river", "place": "Moab, Utah", "rating": 5},
    "search_posts": {"query": "water", "tags": ["free"]},
    "share_location": {"place": "Moab, Utah", "audience": "friends", "hours": 48},
    "search_products": {"query": "water hose", "max_price": 40},
    "track_order": {"order": "$order"},
    "update_budget": {"category": "fuel", "amount": 400},
    "update_calendar_event": {"event": "$event", "start": "2026-12-03T14:00"},
    "update_expense": {"expense_id": "$expense", "amount": 62.2},
    "update_profile": {"bio": "Two dogs and a kayak.", "rig_type": "Class C", "rig_year": 2015},
    "update_settings": {"currency": "CAD", "language": "en_CA", "time_zone": "America/Toronto", "units": "metric"},
    "update_vehicle": {"vehicle": "$vehicle", "changes": {"height": "12 ft 8 in"}},
}
"""The arguments by the tool's name. `$name` stands for a row of the user, `@name` for what everybody may see."""


@dataclass
class Household:
    """A user with rows of every kind; `rows` are the ids and names that examples refer to."""

    caller: Caller
    rows: dict[str, str] = field(default_factory=dict)

    def arguments(self, tool: str) -> str:
        """Return the example arguments of a tool as JSON text."""
        return json.dumps({name: self._resolve(value) for name, value in EXAMPLES[tool].items()})

    def _resolve(self, value: Any) -> Any:
        return self.rows[value[1:]] if isinstance(value, str) and value.startswith(("$", "@")) else value

    def call(self, tool: str, **arguments: Any) -> Mapping[str, Any]:
        """Call a tool with these arguments; return its data."""
        return self.caller.call(TOOLS[tool], json.dumps(arguments)).data


def new_household(new_caller: Callable[..., Caller], database: Database) -> Household:
    """Make a user with rows of every kind, through the product."""
    caller, friend = new_caller(), new_caller()
    suffix = new_word()
    household = Household(caller, {"friend": f"Friend {suffix}"})
    for each, name in ((caller, f"Owner {suffix}"), (friend, household.rows["friend"])):
        with database.session(each.id, Deadline(10)) as connection:
            save_public_profile(connection, each.id, name)
    with database.session(friend.id, Deadline(10)) as connection:
        request_friendship(connection, friend.id, caller.id)
    with database.session(caller.id, Deadline(10)) as connection:
        assert accept_friendship(connection, caller.id, friend.id, utc_now())
        # Its posts are rows that strangers don't see.
        connection.execute(
            "update public_profiles set who_sees_activity = 'friends' where user_id = %s returning user_id",
            (caller.id,),
        )
    household.rows["post"] = household.call("create_post", content="Quiet here.")["post_id"]
    others = Household(friend)
    others.call("create_post", content="Free water at the ranger station.", title="Water", tags=["free"])
    others.call("share_location", place="Moab, Utah", audience="friends")
    others.call("message_friend", recipient=f"Owner {suffix}", message="We have 2 spare chairs.")
    others.call("create_event", title="Cook-off", starts_at="2090-02-01T17:00", place="Site 12", max_attendees=12)
    meetup = {"title": "Hike", "starts_at": "2090-01-16T09:00", "place": "Trailhead"}
    household.rows["meetup"] = household.call("create_event", **meetup)["event_id"]
    household.rows["expense"] = household.call("create_expense", amount=61, category="fuel")["expense"]["id"]
    household.call("update_budget", category="fuel", amount=500)
    household.call("add_to_cart", product="Drinking Water Hose")
    household.rows["order"] = household.call("checkout", address="General Delivery, Moab, UT 84532")["order"]
    household.call("add_to_cart", product="Drinking Water Hose", quantity=3)
    inspection = {"title": "Propane inspection", "start": "2026-12-03T10:00", "end": "2026-12-03T11:30"}
    household.rows["event"] = household.call("create_calendar_event", **inspection)["id"]
    household.rows["fact"] = household.call("remember_fact", subject="pets", value="one dog")["id"]
    household.rows["vehicle"] = f"Rosie {suffix}"
    household.call("add_vehicle", name=household.rows["vehicle"], kind="motorhome", details={"height": "12 ft 6 in"})
    household.call("add_fuel_entry", odometer="45,000 mi", volume="30 gal", total=105, full_tank=True)
    household.call("add_maintenance_record", service="tires", interval_months=48)
    return household


def missing_row(value: str) -> str:
    """Return what names no row, in the form of `value`."""
    if value.isdigit():
        return str(99 * 10**8 + uuid.uuid4().int % 10**8)
    try:
        uuid.UUID(value)
    except ValueError:
        return f"Nobody {uuid.uuid4().hex[:10]}"
    return str(uuid.uuid4())
