"""Mapbox's stand-in: geocoding v6, directions v5 and the Search Box API, from a gazetteer and great circles."""

import re
from collections.abc import Iterator
from itertools import pairwise
from math import ceil
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from local.stand_ins.travel.gazetteer import Entry, Gazetteer
from local.stand_ins.travel.mapbox_features import (
    ATTRIBUTION,
    CATEGORIES,
    collection,
    park_feature,
    place_feature,
    poi_feature,
    position,
)
from local.stand_ins.travel.seeded import hash_fraction
from pam.travel.geography import great_circle_m
from pam.travel.place_names import name_words

ROAD_FACTOR = 1.25
"""A road's length divided by the great circle's, about that of US interstates."""

MEAN_SPEED_MPS = 24.6
"""55 miles an hour."""

_TYPES = {
    "country", "region", "postcode", "district", "place", "locality", "neighborhood", "street", "block", "address",
    "secondary_address",
}  # fmt: skip
_SEARCH_TYPES = (_TYPES | {"poi", "city", "category"}) - {"block", "secondary_address"}
_PROFILES = {"driving", "driving-traffic", "walking", "cycling"}
_MESSAGES = {
    401: "Not Authorized - Invalid Token",
    404: "Not Found",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

# A point has no road and no campground if no town is this near.
_MAX_TOWN_DISTANCE_M = 80_000.0
_POI_RADIUS_M = 15_000.0
_LINE_STEP_M = 20_000.0


def error_body(status: int) -> dict[str, Any]:
    """Return the body that Mapbox sends with a status."""
    return {"message": _MESSAGES[status]}


class _RequestError(Exception):
    def __init__(self, status: int, message: str, **more: str) -> None:
        super().__init__(message)
        self.response = JSONResponse({"message": message} | more, status)


def make_app(gazetteer: Gazetteer) -> ASGIApp:
    """Return the stand-in as an ASGI app. It accepts any token in Mapbox's format (`pk.…`)."""
    mapbox = _Mapbox(gazetteer)

    async def handle_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, _RequestError)
        return error.response

    async def not_found(_: Request, __: Exception) -> Response:
        return JSONResponse({"message": "Not Found"}, 404)

    return Starlette(
        routes=[
            Route("/search/geocode/v6/forward", mapbox.geocode),
            Route("/search/searchbox/v1/forward", mapbox.search),
            Route("/search/searchbox/v1/list/category", mapbox.categories),
            Route("/search/searchbox/v1/category/{category}", mapbox.category),
            Route("/directions/v5/mapbox/{profile}/{coordinates}", mapbox.directions),
        ],
        exception_handlers={_RequestError: handle_error, 404: not_found},
    )


