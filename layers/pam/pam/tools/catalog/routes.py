"""Tools for the way: what its fuel costs, the best order of stops, and the conditions on it."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from pam.answers.best_route import Measure, best_route
from pam.answers.fuel_estimate import fuel_estimate
from pam.answers.road_conditions import road_conditions
from pam.platform.validation import optional
from pam.tools.catalog.place_arguments import PlaceArgument, location_of, place_text
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import ToolContext, ToolResult, read_tool
from pam.tools.engine.results import to_tool_result
from pam.travel.queries import Distance, DistanceQuery, FuelQuery, LocatedQuery, PlaceName, PriceNumber
from pam.travel.route_order import MAX_ORDERED_STOPS
from pam.users.text import TextParser

_TIMEOUT_S = 6.0
_MIN_STOPS = 2

_parse_vehicle = TextParser("vehicle", 100, required=True)

_Number = WithJsonSchema({"type": "number"})
_Vehicle = Annotated[
    str | None,
    optional(_parse_vehicle),
    WithJsonSchema({"type": "string"}),
]
_Stops = Annotated[
    tuple[PlaceName, ...],
    Field(min_length=_MIN_STOPS, max_length=MAX_ORDERED_STOPS),
    WithJsonSchema({"type": "array", "items": {"type": "string"}, "maxItems": MAX_ORDERED_STOPS}),
]


class CalculateGasCost(ToolArguments):
    """A distance or the ends of a way, and what the traveller named of vehicle and price."""

    destination: PlaceArgument | None = Field(default=None)
    distance: Annotated[Distance, _Number] = Field(default=None)
    origin: PlaceArgument | None = Field(default=None)
    price: Annotated[PriceNumber, _Number] = Field(default=None, description="Of their unit.")
    vehicle: _Vehicle = Field(default=None)

    def summary(self) -> str:
        """Return what the tool is doing."""
        return "Working out the fuel" + (f" to {place_text(self.destination)}" if self.destination else "")


@read_tool(summary=CalculateGasCost.summary, timeout_s=_TIMEOUT_S)
def calculate_gas_cost(context: ToolContext, arguments: CalculateGasCost) -> ToolResult:
    """Fuel and its cost for a distance or a way."""
    fields = arguments.model_dump(exclude={"vehicle"}, exclude_none=True)
    query = FuelQuery(**fields, **location_of(context))
    answer = fuel_estimate(context.dependencies, context.user_id, query, context.deadline, arguments.vehicle)
    return to_tool_result(answer)


class OptimizeRoute(ToolArguments):
    """The ends of a way, and the stops to order."""

    by: Measure = Field(default="time")
    destination: PlaceArgument
    origin: PlaceArgument
    stops: _Stops

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Ordering the stops to {place_text(self.destination)}"


@read_tool(summary=OptimizeRoute.summary, timeout_s=_TIMEOUT_S)
def optimize_route(context: ToolContext, arguments: OptimizeRoute) -> ToolResult:
    """The best order of stops by road."""
    names = (arguments.origin, *arguments.stops, arguments.destination)
    query = LocatedQuery(**location_of(context))
    return to_tool_result(
        best_route(context.dependencies, context.user_id, names, query, arguments.by, context.deadline)
    )


class GetRoadConditions(ToolArguments):
    """The ends of a way."""

    destination: PlaceArgument
    origin: PlaceArgument

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Looking at the roads to {place_text(self.destination)}"


@read_tool(summary=GetRoadConditions.summary, timeout_s=_TIMEOUT_S, returns_others_text=True)
def get_road_conditions(context: ToolContext, arguments: GetRoadConditions) -> ToolResult:
    """Traffic, incidents and closures on a road now."""
    query = DistanceQuery(origin=arguments.origin, destination=arguments.destination, **location_of(context))
    return to_tool_result(road_conditions(context.dependencies, context.user_id, query, context.deadline))


TOOLS = (calculate_gas_cost, optimize_route, get_road_conditions)
