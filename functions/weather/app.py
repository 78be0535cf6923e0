"""GET /v1/weather: the forecast for a place and a period, with wind warnings for high-sided rigs. Tier 2."""

from pam.answers.weather import weather
from pam.bootstrap import travel_dependencies
from pam.platform.http import HttpApi, HttpRequest, HttpResponse
from pam.travel.queries import WeatherQuery

handler = HttpApi(travel_dependencies)


@handler.get("/v1/weather", WeatherQuery)
def get(call: HttpRequest, question: WeatherQuery) -> HttpResponse:
    """The answer as JSON, in the traveller's units."""
    return HttpResponse(weather(travel_dependencies(), call.user_id, question))
