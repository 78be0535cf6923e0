"""GET /v1/weather: the forecast for a place and a period, with wind warnings for high-sided rigs. Tier 2."""

from pam.answers.travel_parts import travel_parts
from pam.answers.weather import weather
from pam.platform.http import Api, Call, Reply
from pam.travel.questions import WeatherQuestion

handler = Api()


@handler.get("/v1/weather", WeatherQuestion)
def get(call: Call, question: WeatherQuestion) -> Reply:
    """The answer as JSON, in the traveller's units."""
    return Reply(weather(travel_parts(), call.user_id, question))
