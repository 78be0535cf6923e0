"""The tool that plans a trip by road, and keeps it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field, WithJsonSchema

from pam.answers.planned_trip import planned_trip
from pam.answers.trip_costs import trip_costs
from pam.answers.trip_plan import TripPlan, plan_by_road
from pam.answers.user_context import read_user_context
from pam.money.expenses import parse_date
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import ToolContext, WriteContext, WriteResult, write_tool
from pam.tools.engine.results import to_write_result
from pam.travel.queries import HERE, PlaceName
from pam.travel.trips import (
    MAX_STOPS,
    MAX_TRIP_BUDGET,
    Trip,
    delete_trip,
    parse_trip_budget,
    read_camping_costs,
    refuse_past_start,
    save_trip,
)

_Start = Annotated[
    date | None,
    BeforeValidator(lambda value: None if value is None else parse_date(value)),
    WithJsonSchema({"type": "string", "format": "date"}),
]
_Budget = Annotated[
    Decimal | None,
    BeforeValidator(parse_trip_budget),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": int(MAX_TRIP_BUDGET)}),
]


class PlanTrip(ToolArguments):
    """From where to where, through what, when, and for how much."""

    budget: _Budget = Field(default=None, description="For the whole trip, only if the traveller named one.")
    destination: PlaceName = Field(description="A town, park or region.")
    origin: PlaceName = Field(description="The same; `here`: where the traveller is.")
    start_date: _Start = Field(default=None, description="The first day of driving, today at the earliest, if named.")
    stops: tuple[PlaceName, ...] = Field(
        default=(), max_length=MAX_STOPS, description="Places on the way, in the order to drive them."
    )


def _plan(call: ToolContext, asked: PlanTrip) -> TripPlan:
    user = read_user_context(call.dependencies, call.user_id, call.deadline)
    refuse_past_start(asked.start_date, call.dependencies.clock(), user.profile.in_zone(call.zone))
    names = (asked.origin, *asked.stops, asked.destination)
    return plan_by_road(call.dependencies.sources, user, names, call.location, call.deadline)


def _undo(write_tool: WriteContext, undo: Mapping[str, Any]) -> str:
    delete_trip(write_tool.connection, write_tool.profile.id, UUID(undo["trip"]))
    return f"The trip {undo['name']} is forgotten."


def _doing(asked: PlanTrip) -> str:
    return f"Planning the trip to {'you' if asked.destination.casefold() == HERE else asked.destination}"


@write_tool(summary=_doing, undo=_undo, prepare=_plan)
def plan_trip(write_tool: WriteContext, asked: PlanTrip, plan: TripPlan) -> WriteResult:
    """Plans a trip by road and keeps it: days of at most 300 miles or 8 hours of driving, where each ends with the
    nearest place to camp, fuel from the real distance, and the costs against a budget. Stops are driven in the given
    order. It books nothing, and knows no campsite prices, low bridges or weight limits. It can be undone for ten
    minutes."""
    connection, profile = write_tool.connection, write_tool.profile
    camping = read_camping_costs(connection, profile, write_tool.now) if plan.nights else None
    costs = trip_costs(plan, camping, asked.budget, profile)
    answer = planned_trip(plan, profile, asked.start_date, costs, write_tool.now).as_json()
    origin, destination = plan.places[0], plan.places[-1]
    trip = Trip(
        origin=origin.lasting_name,
        destination=destination.lasting_name,
        start_date=asked.start_date,
        nights=len(plan.nights),
        distance_m=plan.distance_m,
        driving_s=plan.duration_s,
        budget=asked.budget,
        currency=profile.currency,
        plan=answer,
    )
    trip_id = save_trip(connection, profile.id, trip, write_tool.now)
    return to_write_result(answer, undo={"trip": str(trip_id), "name": f"from {origin.name} to {destination.name}"})


TOOLS = (plan_trip,)