class _Mapbox:
    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer

    async def geocode(self, request: Request) -> Response:
        _authorise(request)
        text = _text(request, status=422)
        types = _types(request, _TYPES, status=422)
        found = self._gazetteer.search(name_words(text))
        matches = [entry for entry in found if not types or entry.kind in types]
        return collection([place_feature(entry) for entry in matches[: _limit(request, 5, 10, status=422)]])

    async def search(self, request: Request) -> Response:
        _authorise(request)
        query = name_words(_text(request, status=400))
        types = _types(request, _SEARCH_TYPES, status=400)
        features = []
        if not types or "poi" in types:
            # Like the real one: every park whose name has one of the words, those with most of them first.
            shared = [(len(set(query) & set(name_words(park.name))), park) for park in self._gazetteer.parks]
            best = sorted((pair for pair in shared if pair[0]), key=lambda pair: -pair[0])
            features = [park_feature(park) for _, park in best]
        return collection(features[: _limit(request, 5, 10, status=400)])

    async def categories(self, request: Request) -> Response:
        _authorise(request)
        items = [{"canonical_id": name, "icon": "marker", "name": title} for name, title in CATEGORIES.items()]
        return JSONResponse({"listItems": items, "attribution": ATTRIBUTION, "version": "simulated"})

    async def category(self, request: Request) -> Response:
        _authorise(request)
        category = request.path_params["category"]
        if category not in CATEGORIES:
            raise _RequestError(400, "Bad request")
        limit = _limit(request, 25, 25, status=400)
        origin = _point(request.query_params.get("proximity", ""))
        box = _box(request)
        if origin is None:
            # The real one would search around the location of the client's IP address.
            return collection([])
        max_radius = _MAX_TOWN_DISTANCE_M
        if box is not None:
            max_radius = max(great_circle_m(*origin, *corner) for corner in ((box[1], box[0]), (box[3], box[2])))
        nearest: list[tuple[float, dict[str, Any]]] = []
        for radius in sorted({min(max_radius, step) for step in (15_000.0, 60_000.0, 240_000.0, 1_200_000.0)}):
            found = (
                poi
                for town in self._gazetteer.near(*origin, radius + _POI_RADIUS_M)
                for poi in self._pois(category, town)
            )
            distances = [(great_circle_m(*origin, *position(poi)), poi) for poi in found if _is_inside(box, poi)]
            nearest = sorted(
                (pair for pair in distances if pair[0] <= radius or radius == max_radius), key=lambda pair: pair[0]
            )
            if len(nearest) >= limit:
                break
        return collection([poi for _, poi in nearest[:limit]])

    def _pois(self, category: str, town: Entry) -> Iterator[dict[str, Any]]:
        """Yield two to six points of interest around a town, towards its neighbours, so that they are on land."""
        centre = (town.latitude, town.longitude)
        neighbours = (
            self._gazetteer.near(*centre, _POI_RADIUS_M)[1:6]
            or self._gazetteer.near(*centre, 2 * _MAX_TOWN_DISTANCE_M)[1:6]
        )
        for number in range(1, 3 + int(5 * hash_fraction(category, town.id))):
            latitude, longitude = town.latitude, town.longitude
            if neighbours:
                neighbour = neighbours[int(hash_fraction(category, town.id, number, "towards") * len(neighbours))]
                distance = great_circle_m(latitude, longitude, neighbour.latitude, neighbour.longitude)
                metres = _POI_RADIUS_M * (0.1 + 0.9 * hash_fraction(category, town.id, number, "part"))
                part = min(0.5, metres / max(distance, 1.0))
                latitude += part * (neighbour.latitude - latitude)
                longitude += part * (neighbour.longitude - longitude)
            yield poi_feature(category, number, town, round(latitude, 6), round(longitude, 6))

    async def directions(self, request: Request) -> Response:
        _authorise(request)
        if request.path_params["profile"] not in _PROFILES:
            raise _RequestError(404, "Profile not found", code="ProfileNotFound")
        parts = request.path_params["coordinates"].split(";")
        max_points = 3 if request.path_params["profile"] == "driving-traffic" else 25
        points = [point for point in map(_point, parts) if point is not None]
        if len(points) < len(parts):
            raise _RequestError(422, "Coordinate is invalid: must be longitude,latitude in range", code="InvalidInput")
        if not 2 <= len(points) <= max_points:
            amount = "many" if len(points) > max_points else "few"
            message = f"Too {amount} coordinates; between 2 and {max_points} are allowed"
            raise _RequestError(422, message, code="InvalidInput")
        with_line = _wants_line(request)
        landmasses = set()
        for latitude, longitude in points:
            towns = self._gazetteer.near(latitude, longitude, _MAX_TOWN_DISTANCE_M)
            if not towns:
                message = "Could not find a matching segment for an input coordinate"
                return JSONResponse({"code": "NoSegment", "message": message, "routes": []})
            landmasses.add(towns[0].landmass)
        if len(landmasses) > 1:
            return JSONResponse({"code": "NoRoute", "message": "No route found", "routes": []})
        return JSONResponse(_route(points, with_line=with_line))


