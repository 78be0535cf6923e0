"""The average price of a fuel where somebody is, or where they come from."""

from datetime import date, timedelta

from pam.answers.sourced import Sourced
from pam.answers.travel_sources import TravelSources
from pam.answers.user_context import UserContext
from pam.platform.deadline import Deadline
from pam.travel.fuel_prices import UNITED_STATES, Fuel, FuelPrice, price_area
from pam.travel.places import Place
from pam.users.formatting import format_dates
from pam.users.profile import Profile


def average_price(
    sources: TravelSources, user: UserContext, place: Place | None, fuel: Fuel, deadline: Deadline
) -> Sourced[FuelPrice] | None:
    """EIA's weekly average of the finest region that holds `place`; of the traveller's country without one.

    None outside of the United States, where no source is known. Raises `SourceUnavailable`.
    """
    country = place.country_code if place else user.country_code
    state = place.region_code if place else None
    area = price_area(country, state, fuel)
    return sources.price(fuel, area, deadline) if area else None


def survey(area: str, week: date, profile: Profile) -> str:
    """Such as `Colorado in the week of Nov 16, 2026`: an average is never told without them."""
    where = f"the {area}" if area == UNITED_STATES.name else area
    return f"{where} in the week of {format_dates(week, week + timedelta(days=1), profile)}"
