"""GET /v1/gas-prices: the regional average price of a fuel. Tier 2."""

from pam.answers.gas_prices import gas_prices
from pam.answers.travel_parts import travel_parts
from pam.platform.http import Api, Call, Reply
from pam.travel.questions import GasPriceQuestion

handler = Api()


@handler.get("/v1/gas-prices", GasPriceQuestion)
def get(call: Call, question: GasPriceQuestion) -> Reply:
    """The answer as JSON, in the traveller's units."""
    return Reply(gas_prices(travel_parts(), call.user_id, question))
