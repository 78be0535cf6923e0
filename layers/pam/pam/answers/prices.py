"""The average price of a fuel where somebody is, or where they come from."""

from datetime import date, timedelta

from pam.answers.known import Known
from pam.answers.sources import Sources
from pam.answers.travellers import Asker
from pam.traveller.profile import Profile
from pam.traveller.wording import days
from pam.upstream.deadline import Deadline
from pam.upstream.eia import UNITED_STATES, Fuel, FuelPrice, area_for
from pam.upstream.places import Place


def average_price(
    sources: Sources, asker: Asker, place: Place | None, fuel: Fuel, deadline: Deadline
) -> Known[FuelPrice] | None:
    """EIA's weekly average of the finest region that holds `place`; of the traveller's country without one.

    None outside of the United States, where no source is known. Raises `UpstreamUnavailable`.
    """
    country = place.country_code if place else asker.country_code
    state = place.region_code if place else None
    area = area_for(country, state, fuel)
    return sources.price(fuel, area, deadline) if area else None


def survey(area: str, week: date, profile: Profile) -> str:
    """Such as `Colorado in the week of Nov 16, 2026`: an average is never told without them."""
    where = f"the {area}" if area == UNITED_STATES.name else area
    return f"{where} in the week of {days(week, week + timedelta(days=1), profile)}"
