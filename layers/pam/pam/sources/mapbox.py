"""Mapbox: where a place is, how far it is by road, and what is nearby.

Geocoding v6 knows countries, states, districts and towns, but no parks: those are points of interest, which the
Search Box API finds. Both are asked for a place. Nothing about who asks is sent.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field

from pam.platform.deadline import Deadline
from pam.sources.api_key import ApiKey
from pam.sources.http_client import HttpClient, ResponseModel
from pam.sources.source import Fetched, Source, SourceError, SourceErrorKind
from pam.travel.geography import box_around, great_circle_m
from pam.travel.places import Place, PlaceKind, is_park_name
from pam.travel.roads import PointOfInterest, Road, RoadWithPath

CAMPGROUNDS = "campground"
"""The Search Box category of places to camp, RV parks among them."""

MAX_QUERY_CHARS = 256
"""Characters that Mapbox takes in a query; more than 20 words are refused as well."""

MAX_WAYPOINTS = 25
"""Points of a route that the `driving` profile takes."""

_MOST_WORDS = 20
_MOST_FOUND = 25
_GEOCODED: tuple[PlaceKind, ...] = ("country", "region", "district", "place", "locality")

M = TypeVar("M", bound=ResponseModel)


Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


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


class _Feature(ResponseModel):
    type: Literal["Feature"]
    properties: _Properties


class FeatureCollection(ResponseModel):
    """What geocoding and search answer with."""

    type: Literal["FeatureCollection"]
    features: list[_Feature]


class _Route(ResponseModel):
    distance: Annotated[float, Field(ge=0)]
    duration: Annotated[float, Field(ge=0)]


class _Line(ResponseModel):
    type: Literal["LineString"]
    coordinates: Annotated[list[tuple[Longitude, Latitude]], Field(min_length=2)]


class _RouteWithLine(_Route):
    geometry: _Line


R = TypeVar("R", bound=_Route)


class Directions(ResponseModel, Generic[R]):
    """What directions answer with. Without a road, `code` says so under a status of 200."""

    code: str
    routes: tuple[R, ...] = ()


# Made here, since making a model takes longer than reading an answer.
_Roads, _Routes = Directions[_Route], Directions[_RouteWithLine]


class Mapbox:
    """One adapter for each Lambda environment. Every method raises `UpstreamFault` for what goes wrong."""

    def __init__(self, http: HttpClient, key: ApiKey) -> None:
        self._http = http
        self._key = key

    def places(self, text: str, deadline: Deadline) -> Fetched[tuple[Place, ...]]:
        """Every place that Mapbox knows by this text, in Mapbox's order, towns and states before parks.

        Empty where it knows none. The same for everybody, so it may be cached; which of them is meant is for
        `places.choose_place` to say.
        """
        asked = " ".join(text.replace(";", " ").split())
        if not asked or len(asked) > MAX_QUERY_CHARS - len(" National Park") or len(asked.split()) > _MOST_WORDS - 2:
            return Fetched((), str(Source.MAPBOX))
        # What we keep in a cache must be asked for as permanent; prefixes of names are no answers.
        query = [("q", asked), ("types", ",".join(_GEOCODED)), ("limit", "10"), ("language", "en")]
        query += [("autocomplete", "false"), ("permanent", "true")]
        geocoded = self._get("/search/geocode/v6/forward", query, FeatureCollection, deadline)
        park = asked if is_park_name(asked) else f"{asked} National Park"
        query = [("q", park), ("types", "poi"), ("limit", "10"), ("language", "en")]
        found = self._get("/search/searchbox/v1/forward", query, FeatureCollection, deadline)
        named = [_place(feature.properties) for feature in geocoded.value.features]
        parks = [_park(feature.properties) for feature in found.value.features]
        return Fetched(tuple(place for place in named + parks if place is not None), geocoded.source)

    def road(self, points: Sequence[tuple[float, float]], deadline: Deadline) -> Fetched[Road | None]:
        """The way by road through 2 to `MOST_POINTS` points (latitude, longitude), or None where there is no road."""
        answer = self._directions(points, [("overview", "false")], _Roads, deadline)
        best = answer.value
        return Fetched(None if best is None else Road(best.distance, best.duration), answer.source)

    def route(self, points: Sequence[tuple[float, float]], deadline: Deadline) -> Fetched[RoadWithPath | None]:
        """As `road`, and where the way runs."""
        overview = [("overview", "simplified"), ("geometries", "geojson")]
        answer = self._directions(points, overview, _Routes, deadline)
        best = answer.value
        if best is None:
            return Fetched(None, answer.source)
        path = tuple((latitude, longitude) for longitude, latitude in best.geometry.coordinates)
        return Fetched(RoadWithPath(best.distance, best.duration, path), answer.source)

    def _directions(
        self,
        points: Sequence[tuple[float, float]],
        query: list[tuple[str, str]],
        model: type[Directions[R]],
        deadline: Deadline,
    ) -> Fetched[R | None]:
        if not 2 <= len(points) <= MAX_WAYPOINTS:
            raise ValueError(f"{len(points)} points")
        way = ";".join(f"{longitude:.6f},{latitude:.6f}" for latitude, longitude in points)
        answer = self._get(f"/directions/v5/mapbox/driving/{way}", query, model, deadline)
        directions = answer.value
        if directions.code in {"NoRoute", "NoSegment"}:
            return Fetched(None, answer.source)
        if directions.code != "Ok" or not directions.routes:
            raise SourceError(Source.MAPBOX, SourceErrorKind.MALFORMED, "a route without a way")
        return Fetched(directions.routes[0], answer.source)

    def nearby(
        self, category: str, latitude: float, longitude: float, radius_m: float, deadline: Deadline
    ) -> Fetched[tuple[PointOfInterest, ...]]:
        """Up to 25 points of interest of a category within the radius, nearest first; empty where there are none."""
        box = ",".join(f"{edge:.6f}" for edge in box_around(latitude, longitude, radius_m))
        query = [("proximity", f"{longitude:.6f},{latitude:.6f}"), ("bbox", box)]
        query += [("limit", str(_MOST_FOUND)), ("language", "en")]
        answer = self._get(f"/search/searchbox/v1/category/{category}", query, FeatureCollection, deadline)
        found = [_poi(feature.properties, latitude, longitude) for feature in answer.value.features]
        within = [poi for poi in found if poi.distance_m <= radius_m]
        return Fetched(tuple(sorted(within, key=lambda poi: poi.distance_m)), answer.source)

    def _get(self, path: str, query: list[tuple[str, str]], model: type[M], deadline: Deadline) -> Fetched[M]:
        try:
            return self._http.get(path, [*query, ("access_token", self._key.read())], model, deadline)
        except SourceError as fault:
            if fault.kind is SourceErrorKind.UNAUTHORISED:
                self._key.forget()
            raise


def _place(properties: _Properties) -> Place | None:
    kind = next((kind for kind in _GEOCODED if kind == properties.feature_type), None)
    return None if kind is None else _named(properties, kind)


def _park(properties: _Properties) -> Place | None:
    return _named(properties, "park") if is_park_name(properties.name) else None


def _named(properties: _Properties, kind: PlaceKind) -> Place:
    country, region = properties.context.country, properties.context.region
    # A park's full address starts with a street; its name and the town, state and country say where it is.
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


def _poi(properties: _Properties, latitude: float, longitude: float) -> PointOfInterest:
    there = properties.coordinates
    return PointOfInterest(
        name=properties.name,
        address=properties.full_address or properties.place_formatted,
        latitude=there.latitude,
        longitude=there.longitude,
        distance_m=great_circle_m(latitude, longitude, there.latitude, there.longitude),
        phone=properties.metadata.phone,
        website=properties.metadata.website,
    )
