"""Places, and which of several is meant. A place that isn't certain is none: a wrong one is a wrong answer.

A phrase means a place only when every word of it occurs in the place's full name. Mapbox names no measure of
how well a result fits, only an order, so the rest is decided by these rules:

1. A place that is called exactly so comes before one that is called longer (“Lake Havasu” for Lake Havasu City).
   A national park is called by its name without “National Park”, too.
2. The first in Mapbox's order is meant, unless it has a rival: a park, state or country of that name, any other
   town where two towns of note share the name (`shared_names.txt`), or a town in the traveller's own country
   where the first is abroad.
3. No rival is what lies in the same state or within 50 km, what holds the first (New York in New York), and,
   parks apart, what lies abroad where the first is in the traveller's own country.
4. With rivals, it is the one clearly nearest to the traveller, where that is known; else nobody knows.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pam.platform.errors import AMBIGUOUS_PLACE, UNKNOWN_PLACE, PamError
from pam.travel.geography import great_circle_m
from pam.travel.regions import LONG_FORMS

PlaceKind = Literal["country", "region", "district", "place", "locality", "park"]
"""Mapbox's feature types (a `region` is a state, a `place` a town), and parks."""


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


class UnknownPlace(PamError):
    """Nothing that is certainly meant by these words."""

    def __init__(self, text: str) -> None:
        super().__init__(UNKNOWN_PLACE, f"PAM doesn't know a place “{_short(text)}”.")


class AmbiguousPlace(PamError):
    """Several places may be meant; `candidates` are the first of them."""

    def __init__(self, text: str, candidates: Sequence[Place]) -> None:
        named = list(dict.fromkeys(place.full_name for place in candidates))[:4]
        super().__init__(AMBIGUOUS_PLACE, f"Which “{_short(text)}” do you mean: {'; '.join(named)}?")
        self.candidates = tuple(candidates)


_PARK = re.compile(
    r" (national (park( and preserve)?|forest|monument|preserve|recreation area|seashore|lakeshore|grassland)"
    r"|(state|provincial|territorial|regional|conservation) (park|forest|reserve|recreation area))$",
    re.IGNORECASE,
)
_NATIONAL_PARK = (("national", "park"), ("national", "park", "and", "preserve"))

_SAME_AREA_M = 50_000.0
_FARTHEST_M = 800_000.0

SHARED_NAMES = frozenset(Path(__file__).with_name("shared_names.txt").read_text("utf-8").splitlines())
"""Names that two towns of note have, as `words` writes them. Made from GeoNames (CC BY 4.0)."""


def is_park_name(name: str) -> bool:
    """Whether a name ends as parks' names do. “Zion National Park” does, “Zion National Park Lodge” doesn't."""
    return _PARK.search(name) is not None


def name_words(text: str) -> tuple[str, ...]:
    """The words of a name, without accents, case and punctuation; “St.” and “Mt.” in full."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    found = re.findall(r"\w+", re.sub(r"[.'’ʻ`]", "", plain))
    return tuple(_IN_FULL.get(word, word) for word in found)


_IN_FULL = {"st": "saint", "ste": "sainte", "mt": "mount", "ft": "fort"}


def choose_place(
    text: str,
    candidates: Sequence[Place],
    *,
    near: tuple[float, float] | None = None,
    country_code: str | None = None,
) -> Place:
    """The place that `text` means, out of what `Mapbox.places` found, by the rules of this module.

    `near` (latitude, longitude) is where the traveller is, `country_code` their country. Raises `UnknownPlace`
    or `AmbiguousPlace`.
    """
    asked = name_words(text)
    if not asked:
        raise UnknownPlace(text)
    exact = [place for place in candidates if _called(asked, place)]
    longer = [place for place in candidates if _begins(asked, place)]
    meant = exact or longer
    if not meant:
        raise UnknownPlace(text)
    first = meant[0]
    rivals = [place for place in meant[1:] if _is_rival(place, first, country_code, by_name=bool(exact))]
    if not rivals:
        return first
    if near is not None:
        nearest, second = sorted([first, *rivals], key=lambda place: _distance_m(place, near))[:2]
        if _distance_m(nearest, near) < min(_FARTHEST_M, _distance_m(second, near) / 2):
            return nearest
    raise AmbiguousPlace(text, [first, *rivals])


def _called(asked: tuple[str, ...], place: Place) -> bool:
    """Whether the phrase is the place's name, and after it nothing but where the place lies."""
    name = name_words(place.name)
    names = [name]
    if place.kind == "park":
        names += [name[: -len(end)] for end in _NATIONAL_PARK if name[-len(end) :] == end]
    if place.kind == "place":
        names.append((*name, "city"))  # New York, Quebec
    elif asked[0] == "the":  # of towns, only The Dalles and the like: the Pacific isn't Pacific, Missouri
        asked = asked[1:]
    around = set(name_words(place.full_name)[len(name) :])
    return any(n and asked[: len(n)] == n and _explained(asked[len(n) :], around) for n in names)


def _begins(asked: tuple[str, ...], place: Place) -> bool:
    """Whether every word is explained, and the name begins as the phrase does."""
    name = name_words(place.name)
    return (
        place.kind != "district" and name[:1] == asked[:1] and _explained(asked[1:], set(name_words(place.full_name)))
    )


def _explained(asked: Sequence[str], by: set[str]) -> bool:
    return all(
        word == "in" or word in by or any(by.issuperset(form) for form in LONG_FORMS.get(word, ())) for word in asked
    )


def _is_rival(place: Place, first: Place, home: str | None, *, by_name: bool) -> bool:
    if _distance_m(place, (first.latitude, first.longitude)) < _SAME_AREA_M:
        return False
    in_same_country = place.country_code == first.country_code
    if in_same_country and first.region is not None and place.region in {first.region, first.name}:
        return False
    if in_same_country and place.kind in {"country", "region"} and first.region == place.name:
        return False
    if place.kind == "park":
        return True
    if not in_same_country and home in {place.country_code, first.country_code} - {None}:
        return place.country_code == home
    if not by_name or place.kind in {"country", "region"}:
        return True
    return " ".join(name_words(place.name)) in SHARED_NAMES


def _distance_m(place: Place, point: tuple[float, float]) -> float:
    return great_circle_m(place.latitude, place.longitude, *point)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
