"""Places, and the choice of one from several candidates. An uncertain place is an error: a wrong one is a wrong answer.

A text matches a place only if each of its words occurs in the place's full name. Mapbox returns an order, but no
score, so these rules decide:

1. A place whose name is the text comes before one whose name is longer (“Lake Havasu” for Lake Havasu City).
   The name of a national park also counts without “National Park”.
2. The first in Mapbox's order is chosen, unless it has a rival: a park, state or country of that name, another
   town where two towns of note share the name (`shared_names.txt`), or a town in the user's own country where the
   first is abroad.
3. A place is no rival in the same state or within 50 km, where it contains the first (New York in New York), or,
   except for parks, abroad where the first is in the user's own country.
4. Of rivals, the one clearly nearest to the user is chosen, where their position is known; else the text is
   ambiguous.
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
    """No place matches the text."""

    def __init__(self, text: str) -> None:
        super().__init__(UNKNOWN_PLACE, f"PAM doesn't know a place “{_short(text)}”.")


class AmbiguousPlace(PamError):
    """Several places match the text."""

    def __init__(self, text: str, candidates: Sequence[Place]) -> None:
        named = list(dict.fromkeys(place.full_name for place in candidates))[:4]
        super().__init__(AMBIGUOUS_PLACE, f"Which “{_short(text)}” do you mean: {'; '.join(named)}?")


_PARK = re.compile(
    r" (national (park( and preserve)?|forest|monument|preserve|recreation area|seashore|lakeshore|grassland)"
    r"|(state|provincial|territorial|regional|conservation) (park|forest|reserve|recreation area))$",
    re.IGNORECASE,
)
_NATIONAL_PARK = (("national", "park"), ("national", "park", "and", "preserve"))

_SAME_AREA_M = 50_000.0
_FARTHEST_M = 800_000.0

SHARED_NAMES = frozenset(Path(__file__).with_name("shared_names.txt").read_text("utf-8").splitlines())
"""Names that two towns of note share, as `name_words` writes them. Made from GeoNames (CC BY 4.0)."""


def is_park_name(name: str) -> bool:
    """Return whether a name ends like a park's: “Zion National Park” does, “Zion National Park Lodge” doesn't."""
    return _PARK.search(name) is not None


def name_words(text: str) -> tuple[str, ...]:
    """Return the words of a name without accents, case and punctuation; “St.” and “Mt.” in full."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    found = re.findall(r"\w+", re.sub(r"[.'’ʻ`]", "", plain))
    return tuple(_ABBREVIATIONS.get(word, word) for word in found)


_ABBREVIATIONS = {"st": "saint", "ste": "sainte", "mt": "mount", "ft": "fort"}


def choose_place(
    text: str,
    candidates: Sequence[Place],
    *,
    near: tuple[float, float] | None = None,
    country_code: str | None = None,
) -> Place:
    """Return the place that `text` means, by the rules of this module. Candidates are in Mapbox's order.

    `near` (latitude, longitude) is the user's position, `country_code` their country. Raises `UnknownPlace` or
    `AmbiguousPlace`.
    """
    words = name_words(text)
    if not words:
        raise UnknownPlace(text)
    exact = [place for place in candidates if _is_named(words, place)]
    longer = [place for place in candidates if _is_longer(words, place)]
    matches = exact or longer
    if not matches:
        raise UnknownPlace(text)
    first = matches[0]
    rivals = [place for place in matches[1:] if _is_rival(place, first, country_code, by_name=bool(exact))]
    if not rivals:
        return first
    if near is not None:
        nearest, second = sorted([first, *rivals], key=lambda place: _distance_m(place, near))[:2]
        if _distance_m(nearest, near) < min(_FARTHEST_M, _distance_m(second, near) / 2):
            return nearest
    raise AmbiguousPlace(text, [first, *rivals])


def _is_named(words: tuple[str, ...], place: Place) -> bool:
    """Return whether the words are the place's name, followed by nothing but its surroundings."""
    name = name_words(place.name)
    names = [name]
    if place.kind == "park":
        names += [name[: -len(end)] for end in _NATIONAL_PARK if name[-len(end) :] == end]
    if place.kind == "place":
        names.append((*name, "city"))  # New York, Quebec
    elif words[0] == "the":  # not for towns, except The Dalles: “the Pacific” isn't Pacific, Missouri
        words = words[1:]
    surroundings = set(name_words(place.full_name)[len(name) :])
    return any(n and words[: len(n)] == n and _all_in(words[len(n) :], surroundings) for n in names)


def _is_longer(words: tuple[str, ...], place: Place) -> bool:
    """Return whether the place's name begins like the words, and its full name contains all of them."""
    name = name_words(place.name)
    return place.kind != "district" and name[:1] == words[:1] and _all_in(words[1:], set(name_words(place.full_name)))


def _all_in(words: Sequence[str], known: set[str]) -> bool:
    """Return whether each word is known, as itself or as an abbreviation of known words; “in” always is."""
    return all(
        word == "in" or word in known or any(known.issuperset(form) for form in LONG_FORMS.get(word, ()))
        for word in words
    )


def _is_rival(place: Place, first: Place, home_country: str | None, *, by_name: bool) -> bool:
    if _distance_m(place, (first.latitude, first.longitude)) < _SAME_AREA_M:
        return False
    in_same_country = place.country_code == first.country_code
    if in_same_country and first.region is not None and place.region in {first.region, first.name}:
        return False
    if in_same_country and place.kind in {"country", "region"} and first.region == place.name:
        return False
    if place.kind == "park":
        return True
    if not in_same_country and home_country in {place.country_code, first.country_code} - {None}:
        return place.country_code == home_country
    if not by_name or place.kind in {"country", "region"}:
        return True
    return " ".join(name_words(place.name)) in SHARED_NAMES


def _distance_m(place: Place, point: tuple[float, float]) -> float:
    return great_circle_m(place.latitude, place.longitude, *point)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
