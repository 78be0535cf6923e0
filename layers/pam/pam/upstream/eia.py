"""EIA, the US Energy Information Administration: what fuel costs on average, by week and region.

Regional averages of a survey of stations on Mondays, in dollars a US gallon with taxes. There is no price
of a single station in it, and none outside of the United States.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal

from pam.upstream.deadline import Deadline
from pam.upstream.http import Http, Wire
from pam.upstream.key import Key
from pam.upstream.source import FaultKind, Source, Sourced, UpstreamFault

Fuel = Literal["regular", "mid", "premium", "diesel"]

PRODUCTS: dict[Fuel, str] = {"regular": "EPMR", "mid": "EPMM", "premium": "EPMP", "diesel": "EPD2D"}
"""EIA's names of the fuels: all formulations of a grade, and No. 2 diesel."""


@dataclass(frozen=True)
class Area:
    """A region that EIA has a price for: its code, and its name for the answer."""

    code: str
    name: str


@dataclass(frozen=True)
class FuelPrice:
    """An average price in US dollars a US gallon, of the week that begins on `week` (a Monday), in `area`."""

    usd_per_gallon: Decimal
    week: date
    fuel: Fuel
    area: Area


UNITED_STATES = Area("NUS", "United States")

_NEW_ENGLAND = Area("R1X", "New England (PADD 1A)")
_CENTRAL_ATLANTIC = Area("R1Y", "Central Atlantic (PADD 1B)")
_LOWER_ATLANTIC = Area("R1Z", "Lower Atlantic (PADD 1C)")
_MIDWEST = Area("R20", "Midwest (PADD 2)")
_GULF_COAST = Area("R30", "Gulf Coast (PADD 3)")
_ROCKY_MOUNTAIN = Area("R40", "Rocky Mountain (PADD 4)")
_WEST_COAST = Area("R5XCA", "West Coast without California (PADD 5)")
_CALIFORNIA = Area("SCA", "California")

# https://www.eia.gov/petroleum/gasdiesel/: the Petroleum Administration for Defense Districts.
_REGIONS: dict[Area, str] = {
    _NEW_ENGLAND: "CT ME MA NH RI VT",
    _CENTRAL_ATLANTIC: "DE DC MD NJ NY PA",
    _LOWER_ATLANTIC: "FL GA NC SC VA WV",
    _MIDWEST: "IL IN IA KS KY MI MN MO NE ND OH OK SD TN WI",
    _GULF_COAST: "AL AR LA MS NM TX",
    _ROCKY_MOUNTAIN: "CO ID MT UT WY",
    _WEST_COAST: "AK AZ HI NV OR WA",
    _CALIFORNIA: "CA",
}
_REGION_OF = {state: area for area, states in _REGIONS.items() for state in states.split()}

# States whose gasoline, though not whose diesel, has a price of its own.
_STATES = {
    "CO": Area("SCO", "Colorado"),
    "FL": Area("SFL", "Florida"),
    "MA": Area("SMA", "Massachusetts"),
    "MN": Area("SMN", "Minnesota"),
    "NY": Area("SNY", "New York"),
    "OH": Area("SOH", "Ohio"),
    "TX": Area("STX", "Texas"),
    "WA": Area("SWA", "Washington"),
}


def area_for(country_code: str | None, state_code: str | None, fuel: Fuel) -> Area | None:
    """The finest area with a price of this fuel: `US`, `UT` → Rocky Mountain (PADD 4). `US` alone → United States.

    None outside of the 50 states and D.C.: the survey covers nothing else.
    """
    if country_code != "US":
        return None
    if state_code is None:
        return UNITED_STATES
    if fuel != "diesel" and state_code in _STATES:
        return _STATES[state_code]
    return _REGION_OF.get(state_code)


class _Row(Wire):
    period: date
    duoarea: str
    product: str
    # A string since API 2.1.6, a number before; null for a week without a survey.
    value: str | float | None
    units: Literal["$/GAL"]


class _Rows(Wire):
    data: list[_Row]


class PriceAnswer(Wire):
    """What EIA answers with."""

    response: _Rows


class Eia:
    """One adapter for each Lambda environment."""

    def __init__(self, http: Http, key: Key) -> None:
        self._http = http
        self._key = key

    def price(self, fuel: Fuel, area: Area, deadline: Deadline) -> Sourced[FuelPrice]:
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
        except UpstreamFault as fault:
            if fault.kind is FaultKind.UNAUTHORISED:
                self._key.forget()
            raise
        return Sourced(_price(answer.value, fuel, area), answer.source)


def _price(answer: PriceAnswer, fuel: Fuel, area: Area) -> FuelPrice:
    rows = [row for row in answer.response.data if row.value is not None]
    if not rows:
        raise UpstreamFault(Source.EIA, FaultKind.NOT_FOUND, f"no price of {fuel} in {area.code}")
    newest = max(rows, key=lambda row: row.period)
    if (newest.duoarea, newest.product) != (area.code, PRODUCTS[fuel]):
        raise UpstreamFault(Source.EIA, FaultKind.MALFORMED, "a price of something else")
    try:
        price = Decimal(str(newest.value))
    except InvalidOperation:
        price = Decimal("NaN")
    # Beyond any price ever paid it is cents, or a barrel's.
    if not price.is_finite() or not Decimal(0) < price < Decimal(50):
        raise UpstreamFault(Source.EIA, FaultKind.MALFORMED, "no price")
    return FuelPrice(price, newest.period, fuel, area)
