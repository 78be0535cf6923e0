"""Tools for travel: fuel prices, weather, driving times and places to camp."""

from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, StrictBool, WithJsonSchema, model_validator

from pam.answers.daily_weather import daily_weather
from pam.answers.gas_prices import gas_prices
from pam.answers.json_values import to_json
from pam.answers.nearby_attractions import nearby_attractions
from pam.answers.nearby_parks import MAX_AMENITIES, ParkWishes, nearby_parks, parse_amenity
from pam.answers.travel_time import travel_time
from pam.answers.weather import weather
from pam.money.amounts import MAX_AMOUNT, parse_amount
from pam.platform.errors import INVALID_REQUEST, PamError
from pam.platform.validation import optional
from pam.tools.catalog.place_arguments import PlaceArgument, location_of, place_text
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import ToolContext, ToolResult, read_tool
from pam.tools.engine.results import to_tool_result
from pam.travel.attractions import DEFAULT_KINDS, MAX_KINDS, AttractionKind
from pam.travel.forecast import MAX_FORECAST_DAYS
from pam.travel.queries import (
    HERE,
    DaysQuery,
    DistanceQuery,
    ForecastPeriod,
    FuelType,
    GasPriceQuery,
    ParksQuery,
    Radius,
    WeatherQuery,
)
from pam.users.whole_numbers import WholeNumberParser

_TIMEOUT_S = 6.0
"""More than a fast answer may take, since the traveller sees that a tool is running."""

# The model gets every third hour: enough to choose one, for a third of the tokens. The strongest gust is in the answer.
_HOUR_STEP = 3
_MAX_HOURS = 24

_Wishes = Annotated[
    tuple[Annotated[str, BeforeValidator(parse_amenity)], ...],
    Field(max_length=MAX_AMENITIES),
    WithJsonSchema({"type": "array", "items": {"type": "string"}}),
]
_Kinds = Annotated[
    tuple[AttractionKind, ...],
    Field(min_length=1, max_length=MAX_KINDS),
    WithJsonSchema({"type": "array", "items": {"enum": list(AttractionKind)}}),
]
# In the query of a URL the days are text.
_parse_days = WholeNumberParser("days", 1, MAX_FORECAST_DAYS)
_Days = Annotated[int | None, optional(_parse_days), _parse_days.schema]
_MaxPrice = Annotated[
    Decimal | None,
    optional(parse_amount),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": int(MAX_AMOUNT)}),
]


def _near(place: str) -> str:
    return f"near {place_text(place)}"


class FindCheapGas(ToolArguments):
    """The place and the fuel. The radius is for a source of stations, which PAM doesn't have."""

    fuel: FuelType = Field(default="regular")
    place: PlaceArgument
    radius: Radius = Field(default=None)

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Looking for fuel prices {_near(self.place)}"


@read_tool(summary=FindCheapGas.summary, timeout_s=_TIMEOUT_S)
def find_cheap_gas(context: ToolContext, arguments: FindCheapGas) -> ToolResult:
    """A fuel's average price in a region of the USA, not at stations."""
    query = GasPriceQuery(place=arguments.place, fuel_type=arguments.fuel, **location_of(context))
    answer = gas_prices(context.dependencies, context.user_id, query, context.deadline)
    radius = "" if arguments.radius is None else ", so it can't compare those within the radius"
    return to_tool_result(replace(answer, text=f"{answer.text} PAM knows no prices of single stations{radius}."))


class GetWeatherForecast(ToolArguments):
    """The place, and either a number of days or a period."""

    days: _Days = None
    period: ForecastPeriod | None = None
    place: PlaceArgument = HERE

    @model_validator(mode="after")
    def _one_span(self) -> Self:
        if self.days is not None and self.period is not None:
            raise PamError(INVALID_REQUEST, "Give “days” or “period”, not both.", field="days")
        return self

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Looking up the weather {_near(self.place)}"


@read_tool(summary=GetWeatherForecast.summary, timeout_s=_TIMEOUT_S)
def get_weather_forecast(context: ToolContext, arguments: GetWeatherForecast) -> ToolResult:
    """Temperature, rain, snow, wind and sun, for up to 16 days."""
    if arguments.days is not None:
        days = DaysQuery(place=arguments.place, days=arguments.days, **location_of(context))
        return to_tool_result(daily_weather(context.dependencies, context.user_id, days, context.deadline))
    query = WeatherQuery(place=arguments.place, period=arguments.period or "now", **location_of(context))
    answer = weather(context.dependencies, context.user_id, query, context.deadline)
    hours = answer.hours if len(answer.hours) <= _MAX_HOURS else ()
    sampled = {"every_third_hour": to_json(hours[::_HOUR_STEP])} if hours else {}
    return to_tool_result(answer, omitted=frozenset({"hours"}), **sampled)


class EstimateTravelTime(ToolArguments):
    """The ends of a drive."""

    breaks: StrictBool = True
    destination: PlaceArgument
    origin: PlaceArgument

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Working out the drive to {place_text(self.destination)}"


@read_tool(summary=EstimateTravelTime.summary, timeout_s=_TIMEOUT_S)
def estimate_travel_time(context: ToolContext, arguments: EstimateTravelTime) -> ToolResult:
    """Distance and driving time by road by car, with breaks."""
    query = DistanceQuery(origin=arguments.origin, destination=arguments.destination, **location_of(context))
    return to_tool_result(
        travel_time(context.dependencies, context.user_id, query, context.deadline, breaks=arguments.breaks)
    )


class FindRvParks(ToolArguments):
    """The place, the radius around it, and what the traveller wishes for."""

    amenities: _Wishes | None = Field(default=None)
    max_price: _MaxPrice = None
    place: PlaceArgument
    radius: Radius = None

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Looking for places to camp {_near(self.place)}"


@read_tool(summary=FindRvParks.summary, timeout_s=_TIMEOUT_S, returns_others_text=True)
def find_rv_parks(context: ToolContext, arguments: FindRvParks) -> ToolResult:
    """Places to camp, nearest first. No source knows prices or vacancies."""
    query = ParksQuery(place=arguments.place, radius=arguments.radius, **location_of(context))
    wishes = ParkWishes(arguments.amenities or (), arguments.max_price)
    answer = nearby_parks(context.dependencies, context.user_id, query, context.deadline, wishes)
    return to_tool_result(answer, not_checked=wishes.names) if wishes.names else to_tool_result(answer)


class FindAttractions(ToolArguments):
    """The place, the radius around it, and the kinds."""

    kinds: _Kinds | None = Field(default=None)
    place: PlaceArgument
    radius: Radius = Field(default=None)

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Looking for things to see {_near(self.place)}"


@read_tool(summary=FindAttractions.summary, timeout_s=_TIMEOUT_S, returns_others_text=True)
def find_attractions(context: ToolContext, arguments: FindAttractions) -> ToolResult:
    """Sights near a place. No opening hours or prices."""
    query = ParksQuery(place=arguments.place, radius=arguments.radius, **location_of(context))
    return to_tool_result(
        nearby_attractions(
            context.dependencies, context.user_id, query, arguments.kinds or DEFAULT_KINDS, context.deadline
        )
    )


TOOLS = (
    find_cheap_gas,
    get_weather_forecast,
    estimate_travel_time,
    find_rv_parks,
    find_attractions,
)
