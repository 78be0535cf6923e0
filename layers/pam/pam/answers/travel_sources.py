"""Facts about travel, from the shared cache or from their source: one method for each kind of fact.

Cache keys contain a digest of what is searched for or the rounded coordinates of a place, and nothing about the user.
What is sent to a source is made from the same values as the key: two queries with one key have one result.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from hashlib import sha256
from math import ceil
from typing import Any, TypeVar

from pydantic import TypeAdapter

from pam.answers.sourced import Sourced
from pam.cache.shared_cache import Lifetime, SharedCache
from pam.platform.deadline import Deadline
from pam.sources.eia import Eia
from pam.sources.mapbox import CAMPGROUNDS, Mapbox, is_searchable
from pam.sources.open_meteo import OpenMeteo
from pam.sources.source import Fetched, Source
from pam.travel.forecast import Forecast
from pam.travel.fuel_prices import Fuel, FuelPrice, PriceArea
from pam.travel.geography import great_circle_m
from pam.travel.place_names import expand_nickname, search_text
from pam.travel.places import Place, PlaceUse, UnknownPlace, choose_place
from pam.travel.roads import PointOfInterest, Road, RoadMatrix, RoadWithPath
from pam.travel.traffic import Traffic

T = TypeVar("T")

Point = tuple[float, float]
"""Latitude and longitude, in degrees."""

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

# Towns don't move, roads close, traffic changes, forecasts are computed every hour, EIA surveys weekly.
_PLACES = Lifetime(fresh_for=30 * _DAY, empty_fresh_for=_DAY, stale_for=90 * _DAY)
_ROADS = Lifetime(fresh_for=_DAY, empty_fresh_for=_HOUR, stale_for=30 * _DAY)
_TRAFFIC = Lifetime(fresh_for=2 * _MINUTE, empty_fresh_for=2 * _MINUTE, stale_for=10 * _MINUTE)
_FORECASTS = Lifetime(fresh_for=30 * _MINUTE, empty_fresh_for=5 * _MINUTE, stale_for=_DAY)
_POINTS = Lifetime(fresh_for=7 * _DAY, empty_fresh_for=_DAY, stale_for=60 * _DAY)
_PRICES = Lifetime(fresh_for=6 * _HOUR, empty_fresh_for=_HOUR, stale_for=14 * _DAY)

# Points of interest are searched around a point that is rounded by up to this, and measured from the real one.
_ROUNDING_M = 800.0


@dataclass(frozen=True)
class TravelSources:
    """The adapters behind the shared cache. Every method raises `SourceUnavailable` within its deadline."""

    shared: SharedCache
    mapbox: Mapbox
    open_meteo: OpenMeteo
    eia: Eia

    def place(
        self, text: str, near: Point | None, country_code: str, deadline: Deadline, use: PlaceUse = "point"
    ) -> Sourced[Place]:
        """Find the place that is meant by `text`. Raises what `choose_place` raises."""
        full_text = expand_nickname(text)
        searched = search_text(full_text)
        if not is_searchable(searched):
            raise UnknownPlace(text)
        found = self._fetch(
            place_key(searched),
            Source.MAPBOX,
            _PLACES,
            tuple[Place, ...],
            lambda left: self.mapbox.places(searched, left),
            deadline,
        )
        place = found.map(lambda places: choose_place(full_text, places, near=near, country_code=country_code, use=use))
        return replace(place, lasting=True)

    def road(self, origin: Point, destination: Point, deadline: Deadline) -> Sourced[Road | None]:
        """Return the road between two points; None where there is none."""
        points = [_rounded(origin, 2), _rounded(destination, 2)]
        key = f"road|{points[0]}|{points[1]}"
        return self._fetch(
            key, Source.MAPBOX, _ROADS, Road | None, lambda left: self.mapbox.road(points, left), deadline
        )

    def route(self, origin: Point, destination: Point, deadline: Deadline) -> Sourced[RoadWithPath | None]:
        """Return the road between two points with its path; None where there is none."""
        points = [_rounded(origin, 2), _rounded(destination, 2)]
        key = f"route|{points[0]}|{points[1]}"
        return self._fetch(
            key, Source.MAPBOX, _ROADS, RoadWithPath | None, lambda left: self.mapbox.route(points, left), deadline
        )

    def traffic(self, origin: Point, destination: Point, deadline: Deadline) -> Sourced[Traffic | None]:
        """Return the traffic between two points now; None where there is no road."""
        points = _rounded(origin, 2), _rounded(destination, 2)
        key = f"traffic|{points[0]}|{points[1]}"
        return self._fetch(
            key, Source.MAPBOX, _TRAFFIC, Traffic | None, lambda left: self.mapbox.traffic(*points, left), deadline
        )

    def matrix(self, points: Sequence[Point], deadline: Deadline) -> Sourced[RoadMatrix]:
        """Return the roads between all of the points, at most `mapbox.MAX_WAYPOINTS`."""
        rounded = [_rounded(point, 2) for point in points]
        key = f"matrix|{'|'.join(map(str, rounded))}"
        return self._fetch(
            key, Source.MAPBOX, _ROADS, RoadMatrix, lambda left: self.mapbox.matrix(rounded, left), deadline
        )

    def forecast(self, point: Point, deadline: Deadline) -> Sourced[Forecast]:
        """Return the forecast for the nearest twentieth of a degree: finer than the model's own grid."""
        latitude, longitude = (round(degrees * 20) / 20 for degrees in point)
        return self._fetch(
            f"forecast|{latitude:.2f}|{longitude:.2f}",
            Source.OPEN_METEO,
            _FORECASTS,
            Forecast,
            lambda left: self.open_meteo.forecast(latitude, longitude, left),
            deadline,
        )

    def parks(self, point: Point, radius_m: float, deadline: Deadline) -> Sourced[tuple[PointOfInterest, ...]]:
        """Return places to camp within the radius, nearest first."""
        return self._nearby("parks", CAMPGROUNDS, point, radius_m, deadline)

    def attractions(
        self, category: str, point: Point, radius_m: float, deadline: Deadline
    ) -> Sourced[tuple[PointOfInterest, ...]]:
        """Return points of interest of a category of Mapbox within the radius, nearest first."""
        return self._nearby(f"attractions|{category}", category, point, radius_m, deadline)

    def _nearby(
        self, kind: str, category: str, point: Point, radius_m: float, deadline: Deadline
    ) -> Sourced[tuple[PointOfInterest, ...]]:
        around, searched_m = _rounded(point, 2), ceil(radius_m + _ROUNDING_M)
        found = self._fetch(
            f"{kind}|{around}|{searched_m}",
            Source.MAPBOX,
            _POINTS,
            tuple[PointOfInterest, ...],
            lambda left: self.mapbox.nearby(category, *around, searched_m, left),
            deadline,
        )
        return found.map(lambda points: _within(points, point, radius_m))

    def price(self, fuel: Fuel, area: PriceArea, deadline: Deadline) -> Sourced[FuelPrice]:
        """Return the newest weekly average of a region."""
        key = f"price|{fuel}|{area.code}"
        return self._fetch(key, Source.EIA, _PRICES, FuelPrice, lambda left: self.eia.price(fuel, area, left), deadline)

    def _fetch(
        self,
        key: str,
        source: Source,
        lifetime: Lifetime,
        kind: Any,
        call: Callable[[Deadline], Fetched[T]],
        deadline: Deadline,
    ) -> Sourced[T]:
        """Return the cached fact, or that of `call`, which calls the source. `kind` is the type of the fact."""
        adapter = _adapter(kind)

        def fetch(left: Deadline) -> Fetched[Any]:
            return call(left).map(lambda value: adapter.dump_python(value, mode="json"))

        answer = self.shared.fetch(key, source, lifetime, fetch, deadline)
        return Sourced(
            value=adapter.validate_python(answer.value),
            source=answer.source,
            simulated=answer.simulated,
            as_of=answer.as_of,
            cached=answer.cached,
            age_s=answer.age_s,
        )


def place_key(searched: str) -> str:
    """Return the key of a search's result: a digest, since a traveller has typed the text."""
    return f"places|{sha256(searched.encode()).hexdigest()}"


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Return the conversion of a type to JSON and back. A function needs two or three, which are built on first use."""
    return TypeAdapter(kind)


def _within(found: Iterable[PointOfInterest], point: Point, radius_m: float) -> tuple[PointOfInterest, ...]:
    """Return what is within the radius, nearest first, with its distance from the point itself."""
    measured = (replace(each, distance_m=great_circle_m(*point, each.latitude, each.longitude)) for each in found)
    return tuple(sorted((each for each in measured if each.distance_m <= radius_m), key=lambda each: each.distance_m))


def _rounded(point: Point, places: int) -> Point:
    return round(point[0], places), round(point[1], places)
