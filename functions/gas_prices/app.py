"""GET /v1/gas-prices: the regional average price of a fuel. Tier 2."""

from pam.answers.gas_prices import gas_prices
from pam.environment import request_limit, travel_dependencies
from pam.platform.deadline import FAST_ANSWER_TIMEOUT_S
from pam.platform.http import HttpApi, HttpRequest, HttpResponse
from pam.travel.queries import GasPriceQuery

handler = HttpApi(travel_dependencies, request_limit, tier=2)


@handler.get("/v1/gas-prices", GasPriceQuery)
def get(call: HttpRequest, query: GasPriceQuery) -> HttpResponse:
    """Return the answer as JSON, in the traveller's units."""
    deadline = call.deadline.at_most(FAST_ANSWER_TIMEOUT_S)
    return HttpResponse(gas_prices(travel_dependencies(), call.user_id, query, deadline).as_json())
