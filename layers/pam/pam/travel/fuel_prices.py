"""Average fuel prices, and the areas of the United States in EIA's weekly survey."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Fuel = Literal["regular", "mid", "premium", "diesel"]


@dataclass(frozen=True)
class PriceArea:
    """An area of the survey: its code and its display name."""

    code: str
    name: str


@dataclass(frozen=True)
class FuelPrice:
    """An average price in US dollars per US gallon in `area`, of the week that begins on `week`, a Monday."""

    usd_per_gallon: Decimal
    week: date
    fuel: Fuel
    area: PriceArea


UNITED_STATES = PriceArea("NUS", "United States")

_NEW_ENGLAND = PriceArea("R1X", "New England (PADD 1A)")
_CENTRAL_ATLANTIC = PriceArea("R1Y", "Central Atlantic (PADD 1B)")
_LOWER_ATLANTIC = PriceArea("R1Z", "Lower Atlantic (PADD 1C)")
_MIDWEST = PriceArea("R20", "Midwest (PADD 2)")
_GULF_COAST = PriceArea("R30", "Gulf Coast (PADD 3)")
_ROCKY_MOUNTAIN = PriceArea("R40", "Rocky Mountain (PADD 4)")
_WEST_COAST = PriceArea("R5XCA", "West Coast without California (PADD 5)")
_CALIFORNIA = PriceArea("SCA", "California")

# https://www.eia.gov/petroleum/gasdiesel/: the Petroleum Administration for Defense Districts.
_REGIONS: dict[PriceArea, str] = {
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

# States that are an area of their own for gasoline, but not for diesel.
_STATES = {
    "CO": PriceArea("SCO", "Colorado"),
    "FL": PriceArea("SFL", "Florida"),
    "MA": PriceArea("SMA", "Massachusetts"),
    "MN": PriceArea("SMN", "Minnesota"),
    "NY": PriceArea("SNY", "New York"),
    "OH": PriceArea("SOH", "Ohio"),
    "TX": PriceArea("STX", "Texas"),
    "WA": PriceArea("SWA", "Washington"),
}


def price_area(country_code: str | None, state_code: str | None, fuel: Fuel) -> PriceArea | None:
    """Return the smallest area with a price of this fuel: `US`, `UT` → Rocky Mountain (PADD 4); `US` → United States.

    None outside of the 50 states and D.C.: the survey covers nothing else.
    """
    if country_code != "US":
        return None
    if state_code is None:
        return UNITED_STATES
    if fuel != "diesel" and state_code in _STATES:
        return _STATES[state_code]
    return _REGION_OF.get(state_code)
