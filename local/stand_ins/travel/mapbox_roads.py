"""Mapbox's stand-in for roads: directions v5, with traffic or without, and the matrix v1, along great circles."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.stand_ins.travel.gazetteer import Gazetteer
from local.stand_ins.travel.mapbox_requests import MapboxError, authorise, parse_point
from local.stand_ins.travel.seeded import hash_fraction
from pam.travel.geography import great_circle_m

ROAD_FACTOR = 1.25
"""A road's length divided by the great circle's, about that of US interstates."""

MEAN_SPEED_MPS = 24.6
"""55 miles an hour."""

MAX_TOWN_DISTANCE_M = 80_000.0
"""A point has no road and no campground if no town is this near."""

_PROFILES = {"driving", "driving-traffic", "walking", "cycling"}
_DIRECTIONS_ANNOTATIONS = {"distance", "duration", "speed", "congestion", "congestion_numeric", "maxspeed", "closure"}
_LINE_STEP_M = 20_000.0
# The levels of congestion: what is below the number has it, and how much longer it takes there.
_LEVELS = (("unknown", 0.1, 1.0), ("low", 0.8, 1.0), ("moderate", 0.9, 1.2), ("heavy", 0.97, 1.6), ("severe", 1.0, 2.5))
_INCIDENTS = (("construction", "minor"), ("accident", "major"), ("weather", "major"), ("road_closure", "critical"))
_INCIDENT_SHARE = 0.08

_Point = tuple[float, float]


class MapboxRoads:
    """The endpoints for roads."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer

    async def directions(self, request: Request) -> Response:
        authorise(request)
        traffic = _profile(request) == "driving-traffic"
        points = _points(request, max_points=3 if traffic else 25)
        with_line, annotations = _wants_line(request), _annotations(request, _DIRECTIONS_ANNOTATIONS)
        if annotations and request.query_params.get("overview") != "full":
            raise MapboxError(422, "annotations requires overview=full", code="InvalidInput")
        landmasses = self._landmasses(points)
        if None in landmasses:
            return JSONResponse(_no_segment() | {"routes": []})
        if len(set(landmasses)) > 1:
            return JSONResponse({"code": "NoRoute", "message": "No route found", "routes": []})
        return JSONResponse(_route(points, annotations, with_line=with_line, traffic=traffic))

    async def matrix(self, request: Request) -> Response:
        authorise(request)
        points = _points(request, max_points=10 if _profile(request) == "driving-traffic" else 25)
        annotations = _annotations(request, {"distance", "duration"}) or {"duration"}
        landmasses = self._landmasses(points)
        if None in landmasses:
            return JSONResponse(_no_segment())
        ends = list(zip(points, landmasses, strict=True))
        roads = [[_length(a, b) if on == other else None for b, other in ends] for a, on in ends]
        body: dict[str, Any] = {"code": "Ok"}
        if "duration" in annotations:
            body["durations"] = [[None if m is None else round(m / MEAN_SPEED_MPS, 1) for m in row] for row in roads]
        if "distance" in annotations:
            body["distances"] = [[None if m is None else round(m, 1) for m in row] for row in roads]
        return JSONResponse(body | {"sources": _waypoints(points), "destinations": _waypoints(points)})

    def _landmasses(self, points: Sequence[_Point]) -> list[Any]:
        """Return the landmass of each point, None for one that no town is near."""
        nearest = (self._gazetteer.near(*point, MAX_TOWN_DISTANCE_M) for point in points)
        return [towns[0].landmass if towns else None for towns in nearest]


def _profile(request: Request) -> str:
    profile: str = request.path_params["profile"]
    if profile not in _PROFILES:
        raise MapboxError(404, "Profile not found", code="ProfileNotFound")
    return profile


def _points(request: Request, *, max_points: int) -> list[_Point]:
    parts = request.path_params["coordinates"].split(";")
    points = [point for point in map(parse_point, parts) if point is not None]
    if len(points) < len(parts):
        raise MapboxError(422, "Coordinate is invalid: must be longitude,latitude in range", code="InvalidInput")
    if not 2 <= len(points) <= max_points:
        amount = "many" if len(points) > max_points else "few"
        message = f"Too {amount} coordinates; between 2 and {max_points} are allowed"
        raise MapboxError(422, message, code="InvalidInput")
    return points


def _annotations(request: Request, valid: set[str]) -> set[str]:
    names = set(filter(None, request.query_params.get("annotations", "").split(",")))
    if not names <= valid:
        raise MapboxError(422, "annotations value is invalid", code="InvalidInput")
    return names


def _wants_line(request: Request) -> bool:
    """Return whether the response includes the route's geometry. Of the real formats, only GeoJSON is supported."""
    overview = request.query_params.get("overview", "simplified")
    form = request.query_params.get("geometries", "polyline")
    if overview not in {"full", "simplified", "false"} or form not in {"geojson", "polyline", "polyline6"}:
        raise MapboxError(422, "Overview or geometries type is invalid", code="InvalidInput")
    return overview != "false" and form == "geojson"


