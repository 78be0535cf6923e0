"""Places, and the choice of one from several candidates. An uncertain place is a question: a wrong one, a wrong answer.

Mapbox orders towns by their prominence and returns no score for them, so these rules decide:

1. A candidate counts if the text is its name, followed by nothing but its surroundings (`place_names.is_named`). One
   whose full name is the text comes before all others. Others may be suggested, never assumed.
2. A state or country is an area, not a point. Where a point is needed it is an error that offers the towns of that
   name, unless one of them lies in the area (New York in New York). Where an area is enough, it comes before towns.
3. The first in Mapbox's order is chosen, unless it has a rival: a park of that name, another town where two towns of
   note share the name (`shared_names.txt`), or a town in the user's own country where the first is abroad.
4. A place is no rival in the same state or within 50 km, or, except for parks, abroad where the first is in the
   user's own country.
5. Of rivals, the user is asked, unless one is clearly nearest to `near`, where that is known, and is also the first in
   Mapbox's order, a town of note or a park, or the town that they are in (40 km). They are asked, too, where any place
   of that name is much nearer than the chosen one; if that is a prominent town, such as Denver, only where the other
   one is within 350 km.
6. The choices are the nearest ones, and always the first in Mapbox's order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pam.platform.errors import (
    AMBIGUOUS_PLACE,
    PLACE_TOO_LARGE,
    UNKNOWN_PLACE,
    ErrorChoice,
    ErrorCode,
    PamError,
)
from pam.travel.geography import great_circle_m
from pam.travel.place_names import (
    NOTABLE_REGIONS,
    PROMINENT_NAMES,
    SHARED_NAME_COUNTRIES,
    SHARED_NAMES,
    is_named,
    may_be_meant,
    name_words,
)

PlaceKind = Literal["country", "region", "district", "place", "locality", "park"]
"""Mapbox's feature types (a `region` is a state, a `place` a town), and parks."""

PlaceUse = Literal["point", "area"]
"""What a place is needed for: a point on the map, or, such as for an average price, a town or the area around it."""

MAX_CHOICES = 3

_AREAS = frozenset({"country", "region"})
_SAME_TOWN_M = 40_000.0
_SAME_AREA_M = 50_000.0
_FARTHEST_M = 800_000.0
_SURROUNDINGS_M = 350_000.0


@dataclass(frozen=True)
class Place:
    """A place on the map. Degrees; codes as in ISO 3166 (`US`, `UT`), or None where Mapbox names none."""

    name: str
    full_name: str
    kind: PlaceKind
    latitude: float
    longitude: float
    country_code: str | None
    region: str | None
    region_code: str | None

    def name_for(self, country_code: str | None) -> str:
        """Return the full name, without the country to somebody from there: `Moab, Utah` to an American."""
        if self.country_code == country_code and ", " in self.full_name:
            return self.full_name.rpartition(", ")[0]
        return self.full_name


class PlaceError(PamError):
    """A text that isn't certainly one place. `choices` are places to choose from; `value` is a full name."""

    def __init__(self, error: ErrorCode, message: str, text: str, choices: tuple[ErrorChoice, ...] = ()) -> None:
        super().__init__(error, message, choices=choices)
        self.text = text


class UnknownPlace(PlaceError):
    """No place certainly matches the text."""

    def __init__(self, text: str, suggested: Sequence[Place] = (), country_code: str | None = None) -> None:
        choices = _choices(suggested, country_code)
        question = f" Do you mean {_listed(choices)}?" if choices else ""
        super().__init__(UNKNOWN_PLACE, f"PAM doesn't know a place “{_short(text)}”.{question}", text, choices)


class AmbiguousPlace(PlaceError):
    """Several places match the text."""

    def __init__(self, text: str, candidates: Sequence[Place], country_code: str | None = None) -> None:
        choices = _choices(candidates, country_code)
        super().__init__(AMBIGUOUS_PLACE, f"Which “{_short(text)}” do you mean: {_listed(choices)}?", text, choices)


class PlaceTooLarge(PlaceError):
    """The text is a state or a country where a point is needed; `towns` have the same name."""

    def __init__(self, text: str, area: Place, towns: Sequence[Place], country_code: str | None = None) -> None:
        choices = _choices(towns, country_code)
        what = "country" if area.kind == "country" else _REGION_NAMES.get(area.country_code or "", "region")
        message = f"{area.name} is a {what}: name a town or a park in it."
        question = f" Or do you mean {_listed(choices)}?" if choices else ""
        super().__init__(PLACE_TOO_LARGE, message + question, text, choices)


_REGION_NAMES = {"AU": "state", "CA": "province", "MX": "state", "US": "state"}