def _wants_line(request: Request) -> bool:
    """Return whether the response includes the route's geometry. Of the real formats, only GeoJSON is supported."""
    overview = request.query_params.get("overview", "simplified")
    form = request.query_params.get("geometries", "polyline")
    if overview not in {"full", "simplified", "false"} or form not in {"geojson", "polyline", "polyline6"}:
        raise _RequestError(422, "Overview or geometries type is invalid", code="InvalidInput")
    return overview != "false" and form == "geojson"


def _route(points: list[tuple[float, float]], *, with_line: bool) -> dict[str, Any]:
    legs: list[dict[str, Any]] = []
    for start, end in pairwise(points):
        distance = round(great_circle_m(*start, *end) * ROAD_FACTOR, 3)
        duration = round(distance / MEAN_SPEED_MPS, 3)
        legs.append(
            {
                "via_waypoints": [],
                "admins": [],
                "weight": duration,
                "duration": duration,
                "steps": [],
                "distance": distance,
                "summary": "simulated road",
            }
        )
    duration, distance = sum(leg["duration"] for leg in legs), sum(leg["distance"] for leg in legs)
    waypoints = [{"distance": 0.0, "name": "", "location": [lon, lat]} for lat, lon in points]
    route = {"weight_name": "auto", "weight": duration, "duration": duration, "distance": distance, "legs": legs}
    if with_line:
        route["geometry"] = {"type": "LineString", "coordinates": list(_line(points))}
    return {"routes": [route], "waypoints": waypoints, "code": "Ok", "uuid": "simulated"}


def _line(points: list[tuple[float, float]]) -> Iterator[list[float]]:
    """Yield longitude and latitude about every 20 km along a straight line on the map."""
    for start, end in pairwise(points):
        steps = ceil(great_circle_m(*start, *end) / _LINE_STEP_M) or 1
        for step in range(steps):
            latitude, longitude = (a + (b - a) * step / steps for a, b in zip(start, end, strict=True))
            yield [round(longitude, 6), round(latitude, 6)]
    yield [points[-1][1], points[-1][0]]


def _authorise(request: Request) -> None:
    token = request.query_params.get("access_token", "")
    if not token:
        raise _RequestError(401, "Not Authorized - No Token")
    if not re.fullmatch(r"[pst]k\.[\w.-]+", token):
        raise _RequestError(401, "Not Authorized - Invalid Token")


def _text(request: Request, *, status: int) -> str:
    text = request.query_params.get("q", "")
    if not text.strip():
        raise _RequestError(404 if status == 422 else status, "No search text was provided in the query.")
    if len(text) > 256 or len(text.split()) > 20 or ";" in text:
        raise _RequestError(status, "Query too long, or with a semicolon")
    return text


def _types(request: Request, valid: set[str], *, status: int) -> set[str]:
    types = set(filter(None, request.query_params.get("types", "").split(",")))
    if not types <= valid:
        raise _RequestError(status, f"Type is not a valid type. Must be one of: {', '.join(sorted(valid))}")
    return types


def _limit(request: Request, default: int, maximum: int, *, status: int) -> int:
    limit = request.query_params.get("limit", str(default))
    if not limit.isdecimal() or not 1 <= int(limit) <= maximum:
        raise _RequestError(status, f"limit must be between 1 and {maximum}")
    return int(limit)


def _point(text: str) -> tuple[float, float] | None:
    """Parse `longitude,latitude` to latitude and longitude. Returns None for anything else."""
    try:
        longitude, latitude = map(float, text.split(","))
    except ValueError:
        return None
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def _box(request: Request) -> tuple[float, float, float, float] | None:
    text = request.query_params.get("bbox")
    if text is None:
        return None
    try:
        west, south, east, north = map(float, text.split(","))
    except ValueError:
        raise _RequestError(400, "Bad request") from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise _RequestError(400, "Bad request")
    return west, south, east, north


def _is_inside(box: tuple[float, float, float, float] | None, poi: dict[str, Any]) -> bool:
    latitude, longitude = position(poi)
    return box is None or (box[0] <= longitude <= box[2] and box[1] <= latitude <= box[3])
