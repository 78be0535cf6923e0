"""GET /v1/weather: the forecast for a place and a period, with wind warnings for high-sided rigs. Tier 2."""

from pam.answers.weather import weather
from pam.environment import request_limit, travel_dependencies
from pam.platform.deadline import FAST_ANSWER_TIMEOUT_S
from pam.platform.http import HttpApi, HttpRequest, HttpResponse
from pam.travel.queries import WeatherQuery

handler = HttpApi(travel_dependencies, request_limit, tier=2)


@handler.get("/v1/weather", WeatherQuery)
def get(call: HttpRequest, query: WeatherQuery) -> HttpResponse:
    """Return the answer as JSON, in the traveller's units."""
    deadline = call.deadline.at_most(FAST_ANSWER_TIMEOUT_S)
    return HttpResponse(weather(travel_dependencies(), call.user_id, query, deadline).as_json())
