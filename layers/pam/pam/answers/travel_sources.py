"""What is known of the road, out of the shared cache or from its source: one method for each kind of fact.

Cache keys hold no more of a place than its name or its rounded coordinates, and nothing of who asks.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import TypeAdapter

from pam.answers.sourced import Sourced, replace_sourced
from pam.cache.shared_cache import Lifetime, SharedCache
from pam.platform.deadline import Deadline
from pam.sources.eia import Eia
from pam.sources.mapbox import CAMPGROUNDS, Mapbox
from pam.sources.open_meteo import OpenMeteo
from pam.sources.source import Fetched, Source
from pam.travel.forecast import Forecast
from pam.travel.fuel_prices import Fuel, FuelPrice, PriceArea
from pam.travel.geography import great_circle_m
from pam.travel.places import Place, choose_place, name_words
from pam.travel.roads import PointOfInterest, Road, RoadWithPath

T = TypeVar("T")

Point = tuple[float, float]
"""Latitude and longitude, in degrees."""

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)

# How long each kind stays true: towns don't move, roads close, forecasts are made anew each hour, EIA surveys weekly.
_PLACES = Lifetime(fresh_for=30 * _DAY, empty_fresh_for=_DAY, stale_for=90 * _DAY)
_ROADS = Lifetime(fresh_for=_DAY, empty_fresh_for=_HOUR, stale_for=30 * _DAY)
_FORECASTS = Lifetime(fresh_for=timedelta(minutes=30), empty_fresh_for=timedelta(minutes=5), stale_for=_DAY)
_PARKS = Lifetime(fresh_for=7 * _DAY, empty_fresh_for=_DAY, stale_for=60 * _DAY)
_PRICES = Lifetime(fresh_for=6 * _HOUR, empty_fresh_for=_HOUR, stale_for=14 * _DAY)

_PLACES_JSON = TypeAdapter(tuple[Place, ...])
_ROAD_JSON: TypeAdapter[Road | None] = TypeAdapter(Road | None)
_ROUTE_JSON: TypeAdapter[RoadWithPath | None] = TypeAdapter(RoadWithPath | None)
_FORECAST_JSON = TypeAdapter(Forecast)
_PARKS_JSON = TypeAdapter(tuple[PointOfInterest, ...])
_PRICE_JSON = TypeAdapter(FuelPrice)

# Parks are looked up around a point rounded by up to so much, and measured from the real one.
_ROUNDING_M = 800.0


@dataclass(frozen=True)
class TravelSources:
    """The adapters behind the shared cache. Every method raises `SourceUnavailable` within its deadline."""

    shared: SharedCache
    mapbox: Mapbox
    open_meteo: OpenMeteo
    eia: Eia

    def place(self, text: str, near: Point | None, country_code: str, deadline: Deadline) -> Sourced[Place]:
        """The place that is meant by `text`. Raises `UnknownPlace`, `AmbiguousPlace`."""
        key = "places|" + " ".join(name_words(text))
        found = self._known(
            key, Source.MAPBOX, _PLACES, _PLACES_JSON, lambda left: self.mapbox.places(text, left), deadline
        )
        place = choose_place(text, found.value, near=near, country_code=country_code)
        return replace(replace_sourced(found, place), lasting=True)

    def road(self, origin: Point, destination: Point, deadline: Deadline) -> Sourced[Road | None]:
        """The way by road; None where there is none."""
        points = [_rounded(origin, 2), _rounded(destination, 2)]
        key = f"road|{points[0]}|{points[1]}"
        return self._known(
            key, Source.MAPBOX, _ROADS, _ROAD_JSON, lambda left: self.mapbox.road(points, left), deadline
        )

    def route(self, origin: Point, destination: Point, deadline: Deadline) -> Sourced[RoadWithPath | None]:
        """The way by road and where it runs; None where there is none."""
        points = [_rounded(origin, 2), _rounded(destination, 2)]
        key = f"route|{points[0]}|{points[1]}"
        return self._known(
            key, Source.MAPBOX, _ROADS, _ROUTE_JSON, lambda left: self.mapbox.route(points, left), deadline
        )

    def forecast(self, point: Point, deadline: Deadline) -> Sourced[Forecast]:
        """The forecast for the nearest twentieth of a degree: finer than the model's own grid."""
        latitude, longitude = (round(degrees * 20) / 20 for degrees in point)
        return self._known(
            f"forecast|{latitude:.2f}|{longitude:.2f}",
            Source.OPEN_METEO,
            _FORECASTS,
            _FORECAST_JSON,
            lambda left: self.open_meteo.forecast(latitude, longitude, left),
            deadline,
        )

    def parks(self, point: Point, radius_m: float, deadline: Deadline) -> Sourced[tuple[PointOfInterest, ...]]:
        """Places to camp within the radius, nearest first."""
        around = _rounded(point, 2)
        found = self._known(
            f"parks|{around}|{radius_m:.0f}",
            Source.MAPBOX,
            _PARKS,
            _PARKS_JSON,
            lambda left: self.mapbox.nearby(CAMPGROUNDS, *around, radius_m + _ROUNDING_M, left),
            deadline,
        )
        measured = (
            replace(park, distance_m=great_circle_m(*point, park.latitude, park.longitude)) for park in found.value
        )
        within = [park for park in measured if park.distance_m <= radius_m]
        return replace_sourced(found, tuple(sorted(within, key=lambda park: park.distance_m)))

    def price(self, fuel: Fuel, area: PriceArea, deadline: Deadline) -> Sourced[FuelPrice]:
        """The newest weekly average of a region."""
        key = f"price|{fuel}|{area.code}"
        return self._known(
            key, Source.EIA, _PRICES, _PRICE_JSON, lambda left: self.eia.price(fuel, area, left), deadline
        )

    def _known(
        self,
        key: str,
        source: Source,
        lifetime: Lifetime,
        form: TypeAdapter[T],
        ask: Callable[[Deadline], Fetched[T]],
        deadline: Deadline,
    ) -> Sourced[T]:
        def fetch(left: Deadline) -> Fetched[Any]:
            return ask(left).map(lambda value: form.dump_python(value, mode="json"))

        told = self.shared.fetch(key, source, lifetime, fetch, deadline)
        return Sourced(form.validate_python(told.value), told.source, told.as_of, told.cached, told.age_s)


def _rounded(point: Point, places: int) -> Point:
    return round(point[0], places), round(point[1], places)
