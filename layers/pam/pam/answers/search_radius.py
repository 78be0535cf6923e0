"""The radius around a place in which an answer searches: the one of the question, or the usual one."""

from dataclasses import dataclass

from pam.answers.resolved_place import ResolvedPlace
from pam.answers.user_context import UserContext
from pam.travel.queries import ParksQuery
from pam.travel.units import metres_per
from pam.users.formatting import format_number
from pam.users.profile import Profile

_DEFAULTS = {"mi": 25.0, "km": 40.0}


@dataclass(frozen=True)
class SearchRadius:
    """A radius in `mi` or `km`."""

    value: float
    unit: str

    @classmethod
    def of(cls, query: ParksQuery, user: UserContext) -> "SearchRadius":
        """Return the radius of a query, with the defaults of the user's units."""
        unit = query.unit or user.units.distance_unit
        return cls(query.radius or _DEFAULTS[unit], unit)

    @property
    def metres(self) -> float:
        """The radius in metres."""
        return self.value * metres_per(self.unit)

    def text(self, place: ResolvedPlace, profile: Profile) -> str:
        """Render where is searched, such as `within 25 mi of Moab, Utah`."""
        number = format_number(self.value, profile, 0 if self.value == round(self.value) else 1)
        return f"within {number} {self.unit} of {place.name}"