def choose_place(
    text: str,
    candidates: Sequence[Place],
    *,
    near: tuple[float, float] | None = None,
    country_code: str | None = None,
    use: PlaceUse = "point",
) -> Place:
    """Return the place that `text` means, by the rules of this module. Candidates are in Mapbox's order.

    `near` (latitude, longitude) is where the user is or what they talk about, `country_code` their country. Raises
    `UnknownPlace`, `AmbiguousPlace`, or, unless an area is enough for `use`, `PlaceTooLarge`.
    """
    words = name_words(text)
    named = [place for place in candidates if is_named(words, place.name, place.full_name, place.kind)]
    named = [place for place in named if ", " in place.full_name and name_words(place.full_name) == words] or named
    if not named:
        suggested = [place for place in candidates if may_be_meant(words, place.name, place.full_name)]
        raise UnknownPlace(text, suggested, country_code)
    points = [place for place in named if place.kind not in _AREAS]
    areas = [area for area in named if area.kind in _AREAS and not any(_is_in(point, area) for point in points)]
    areas = [area for area in areas if area.country_code == country_code] or areas
    if areas and use == "point":
        raise PlaceTooLarge(text, areas[0], _nearest_first(points, near), country_code)
    return _choose([*areas, *points], text, near, country_code)


def _choose(places: Sequence[Place], text: str, near: tuple[float, float] | None, country_code: str | None) -> Place:
    chosen = places[0]
    rivals = [place for place in places[1:] if _is_rival(place, chosen, country_code)]
    if rivals:
        ordered = _nearest_first([chosen, *rivals], near)
        nearest = ordered[0]
        if near is None or not _is_much_nearer(nearest, ordered[1], near):
            raise AmbiguousPlace(text, _with(chosen, ordered), country_code)
        if nearest is not chosen and not (_is_notable(nearest) or _distance_m(nearest, near) < _SAME_TOWN_M):
            raise AmbiguousPlace(text, _with(chosen, ordered), country_code)
        chosen = nearest
    if near is not None and chosen.kind not in _AREAS:
        others = (place for place in places if place.kind not in _AREAS and not _is_same_area(place, chosen))
        is_prominent = " ".join(name_words(chosen.name)) in PROMINENT_NAMES
        farthest_m = _SURROUNDINGS_M if is_prominent else _FARTHEST_M
        nearer = [place for place in others if _is_much_nearer(place, chosen, near, farthest_m)]
        if nearer:
            raise AmbiguousPlace(text, _with(chosen, _nearest_first([*nearer, chosen], near)), country_code)
    return chosen


def _with(first: Place, ordered: Sequence[Place]) -> list[Place]:
    """Return the places in their order, with `first` among those that are offered."""
    before = [place for place in ordered if place is not first][: MAX_CHOICES - 1]
    return sorted([*before, first], key=list(ordered).index)


def _is_notable(place: Place) -> bool:
    """Return whether a place may be meant by its name alone: a park, or one of the towns of note that share it."""
    region = f"US-{place.region_code}" if place.country_code == "US" else place.country_code
    return place.kind == "park" or region in NOTABLE_REGIONS.get(" ".join(name_words(place.name)), ())


def _is_rival(place: Place, first: Place, home_country: str | None) -> bool:
    if _is_same_area(place, first):
        return False
    if _is_in(place, first) or (place.kind in _AREAS and first.kind not in _AREAS):
        return False
    in_same_country = place.country_code == first.country_code
    if in_same_country and first.region is not None and place.region == first.region and first.kind not in _AREAS:
        return False
    if place.kind == "park":
        return True
    if not in_same_country and home_country in {place.country_code, first.country_code} - {None}:
        return place.country_code == home_country
    if place.kind in _AREAS:
        return True
    if first.kind in _AREAS and " ".join(name_words(place.name)) not in PROMINENT_NAMES:
        return False  # a village named after the state
    if {place.country_code, first.country_code} - SHARED_NAME_COUNTRIES - {None}:
        return False
    return " ".join(name_words(place.name)) in SHARED_NAMES


def _is_in(place: Place, area: Place) -> bool:
    """Return whether a place lies in a state or country."""
    if place is area or area.kind not in _AREAS or place.country_code != area.country_code:
        return False
    return area.kind == "country" or place.region == area.name


def _is_same_area(place: Place, other: Place) -> bool:
    return _distance_m(place, (other.latitude, other.longitude)) < _SAME_AREA_M


def _is_much_nearer(place: Place, other: Place, near: tuple[float, float], farthest_m: float = _FARTHEST_M) -> bool:
    return _distance_m(place, near) < min(farthest_m, _distance_m(other, near) / 2)


def _nearest_first(places: Sequence[Place], near: tuple[float, float] | None) -> list[Place]:
    return list(places) if near is None else sorted(places, key=lambda place: _distance_m(place, near))


def _distance_m(place: Place, point: tuple[float, float]) -> float:
    return great_circle_m(place.latitude, place.longitude, *point)


def _choices(places: Sequence[Place], country_code: str | None) -> tuple[ErrorChoice, ...]:
    """Return the first places of different names; a name without its country only where it names a state."""
    named: dict[str, str] = {}
    for place in places:
        short = place.name_for(country_code)
        named.setdefault(place.full_name, short if ", " in short else place.full_name)
    return tuple(ErrorChoice(text, value) for value, text in list(named.items())[:MAX_CHOICES])


def _listed(choices: Sequence[ErrorChoice]) -> str:
    return "; ".join(choice.text for choice in choices)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
