"""The tool that plans a trip by road and saves it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from pam.answers.day_limit import read_day_limit
from pam.answers.exchange_rates import convert_stored_amounts, rate_now
from pam.answers.planned_trip import planned_trip, shorten
from pam.answers.trip_costs import trip_costs
from pam.answers.trip_dates import dated_schedule, trip_legs
from pam.answers.trip_plan import TripPlan, plan_by_road
from pam.answers.user_context import read_user_context
from pam.ledger.operation import UndoResult, WriteContext, WriteResult
from pam.money.exchange_rates import Conversion
from pam.money.expenses import parse_date
from pam.platform.errors import INVALID_REQUEST, PamError
from pam.platform.validation import optional
from pam.tools.catalog.place_arguments import PlaceArgument, place_text
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import ToolContext, write_tool
from pam.tools.engine.results import to_write_result
from pam.travel.day_limit import DayLimit, LimitOrigin
from pam.travel.queries import DailyDistance, PlaceName
from pam.travel.schedule import ArriveBy, Schedule, parse_arrive_by
from pam.travel.trips import (
    MAX_NIGHTS_AT_STOP,
    MAX_STOPS,
    Trip,
    delete_trip,
    parse_trip_budget,
    read_camping_costs,
    save_trip,
    validate_start_date,
)
from pam.travel.units import metres_per

_Start = Annotated[
    date | None,
    optional(parse_date),
    WithJsonSchema({"type": "string", "format": "date"}),
]
_ArriveBy = Annotated[ArriveBy | None, BeforeValidator(parse_arrive_by), WithJsonSchema({"type": "string"})]
_Budget = Annotated[Decimal | None, BeforeValidator(parse_trip_budget), WithJsonSchema({"type": "number"})]
_MaxDaily = Annotated[DailyDistance, WithJsonSchema({"type": "number"})]
_Nights = Annotated[
    tuple[Annotated[int, Field(ge=0, le=MAX_NIGHTS_AT_STOP)], ...],
    WithJsonSchema({"type": "array", "items": {"type": "integer"}}),
]
_Stops = Annotated[
    tuple[PlaceName, ...],
    Field(max_length=MAX_STOPS),
    WithJsonSchema({"type": "array", "items": {"type": "string"}, "maxItems": MAX_STOPS}),
]


class PlanTrip(ToolArguments):
    """A trip to plan."""

    arrive_by: _ArriveBy = Field(default=None, description="2026-03-14T18:00")
    budget: _Budget = Field(default=None)
    destination: PlaceArgument
    max_daily: _MaxDaily = Field(default=None, description="Distance.")
    nights: _Nights = Field(default=(), description="At each stop.")
    origin: PlaceArgument
    start_date: _Start = Field(default=None)
    stops: _Stops = ()

    @model_validator(mode="after")
    def _nights_at_stops(self) -> Self:
        if len(self.nights) > len(self.stops):
            raise PamError(INVALID_REQUEST, "There are more numbers of nights than stops.", field="nights")
        return self


@dataclass(frozen=True)
class RatedPlan:
    """A plan with its dates, and the exchange rate of its fuel's price where that isn't in the user's currency."""

    plan: TripPlan
    schedule: Schedule
    fuel_conversion: Conversion | None


def _plan(context: ToolContext, trip: PlanTrip) -> RatedPlan:
    dependencies = context.dependencies
    user = read_user_context(dependencies, context.user_id, context.deadline)
    profile, now = user.profile.in_zone(context.zone), dependencies.clock()
    validate_start_date(trip.start_date, now, profile)
    if trip.max_daily is None:
        limit = read_day_limit(dependencies, context.user_id, context.deadline)
    else:
        metres = trip.max_daily * metres_per(user.units.distance_unit)
        limit = DayLimit(metres, origin=LimitOrigin.STATED)
    names = (trip.origin, *trip.stops, trip.destination)
    plan = plan_by_road(
        dependencies.sources, user, names, context.location, context.deadline, limit=limit, stays=trip.nights
    )
    schedule = dated_schedule(plan, trip.start_date, trip.arrive_by, now, profile)
    # The camping expenses count only as far as they are converted.
    convert_stored_amounts(dependencies, context.user_id, context.deadline)
    currency, price = user.profile.currency, plan.fuel.price
    if price is None or price.currency == currency:
        return RatedPlan(plan, schedule, None)
    zone = user.profile.zone
    return RatedPlan(plan, schedule, rate_now(dependencies, price.currency, currency, zone, context.deadline))


def _undo(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    delete_trip(context.connection, context.profile.id, UUID(undo["trip"]))
    return UndoResult(f"The trip {undo['name']} is forgotten.")


def _summary(trip: PlanTrip) -> str:
    return f"Planning the trip to {place_text(trip.destination)}"


# The campgrounds near its nights have the names that their owners gave them.
@write_tool(summary=_summary, undo=_undo, prepare=_plan, returns_others_text=True)
def plan_trip(context: WriteContext, arguments: PlanTrip, rated: RatedPlan) -> WriteResult:
    """Plan and save a trip by road with its nights and costs. It books nothing."""
    connection, profile, plan, start = context.connection, context.profile, rated.plan, rated.schedule.start
    camping = read_camping_costs(connection, profile, context.now) if plan.nights else None
    costs = trip_costs(plan, camping, arguments.budget, profile, rated.fuel_conversion)
    answer = planned_trip(plan, profile, rated.schedule, costs, context.now)
    origin, destination = plan.places[0], plan.places[-1]
    trip = Trip(
        origin=origin.lasting_name,
        destination=destination.lasting_name,
        start_date=start,
        nights=plan.night_count,
        distance_m=plan.distance_m,
        driving_s=plan.duration_s,
        budget=arguments.budget,
        currency=profile.currency,
        plan=answer.as_json(),
        legs=trip_legs(plan, start),
    )
    trip_id = save_trip(connection, profile.id, trip, context.now)
    undo = {"trip": str(trip_id), "name": f"from {origin.name} to {destination.name}"}
    result = to_write_result(answer, undo)
    return replace(result, data=shorten(result.data))


TOOLS = (plan_trip,)
