"""EIA, the US Energy Information Administration: what fuel costs on average, by week and region.

Regional averages of a survey of stations on Mondays, in dollars a US gallon with taxes. There is no price
of a single station in it, and none outside of the United States.
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
"""EIA's names of the fuels: all formulations of a grade, and No. 2 diesel."""


class _Row(ResponseModel):
    period: date
    duoarea: str
    product: str
    # A string since API 2.1.6, a number before; null for a week without a survey.
    value: str | float | None
    units: Literal["$/GAL"]


class _Rows(ResponseModel):
    data: list[_Row]


class PriceAnswer(ResponseModel):
    """What EIA answers with."""

    response: _Rows


class Eia:
    """One adapter for each Lambda environment."""

    def __init__(self, http: HttpClient, key: ApiKey) -> None:
        self._http = http
        self._key = key

    def price(self, fuel: Fuel, area: PriceArea, deadline: Deadline) -> Fetched[FuelPrice]:
        """The newest weekly average. Raises `UpstreamFault`, `not_found` where EIA has none for this area."""
        query = [
            ("frequency", "weekly"),
            ("data[0]", "value"),
            ("facets[product][]", PRODUCTS[fuel]),
            ("facets[duoarea][]", area.code),
            ("sort[0][column]", "period"),
            ("sort[0][direction]", "desc"),
            ("offset", "0"),
            # More than one: the newest week may still be without a value.
            ("length", "4"),
        ]
        try:
            query.append(("api_key", self._key.read()))
            answer = self._http.get("/v2/petroleum/pri/gnd/data/", query, PriceAnswer, deadline)
        except SourceError as fault:
            if fault.kind is SourceErrorKind.UNAUTHORISED:
                self._key.forget()
            raise
        return Fetched(_price(answer.value, fuel, area), answer.source)


def _price(answer: PriceAnswer, fuel: Fuel, area: PriceArea) -> FuelPrice:
    rows = [row for row in answer.response.data if row.value is not None]
    if not rows:
        raise SourceError(Source.EIA, SourceErrorKind.NOT_FOUND, f"no price of {fuel} in {area.code}")
    newest = max(rows, key=lambda row: row.period)
    if (newest.duoarea, newest.product) != (area.code, PRODUCTS[fuel]):
        raise SourceError(Source.EIA, SourceErrorKind.MALFORMED, "a price of something else")
    try:
        price = Decimal(str(newest.value))
    except InvalidOperation:
        price = Decimal("NaN")
    # Beyond any price ever paid it is cents, or a barrel's.
    if not price.is_finite() or not Decimal(0) < price < Decimal(50):
        raise SourceError(Source.EIA, SourceErrorKind.MALFORMED, "no price")
    return FuelPrice(price, newest.period, fuel, area)
