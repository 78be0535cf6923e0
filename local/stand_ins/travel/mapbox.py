"""Mapbox's stand-in: geocoding v6, directions v5 and the Search Box API, on a gazetteer and a great circle."""

import re
from collections.abc import Iterator
from itertools import pairwise
from math import ceil, cos, radians
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from local.stand_ins.travel.gazetteer import Entry, Gazetteer
from local.stand_ins.travel.seeded import share
from pam.travel.geography import great_circle_m
from pam.travel.places import name_words

ROAD_FACTOR = 1.25
"""A road's length over the great circle's: what US interstates come to, about."""

MEAN_SPEED_MPS = 24.6
"""55 miles an hour."""

ATTRIBUTION = "SIMULATED. No data of Mapbox: cities from GeoNames (CC BY 4.0), all else computed."

_TYPES = {
    "country", "region", "postcode", "district", "place", "locality", "neighborhood", "street", "block", "address",
    "secondary_address",
}  # fmt: skip
_SEARCH_TYPES = (_TYPES | {"poi", "city", "category"}) - {"block", "secondary_address"}
_PROFILES = {"driving", "driving-traffic", "walking", "cycling"}
_CATEGORIES = {
    "campground": "Campground",
    "coffee": "Coffee",
    "gas_station": "Gas Station",
    "hotel": "Hotel",
    "museum": "Museum",
    "park": "Park",
    "restaurant": "Restaurant",
}
_MESSAGES = {
    401: "Not Authorized - Invalid Token",
    404: "Not Found",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

# Where no town is as near as this, there is neither a road nor a place to camp.
_REACH_M = 80_000.0
_SPREAD_M = 15_000.0
_LINE_STEP_M = 20_000.0


def refusal(status: int) -> dict[str, Any]:
    """The body that Mapbox sends with a status."""
    return {"message": _MESSAGES[status]}


class _Refused(Exception):
    def __init__(self, status: int, message: str, **more: str) -> None:
        super().__init__(message)
        self.response = JSONResponse({"message": message} | more, status)


def make_app(gazetteer: Gazetteer) -> ASGIApp:
    """The stand-in as an ASGI app. Takes any token that looks like one of Mapbox's (`pk.…`)."""
    mapbox = _Mapbox(gazetteer)

    async def refused(_: Request, refused: Exception) -> Response:
        assert isinstance(refused, _Refused)
        return refused.response

    async def unknown(_: Request, __: Exception) -> Response:
        return JSONResponse({"message": "Not Found"}, 404)

    return Starlette(
        routes=[
            Route("/search/geocode/v6/forward", mapbox.geocode),
            Route("/search/searchbox/v1/forward", mapbox.search),
            Route("/search/searchbox/v1/list/category", mapbox.categories),
            Route("/search/searchbox/v1/category/{category}", mapbox.category),
            Route("/directions/v5/mapbox/{profile}/{coordinates}", mapbox.directions),
        ],
        exception_handlers={_Refused: refused, 404: unknown},
    )


class _Mapbox:
    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer

    async def geocode(self, request: Request) -> Response:
        _authorise(request)
        text = _text(request, status=422)
        types = _types(request, _TYPES, status=422)
        found = self._gazetteer.like(name_words(text))
        wanted = [entry for entry in found if not types or entry.kind in types]
        return _collection([_geocoded(entry) for entry in wanted[: _limit(request, 5, 10, status=422)]])

    async def search(self, request: Request) -> Response:
        _authorise(request)
        asked = name_words(_text(request, status=400))
        types = _types(request, _SEARCH_TYPES, status=400)
        features = []
        if not types or "poi" in types:
            # Like the real one: every park that has one of the words, those with most of them first.
            shared = [(len(set(asked) & set(name_words(park.name))), park) for park in self._gazetteer.parks]
            best = sorted((pair for pair in shared if pair[0]), key=lambda pair: -pair[0])
            features = [_park(park) for _, park in best]
        return _collection(features[: _limit(request, 5, 10, status=400)])

    async def categories(self, request: Request) -> Response:
        _authorise(request)
        items = [{"canonical_id": name, "icon": "marker", "name": title} for name, title in _CATEGORIES.items()]
        return JSONResponse({"listItems": items, "attribution": ATTRIBUTION, "version": "simulated"})

    async def category(self, request: Request) -> Response:
        _authorise(request)
        category = request.path_params["category"]
        if category not in _CATEGORIES:
            raise _Refused(400, "Bad request")
        limit = _limit(request, 25, 25, status=400)
        here = _point(request.query_params.get("proximity", ""))
        box = _box(request)
        if here is None:
            # The real one would look where the caller's address is.
            return _collection([])
        reach = _REACH_M
        if box is not None:
            reach = max(great_circle_m(*here, *corner) for corner in ((box[1], box[0]), (box[3], box[2])))
        nearest: list[tuple[float, dict[str, Any]]] = []
        for radius in sorted({min(reach, step) for step in (15_000.0, 60_000.0, 240_000.0, 1_200_000.0)}):
            found = (
                poi for town in self._gazetteer.near(*here, radius + _SPREAD_M) for poi in self._pois(category, town)
            )
            apart = [(great_circle_m(*here, *_position(poi)), poi) for poi in found if _inside(box, poi)]
            nearest = sorted((pair for pair in apart if pair[0] <= radius or radius == reach), key=lambda pair: pair[0])
            if len(nearest) >= limit:
                break
        return _collection([poi for _, poi in nearest[:limit]])

    def _pois(self, category: str, town: Entry) -> Iterator[dict[str, Any]]:
        """Two to six around a town, on the way to its neighbours: there is land."""
        here = (town.latitude, town.longitude)
        neighbours = self._gazetteer.near(*here, _SPREAD_M)[1:6] or self._gazetteer.near(*here, 2 * _REACH_M)[1:6]
        for number in range(1, 3 + int(5 * share(category, town.id))):
            latitude, longitude = town.latitude, town.longitude
            if neighbours:
                towards = neighbours[int(share(category, town.id, number, "towards") * len(neighbours))]
                distance = great_circle_m(latitude, longitude, towards.latitude, towards.longitude)
                metres = _SPREAD_M * (0.1 + 0.9 * share(category, town.id, number, "part"))
                part = min(0.5, metres / max(distance, 1.0))
                latitude += part * (towards.latitude - latitude)
                longitude += part * (towards.longitude - longitude)
            yield _poi(category, number, town, round(latitude, 6), round(longitude, 6))

    async def directions(self, request: Request) -> Response:
        _authorise(request)
        if request.path_params["profile"] not in _PROFILES:
            raise _Refused(404, "Profile not found", code="ProfileNotFound")
        parts = request.path_params["coordinates"].split(";")
        most = 3 if request.path_params["profile"] == "driving-traffic" else 25
        points = [point for point in map(_point, parts) if point is not None]
        if len(points) < len(parts):
            raise _Refused(422, "Coordinate is invalid: must be longitude,latitude in range", code="InvalidInput")
        if not 2 <= len(points) <= most:
            message = f"Too {'many' if len(points) > most else 'few'} coordinates; between 2 and {most} are allowed"
            raise _Refused(422, message, code="InvalidInput")
        with_line = _line_is_asked_for(request)
        landmasses = set()
        for latitude, longitude in points:
            towns = self._gazetteer.near(latitude, longitude, _REACH_M)
            if not towns:
                message = "Could not find a matching segment for an input coordinate"
                return JSONResponse({"code": "NoSegment", "message": message, "routes": []})
            landmasses.add(towns[0].landmass)
        if len(landmasses) > 1:
            return JSONResponse({"code": "NoRoute", "message": "No route found", "routes": []})
        return JSONResponse(_route(points, with_line=with_line))


def _line_is_asked_for(request: Request) -> bool:
    """Whether the answer is to say where the way runs. Of the forms that the real one has, GeoJSON only."""
    overview = request.query_params.get("overview", "simplified")
    form = request.query_params.get("geometries", "polyline")
    if overview not in {"full", "simplified", "false"} or form not in {"geojson", "polyline", "polyline6"}:
        raise _Refused(422, "Overview or geometries type is invalid", code="InvalidInput")
    return overview != "false" and form == "geojson"


def _route(points: list[tuple[float, float]], *, with_line: bool) -> dict[str, Any]:
    legs: list[dict[str, Any]] = []
    for here, there in pairwise(points):
        distance = round(great_circle_m(*here, *there) * ROAD_FACTOR, 3)
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
    """Longitude and latitude of about every 20 km of a straight line on the map."""
    for here, there in pairwise(points):
        steps = ceil(great_circle_m(*here, *there) / _LINE_STEP_M) or 1
        for step in range(steps):
            latitude, longitude = (a + (b - a) * step / steps for a, b in zip(here, there, strict=True))
            yield [round(longitude, 6), round(latitude, 6)]
    yield [points[-1][1], points[-1][0]]


def _authorise(request: Request) -> None:
    token = request.query_params.get("access_token", "")
    if not token:
        raise _Refused(401, "Not Authorized - No Token")
    if not re.fullmatch(r"[pst]k\.[\w.-]+", token):
        raise _Refused(401, "Not Authorized - Invalid Token")


def _text(request: Request, *, status: int) -> str:
    text = request.query_params.get("q", "")
    if not text.strip():
        raise _Refused(404 if status == 422 else status, "No search text was provided in the query.")
    if len(text) > 256 or len(text.split()) > 20 or ";" in text:
        raise _Refused(status, "Query too long, or with a semicolon")
    return text


def _types(request: Request, known: set[str], *, status: int) -> set[str]:
    types = set(filter(None, request.query_params.get("types", "").split(",")))
    if not types <= known:
        raise _Refused(status, f"Type is not a valid type. Must be one of: {', '.join(sorted(known))}")
    return types


def _limit(request: Request, default: int, most: int, *, status: int) -> int:
    limit = request.query_params.get("limit", str(default))
    if not limit.isdecimal() or not 1 <= int(limit) <= most:
        raise _Refused(status, f"limit must be between 1 and {most}")
    return int(limit)


def _point(text: str) -> tuple[float, float] | None:
    """Latitude and longitude of `longitude,latitude`, or None of anything else."""
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
        raise _Refused(400, "Bad request") from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise _Refused(400, "Bad request")
    return west, south, east, north


def _position(poi: dict[str, Any]) -> tuple[float, float]:
    longitude, latitude = poi["geometry"]["coordinates"]
    return latitude, longitude


def _inside(box: tuple[float, float, float, float] | None, poi: dict[str, Any]) -> bool:
    latitude, longitude = _position(poi)
    return box is None or (box[0] <= longitude <= box[2] and box[1] <= latitude <= box[3])


def _collection(features: list[dict[str, Any]]) -> Response:
    return JSONResponse({"type": "FeatureCollection", "features": features, "attribution": ATTRIBUTION})


def _feature(entry: Entry, latitude: float, longitude: float, properties: dict[str, Any]) -> dict[str, Any]:
    context: dict[str, Any] = {
        "country": {"mapbox_id": f"sim-{entry.country_code}", "name": entry.country, "country_code": entry.country_code}
    }
    if entry.region:
        context["region"] = {
            "mapbox_id": f"sim-{entry.country_code}-{entry.region_code}",
            "name": entry.region,
            "region_code": entry.region_code,
            "region_code_full": f"{entry.country_code}-{entry.region_code}",
        }
    coordinates = {"longitude": longitude, "latitude": latitude}
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
        "properties": {"context": context, "coordinates": coordinates, "language": "en"} | properties,
    }


