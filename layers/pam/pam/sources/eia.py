"""EIA, the US Energy Information Administration: average fuel prices by week and region.

Averages from a survey of stations on Mondays, in dollars per US gallon with taxes. It has no prices of single
stations, and none outside of the United States.
"""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal

from pam.platform.deadline import Deadline
from pam.sources.api_key import ApiKey
from pam.sources.http_client import HttpClient, ResponseModel
from pam.sources.source import Fetched, Source, SourceError, SourceErrorKind
from pam.travel.fuel_prices import Fuel, FuelPrice, PriceArea

PRODUCTS: dict[Fuel, str] = {"regular": "EPMR", "mid": "EPMM", "premium": "EPMP", "diesel": "EPD2D"}
"""EIA's product codes: all formulations of a grade, and No. 2 diesel."""


class _Row(ResponseModel):
    period: date
    duoarea: str
    product: str
    # A string since API 2.1.6, a number before; null for a week without a survey.
    value: str | float | None
    units: Literal["$/GAL"]


class _Rows(ResponseModel):
    data: list[_Row]


class PriceResponse(ResponseModel):
    """EIA's response to a price request."""

    response: _Rows


class Eia:
    """The adapter to EIA."""

    def __init__(self, http: HttpClient, key: ApiKey) -> None:
        self._http = http
        self._key = key

    def price(self, fuel: Fuel, area: PriceArea, deadline: Deadline) -> Fetched[FuelPrice]:
        """Return the newest weekly average. Raises `SourceError`, `not_found` where EIA has none for this area."""
        query = [
            ("frequency", "weekly"),
            ("data[0]", "value"),
            ("facets[product][]", PRODUCTS[fuel]),
            ("facets[duoarea][]", area.code),
            ("sort[0][column]", "period"),
            ("sort[0][direction]", "desc"),
            ("offset", "0"),
            # More than one: the newest week may not have a value yet.
            ("length", "4"),
        ]
        response = self._key.call(
            lambda key: self._http.get(
                "/v2/petroleum/pri/gnd/data/", [*query, ("api_key", key)], PriceResponse, deadline
            )
        )
        return response.map(lambda prices: _newest_price(prices, fuel, area))


def _newest_price(prices: PriceResponse, fuel: Fuel, area: PriceArea) -> FuelPrice:
    rows = [row for row in prices.response.data if row.value is not None]
    if not rows:
        raise SourceError(Source.EIA, SourceErrorKind.NOT_FOUND, f"no price of {fuel} in {area.code}")
    newest = max(rows, key=lambda row: row.period)
    if (newest.duoarea, newest.product) != (area.code, PRODUCTS[fuel]):
        raise SourceError(Source.EIA, SourceErrorKind.MALFORMED, "a price of another product or area")
    try:
        price = Decimal(str(newest.value))
    except InvalidOperation:
        price = Decimal("NaN")
    # A higher figure would be cents, or the price of a barrel.
    if not price.is_finite() or not Decimal(0) < price < Decimal(50):
        raise SourceError(Source.EIA, SourceErrorKind.MALFORMED, "a price out of range")
    return FuelPrice(price, newest.period, fuel, area)
