"""Mapbox: places, routes by road, traffic on them, and points of interest nearby.

Geocoding v6 has countries, states, districts and towns, but no parks: those are points of interest, which the
Search Box API finds. A search for a place uses both. Nothing about the user is sent.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from pam.platform.deadline import Deadline
from pam.sources.api_key import ApiKey
from pam.sources.http_client import HttpClient, ResponseModel
from pam.sources.mapbox_roads import (
    Directions,
    Latitude,
    Longitude,
    Matrix,
    R,
    Roads,
    RoutesWithLine,
    TrafficRoutes,
    best_route,
    matrix_of,
    road_with_path,
    traffic_of,
)
from pam.sources.source import Fetched
from pam.travel.geography import box_around, great_circle_m
from pam.travel.place_names import is_park_name
from pam.travel.places import Place, PlaceKind
from pam.travel.roads import PointOfInterest, Road, RoadMatrix, RoadWithPath
from pam.travel.traffic import Traffic

CAMPGROUNDS = "campground"
"""The Search Box category of places to camp, RV parks among them."""

MAX_QUERY_CHARS = 256
"""The longest query that Mapbox accepts; it refuses more than 20 words, too."""

MAX_WAYPOINTS = 25
"""The most points of a route or a matrix in the `driving` profile."""

_MAX_QUERY_WORDS = 20
_MAX_POINTS_OF_INTEREST = 25
_NATIONAL_PARK = " National Park"
_CONFIDENT = frozenset({"exact", "high"})
_GEOCODED: tuple[PlaceKind, ...] = ("country", "region", "district", "place", "locality")

M = TypeVar("M", bound=ResponseModel)


class _Coordinates(ResponseModel):
    latitude: Latitude
    longitude: Longitude


class _Country(ResponseModel):
    name: str
    country_code: str | None = None


class _Region(ResponseModel):
    name: str
    region_code: str | None = None


class _Context(ResponseModel):
    country: _Country | None = None
    region: _Region | None = None


class _MatchCode(ResponseModel):
    confidence: str


class _Metadata(ResponseModel):
    phone: str | None = None
    website: str | None = None


class _Properties(ResponseModel):
    name: Annotated[str, Field(min_length=1)]
    feature_type: str
    place_formatted: str | None = None
    full_address: str | None = None
    coordinates: _Coordinates
    context: _Context = _Context()
    metadata: _Metadata = _Metadata()
    # Geocoding sends it for addresses only, so far.
    match_code: _MatchCode | None = None


class _Feature(ResponseModel):
    type: Literal["Feature"]
    properties: _Properties


class FeatureCollection(ResponseModel):
    """The response of geocoding and search."""

    type: Literal["FeatureCollection"]
    features: list[_Feature]


class Mapbox:
    """The adapter to Mapbox. Every method raises `SourceError`."""

    def __init__(self, http: HttpClient, key: ApiKey) -> None:
        self._http = http
        self._key = key

    def places(self, name: str, deadline: Deadline) -> Fetched[tuple[Place, ...]]:
        """Return all places that Mapbox finds for a text, in Mapbox's order, towns and states before parks.

        The result is the same for all users, so it may be cached; `places.choose_place` chooses one of them. Raises
        ValueError for a text that Mapbox wouldn't accept, see `is_searchable`.
        """
        if not is_searchable(name):
            raise ValueError("not searchable")
        # Mapbox's terms allow a cache for `permanent` results only. `autocomplete` would match prefixes of names.
        query = [("q", name), ("types", ",".join(_GEOCODED)), ("limit", "10"), ("language", "en")]
        query += [("autocomplete", "false"), ("permanent", "true")]
        geocoded = self._get("/search/geocode/v6/forward", query, FeatureCollection, deadline)
        park = name if is_park_name(name) else f"{name}{_NATIONAL_PARK}"
        query = [("q", park), ("types", "poi"), ("limit", "10"), ("language", "en")]
        searched = self._get("/search/searchbox/v1/forward", query, FeatureCollection, deadline)
        places = [_geocoded_place(feature.properties) for feature in geocoded.value.features]
        places += [_park(feature.properties) for feature in searched.value.features]
        return geocoded.map(lambda _: tuple(place for place in places if place is not None))

    def road(self, points: Sequence[tuple[float, float]], deadline: Deadline) -> Fetched[Road | None]:
        """Return the route by road through 2 to `MAX_WAYPOINTS` points (latitude, longitude), or None without one."""
        found = self._directions("driving", points, [("overview", "false")], Roads, deadline)
        return found.map(lambda route: None if route is None else Road(route.distance, route.duration))

    def route(self, points: Sequence[tuple[float, float]], deadline: Deadline) -> Fetched[RoadWithPath | None]:
        """Return the route as `road` does, with its geometry."""
        overview = [("overview", "simplified"), ("geometries", "geojson")]
        return self._directions("driving", points, overview, RoutesWithLine, deadline).map(road_with_path)

    def traffic(
        self, origin: tuple[float, float], destination: tuple[float, float], deadline: Deadline
    ) -> Fetched[Traffic | None]:
        """Return the traffic on the fastest route now, with incidents and closures; None where there is no road."""
        # Mapbox annotates the full geometry only; as a polyline it is a third of its size as GeoJSON.
        query = [("annotations", "distance,congestion,closure"), ("overview", "full"), ("geometries", "polyline")]
        found = self._directions("driving-traffic", (origin, destination), query, TrafficRoutes, deadline)
        return found.map(lambda route: None if route is None else traffic_of(route))

    def matrix(self, points: Sequence[tuple[float, float]], deadline: Deadline) -> Fetched[RoadMatrix]:
        """Return the roads between all of 2 to `MAX_WAYPOINTS` points (latitude, longitude), in usual traffic."""
        path = f"/directions-matrix/v1/mapbox/driving/{_waypoints(points)}"
        found = self._get(path, [("annotations", "duration,distance")], Matrix, deadline)
        return found.map(lambda matrix: matrix_of(matrix, len(points)))

    def _directions(
        self,
        profile: str,
        points: Sequence[tuple[float, float]],
        query: list[tuple[str, str]],
        model: type[Directions[R]],
        deadline: Deadline,
    ) -> Fetched[R | None]:
        path = f"/directions/v5/mapbox/{profile}/{_waypoints(points)}"
        return self._get(path, query, model, deadline).map(best_route)

    def nearby(
        self, category: str, latitude: float, longitude: float, radius_m: float, deadline: Deadline
    ) -> Fetched[tuple[PointOfInterest, ...]]:
        """Return up to 25 points of interest of a category within the radius, nearest first."""
        box = ",".join(f"{edge:.6f}" for edge in box_around(latitude, longitude, radius_m))
        query = [("proximity", f"{longitude:.6f},{latitude:.6f}"), ("bbox", box)]
        query += [("limit", str(_MAX_POINTS_OF_INTEREST)), ("language", "en")]
        found = self._get(f"/search/searchbox/v1/category/{category}", query, FeatureCollection, deadline)

        def within_radius(collection: FeatureCollection) -> tuple[PointOfInterest, ...]:
            points = (_point_of_interest(feature.properties, latitude, longitude) for feature in collection.features)
            return tuple(sorted((p for p in points if p.distance_m <= radius_m), key=lambda p: p.distance_m))

        return found.map(within_radius)

    def _get(self, path: str, query: list[tuple[str, str]], model: type[M], deadline: Deadline) -> Fetched[M]:
        return self._key.call(lambda key: self._http.get(path, [*query, ("access_token", key)], model, deadline))


def _waypoints(points: Sequence[tuple[float, float]]) -> str:
    """Return the points as Mapbox takes them. Raises ValueError for a number of points that it would refuse."""
    if not 2 <= len(points) <= MAX_WAYPOINTS:
        raise ValueError(f"{len(points)} points")
    return ";".join(f"{longitude:.6f},{latitude:.6f}" for latitude, longitude in points)


def is_searchable(name: str) -> bool:
    """Return whether Mapbox accepts a text, also with “National Park” after it."""
    return (
        bool(name.strip())
        and ";" not in name
        and len(name) <= MAX_QUERY_CHARS - len(_NATIONAL_PARK)
        and len(name.split()) <= _MAX_QUERY_WORDS - len(_NATIONAL_PARK.split())
    )


def _geocoded_place(properties: _Properties) -> Place | None:
    kind = next((kind for kind in _GEOCODED if kind == properties.feature_type), None)
    if kind is None or (properties.match_code and properties.match_code.confidence not in _CONFIDENT):
        return None
    return _place(properties, kind)


def _park(properties: _Properties) -> Place | None:
    return _place(properties, "park") if is_park_name(properties.name) else None


def _place(properties: _Properties, kind: PlaceKind) -> Place:
    country, region = properties.context.country, properties.context.region
    # A park's full address starts with a street: use its name, and its town, state and country.
    full_name = properties.full_address if kind != "park" else None
    if not full_name:
        full_name = ", ".join(filter(None, [properties.name, properties.place_formatted]))
    return Place(
        name=properties.name,
        full_name=full_name,
        kind=kind,
        latitude=properties.coordinates.latitude,
        longitude=properties.coordinates.longitude,
        country_code=_code(country.country_code if country else None),
        region=region.name if region else None,
        region_code=_code(region.region_code if region else None),
    )


def _code(code: str | None) -> str | None:
    return code.upper() if code and re.fullmatch(r"[A-Za-z0-9]{1,3}", code) else None


def _point_of_interest(properties: _Properties, latitude: float, longitude: float) -> PointOfInterest:
    position = properties.coordinates
    return PointOfInterest(
        name=properties.name,
        address=properties.full_address or properties.place_formatted,
        latitude=position.latitude,
        longitude=position.longitude,
        distance_m=great_circle_m(latitude, longitude, position.latitude, position.longitude),
        phone=properties.metadata.phone,
        website=properties.metadata.website,
    )