def _no_segment() -> dict[str, Any]:
    return {"code": "NoSegment", "message": "Could not find a matching segment for an input coordinate"}


def _waypoints(points: Sequence[_Point]) -> list[dict[str, Any]]:
    return [{"distance": 0.0, "name": "", "location": [longitude, latitude]} for latitude, longitude in points]


def _length(start: _Point, end: _Point) -> float:
    return great_circle_m(*start, *end) * ROAD_FACTOR


def _route(points: Sequence[_Point], annotations: set[str], *, with_line: bool, traffic: bool) -> dict[str, Any]:
    legs = [_leg(start, end, annotations, traffic=traffic) for start, end in pairwise(points)]
    sums = {name: sum(leg[name] for leg in legs) for name in ("weight", "duration", "distance")}
    route = {"weight_name": "auto", "legs": legs} | sums
    if traffic:
        typical = sum(leg["duration_typical"] for leg in legs)
        route |= {"duration_typical": typical, "weight_typical": typical}
    if with_line:
        route["geometry"] = {"type": "LineString", "coordinates": list(_line(points))}
    return {"routes": [route], "waypoints": _waypoints(points), "code": "Ok", "uuid": "simulated"}


def _leg(start: _Point, end: _Point, annotations: set[str], *, traffic: bool) -> dict[str, Any]:
    distance = round(_length(start, end), 3)
    duration = round(distance / MEAN_SPEED_MPS, 3)
    leg: dict[str, Any] = {"via_waypoints": [], "admins": [], "steps": [], "summary": "simulated road"}
    leg["distance"] = distance
    if traffic:
        leg |= {"duration_typical": duration, "weight_typical": duration, "incidents": [], "closures": []}
        segments = list(pairwise(_line((start, end))))
        levels = [_level(segment) for segment in segments]
        slowness = sum(slower for _, slower in levels) / len(levels)
        duration = round(duration * slowness, 3)
        for index, segment in enumerate(segments):
            if hash_fraction("incident", *segment[0], *segment[1]) < _INCIDENT_SHARE:
                leg["incidents"].append(_incident(index, segment))
        if "closure" in annotations:
            closed = (incident for incident in leg["incidents"] if incident["closed"])
            names = ("geometry_index_start", "geometry_index_end")
            leg["closures"] = [{name: incident[name] for name in names} for incident in closed]
        if annotations:
            columns = {
                "distance": [round(distance / len(segments), 1)] * len(segments),
                "congestion": [level for level, _ in levels],
            }
            leg["annotation"] = {name: column for name, column in columns.items() if name in annotations}
    return leg | {"weight": duration, "duration": duration}


def _level(segment: Sequence[Sequence[float]]) -> tuple[str, float]:
    """Return the congestion of a segment, and how many times as long it takes as usually."""
    fraction = hash_fraction("congestion", *segment[0], *segment[1])
    return next((level, slower) for level, below, slower in _LEVELS if fraction < below)


def _incident(index: int, segment: Sequence[Sequence[float]]) -> dict[str, Any]:
    kind, impact = _INCIDENTS[int(hash_fraction("incident kind", *segment[0]) * len(_INCIDENTS))]
    started = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    times = {name: f"{at:%Y-%m-%dT%H:%M:%SZ}" for name, at in (
        ("creation_time", started), ("start_time", started), ("end_time", started + timedelta(hours=6)),
    )}  # fmt: skip
    (west, south), (east, north) = segment
    return times | {
        "id": f"simulated-{hash_fraction('incident id', *segment[0]):.12f}",
        "type": kind,
        "sub_type": kind.upper(),
        "sub_type_description": kind.replace("_", " "),
        "description": f"Simulated {kind.replace('_', ' ')}",
        "long_description": f"Simulated {kind.replace('_', ' ')} on Simulated Highway",
        "impact": impact,
        "lanes_blocked": [],
        "num_lanes_blocked": 0,
        "congestion": {"value": 101},
        "closed": kind == "road_closure",
        "iso_3166_1_alpha2": "US",
        "iso_3166_1_alpha3": "USA",
        "affected_road_names": ["Simulated Highway"],
        "geometry_index_start": index,
        "geometry_index_end": index + 1,
        "south": min(south, north), "west": min(west, east), "north": max(south, north), "east": max(west, east),
    }  # fmt: skip


def _line(points: Sequence[_Point]) -> Iterator[list[float]]:
    """Yield longitude and latitude about every 20 km along a straight line on the map."""
    for start, end in pairwise(points):
        steps = ceil(great_circle_m(*start, *end) / _LINE_STEP_M) or 1
        for step in range(steps):
            latitude, longitude = (a + (b - a) * step / steps for a, b in zip(start, end, strict=True))
            yield [round(longitude, 6), round(latitude, 6)]
    yield [points[-1][1], points[-1][0]]
