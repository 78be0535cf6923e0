"""The tool that plans a trip by road and saves it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field, WithJsonSchema

from pam.answers.exchange_rates import convert_stored_amounts, rate_now
from pam.answers.planned_trip import planned_trip
from pam.answers.trip_costs import trip_costs
from pam.answers.trip_plan import TripPlan, plan_by_road
from pam.answers.user_context import read_user_context
from pam.ledger.operation import UndoResult, WriteContext, WriteResult
from pam.money.exchange_rates import Conversion
from pam.money.expenses import parse_date
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import ToolContext, write_tool
from pam.tools.engine.results import to_write_result
from pam.travel.queries import HERE, PlaceName
from pam.travel.trips import (
    MAX_STOPS,
    MAX_TRIP_BUDGET,
    Trip,
    delete_trip,
    parse_trip_budget,
    read_camping_costs,
    save_trip,
    validate_start_date,
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
    """A trip to plan."""

    budget: _Budget = Field(default=None, description="For the whole trip, only if the traveller named one.")
    destination: PlaceName = Field(description="A town or park.")
    origin: PlaceName = Field(description="The same; `here`: where the traveller is.")
    start_date: _Start = Field(default=None, description="The first day of driving, today at the earliest, if named.")
    stops: tuple[PlaceName, ...] = Field(
        default=(), max_length=MAX_STOPS, description="Places on the way, in the order to drive them."
    )


@dataclass(frozen=True)
class RatedPlan:
    """A plan, and the exchange rate of its fuel's price if that isn't in the user's currency and a rate is known."""

    plan: TripPlan
    fuel_conversion: Conversion | None


def _plan(context: ToolContext, trip: PlanTrip) -> RatedPlan:
    user = read_user_context(context.dependencies, context.user_id, context.deadline)
    validate_start_date(trip.start_date, context.dependencies.clock(), user.profile.in_zone(context.zone))
    names = (trip.origin, *trip.stops, trip.destination)
    plan = plan_by_road(context.dependencies.sources, user, names, context.location, context.deadline)
    # The camping expenses count only as far as they are converted.
    convert_stored_amounts(context.dependencies, context.user_id, context.deadline)
    currency, price = user.profile.currency, plan.fuel.price
    if price is None or price.currency == currency:
        return RatedPlan(plan, None)
    zone = user.profile.zone
    return RatedPlan(plan, rate_now(context.dependencies, price.currency, currency, zone, context.deadline))


def _undo(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    delete_trip(context.connection, context.profile.id, UUID(undo["trip"]))
    return UndoResult(f"The trip {undo['name']} is forgotten.")


def _summary(trip: PlanTrip) -> str:
    return f"Planning the trip to {'you' if trip.destination.casefold() == HERE else trip.destination}"


@write_tool(summary=_summary, undo=_undo, prepare=_plan)
def plan_trip(context: WriteContext, arguments: PlanTrip, rated: RatedPlan) -> WriteResult:
    """Plan a trip by road and save it: days of at most 300 miles or 8 hours of driving, where each ends with the
    nearest place to camp, fuel from the real distance, and the costs against a budget. Stops are driven in the given
    order. It books nothing, and knows no campsite prices, low bridges or weight limits. It can be undone for ten
    minutes."""
    connection, profile, plan = context.connection, context.profile, rated.plan
    camping = read_camping_costs(connection, profile, context.now) if plan.nights else None
    costs = trip_costs(plan, camping, arguments.budget, profile, rated.fuel_conversion)
    answer = planned_trip(plan, profile, arguments.start_date, costs, context.now)
    origin, destination = plan.places[0], plan.places[-1]
    trip = Trip(
        origin=origin.lasting_name,
        destination=destination.lasting_name,
        start_date=arguments.start_date,
        nights=len(plan.nights),
        distance_m=plan.distance_m,
        driving_s=plan.duration_s,
        budget=arguments.budget,
        currency=profile.currency,
        plan=answer.as_json(),
    )
    trip_id = save_trip(connection, profile.id, trip, context.now)
    return to_write_result(answer, undo={"trip": str(trip_id), "name": f"from {origin.name} to {destination.name}"})


TOOLS = (plan_trip,)