def _geocoded(entry: Entry) -> dict[str, Any]:
    identity = f"simulated.{entry.id}"
    spread = 0.05 / cos(radians(min(80.0, abs(entry.latitude))))
    properties = {
        "mapbox_id": identity,
        "feature_type": entry.kind,
        "full_address": ", ".join(filter(None, [entry.name, entry.around])),
        "name": entry.name,
        "name_preferred": entry.name,
        "place_formatted": entry.around,
        "bbox": [entry.longitude - spread, entry.latitude - 0.05, entry.longitude + spread, entry.latitude + 0.05],
    }
    return {"id": identity} | _feature(entry, entry.latitude, entry.longitude, properties)


def _park(entry: Entry) -> dict[str, Any]:
    properties = {
        "mapbox_id": f"simulated.{entry.id}",
        "feature_type": "poi",
        "name": entry.name,
        "full_address": f"{entry.name}, {entry.around}",
        "place_formatted": entry.around,
        "maki": "park",
        "poi_category": ["park", "national park"],
        "poi_category_ids": ["park", "national_park"],
        "external_ids": {},
        "metadata": {},
    }
    return _feature(entry, entry.latitude, entry.longitude, properties)


def _poi(category: str, number: int, town: Entry, latitude: float, longitude: float) -> dict[str, Any]:
    place = ", ".join(filter(None, [town.name, town.region, town.country]))
    properties = {
        "mapbox_id": f"simulated.{category}.{town.id}.{number}",
        "feature_type": "poi",
        "name": f"Simulated {_CATEGORIES[category]} {number} near {town.name}",
        "address": f"{number} Simulated Road",
        "full_address": f"{number} Simulated Road, {place}",
        "place_formatted": place,
        "maki": "marker",
        "poi_category": [_CATEGORIES[category].lower()],
        "poi_category_ids": [category],
        "external_ids": {},
        "metadata": {},
    }
    return _feature(town, latitude, longitude, properties)
