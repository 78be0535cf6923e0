"""The average price of a fuel in the region of a place."""

from datetime import date

from pam.answers.sourced import Sourced
from pam.answers.travel_sources import TravelSources
from pam.answers.user_context import UserContext
from pam.platform.deadline import Deadline
from pam.travel.fuel_prices import UNITED_STATES, Fuel, FuelPrice, price_area
from pam.travel.places import Place
from pam.users.formatting import format_day
from pam.users.profile import Profile

_US_GALLONS = {"gallon": "US gallon", "gal": "US gal", "mpg": "mpg (US)"}


def volume_name(unit: str, user: UserContext) -> str:
    """Return the name of one `gal` or `l`."""
    return us_gallons({"gal": "gallon", "l": "litre"}[unit], user)


def us_gallons(name: str, user: UserContext) -> str:
    """Return a unit's name; outside of the United States a gallon's says which, since an imperial one is larger."""
    return name if user.country_code == "US" else _US_GALLONS.get(name, name)


def average_price(
    sources: TravelSources, user: UserContext, place: Place | None, fuel: Fuel, deadline: Deadline
) -> Sourced[FuelPrice] | None:
    """Return EIA's weekly average for the smallest region that contains `place`; without one for the user's country.

    None outside of the United States, where PAM has no source. Raises `SourceUnavailable`.
    """
    country = place.country_code if place else user.country_code
    state = place.region_code if place else None
    area = price_area(country, state, fuel)
    return sources.price(fuel, area, deadline) if area else None


def survey_text(area: str, week: date, profile: Profile) -> str:
    """Render an average's region and week, such as `Colorado in the week of Nov 16, 2026`."""
    region = f"the {area}" if area == UNITED_STATES.name else area
    return f"{region} in the week of {format_day(week, profile)}"
