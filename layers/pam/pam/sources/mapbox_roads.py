"""Mapbox's responses about roads: directions, with traffic or without, and matrices."""

from collections.abc import Sequence
from itertools import accumulate, chain
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field

from pam.platform.envelope import clean
from pam.sources.http_client import ResponseModel
from pam.sources.source import Source, SourceError, SourceErrorKind
from pam.travel.roads import RoadMatrix, RoadWithPath
from pam.travel.traffic import Congestion, Incident, Stretch, Traffic

Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
_Positive = Annotated[float, Field(ge=0)]
_Index = Annotated[int, Field(ge=0)]

_NO_ROAD = frozenset({"NoRoute", "NoSegment"})
_MAX_TEXT_CHARS = 200
_MAX_ROAD_NAMES = 3


class _Route(ResponseModel):
    distance: _Positive
    duration: _Positive


class _Line(ResponseModel):
    type: Literal["LineString"]
    coordinates: Annotated[list[tuple[Longitude, Latitude]], Field(min_length=2)]


class _RouteWithLine(_Route):
    geometry: _Line


class _Stretch(ResponseModel):
    geometry_index_start: _Index
    geometry_index_end: _Index


class _Incident(_Stretch):
    type: str
    description: str = ""
    long_description: str = ""
    impact: str = "unknown"
    closed: bool = False
    end_time: str | None = None
    affected_road_names: tuple[str, ...] = ()


class _Annotation(ResponseModel):
    """One value for each segment between two points of the geometry."""

    distance: tuple[_Positive, ...]
    congestion: tuple[str, ...]


class _TrafficLeg(ResponseModel):
    annotation: _Annotation
    incidents: tuple[_Incident, ...] = ()
    closures: tuple[_Stretch, ...] = ()


class TrafficRoute(_Route):
    """A route of the profile `driving-traffic` with annotations; it has one leg between two points."""

    duration_typical: _Positive | None = None
    legs: Annotated[tuple[_TrafficLeg, ...], Field(min_length=1, max_length=1)]


R = TypeVar("R", bound=_Route)


class Directions(ResponseModel, Generic[R]):
    """The response of directions. `code` is not `Ok` where there is no road; the HTTP status is 200 all the same."""

    code: str
    routes: tuple[R, ...] = ()


# Built at import: building a model takes longer than parsing a response.
Roads, RoutesWithLine, TrafficRoutes = Directions[_Route], Directions[_RouteWithLine], Directions[TrafficRoute]


class Matrix(ResponseModel):
    """The response of the matrix: a row for each origin; null where there is no road."""

    code: str
    durations: tuple[tuple[_Positive | None, ...], ...] = ()
    distances: tuple[tuple[_Positive | None, ...], ...] = ()


def best_route(directions: Directions[R]) -> R | None:
    """Return the first route, or None where there is no road. Raises `SourceError` (`malformed`)."""
    if directions.code in _NO_ROAD:
        return None
    if directions.code != "Ok" or not directions.routes:
        raise _malformed("directions without a route")
    return directions.routes[0]


def road_with_path(route: _RouteWithLine | None) -> RoadWithPath | None:
    """Return a route with its points as latitude and longitude."""
    if route is None:
        return None
    path = tuple((latitude, longitude) for longitude, latitude in route.geometry.coordinates)
    return RoadWithPath(route.distance, route.duration, path)


def matrix_of(matrix: Matrix, size: int) -> RoadMatrix:
    """Return the matrix of `size` points; without roads between any where the code says so.

    Raises `SourceError` (`malformed`) for one of another size, or whose parts don't fit together.
    """
    if matrix.code in _NO_ROAD:
        nowhere: tuple[tuple[float | None, ...], ...] = ((None,) * size,) * size
        return RoadMatrix(nowhere, nowhere)
    tables = (matrix.durations, matrix.distances)
    if matrix.code != "Ok" or any(len(rows) != size or any(len(row) != size for row in rows) for rows in tables):
        raise _malformed("a matrix of another size")
    pairs = zip(chain.from_iterable(matrix.distances), chain.from_iterable(matrix.durations), strict=True)
    if any((distance is None) != (duration is None) for distance, duration in pairs):
        raise _malformed("a road with a length but without a time")
    return RoadMatrix(matrix.distances, matrix.durations)


def traffic_of(route: TrafficRoute) -> Traffic:
    """Return the traffic on a route. Raises `SourceError` (`malformed`) for annotations that don't fit together."""
    leg = route.legs[0]
    lengths, levels = leg.annotation.distance, leg.annotation.congestion
    if len(lengths) != len(levels):
        raise _malformed("annotations of different lengths")
    # The distance from the start of the route to each point of its geometry.
    reached = (0.0, *accumulate(lengths))
    congestion = dict.fromkeys(Congestion, 0.0)
    for length, level in zip(lengths, levels, strict=True):
        congestion[Congestion(level) if level in set(Congestion) else Congestion.UNKNOWN] += length
    incidents = sorted((_incident(each, reached) for each in leg.incidents), key=lambda each: each.where.start_m)
    return Traffic(
        distance_m=route.distance,
        duration_s=route.duration,
        usual_s=route.duration_typical,
        congestion_m={level: metres for level, metres in congestion.items() if metres},
        incidents=tuple(incidents),
        closures=tuple(_where(each, reached) for each in leg.closures),
    )


def _incident(incident: _Incident, reached: Sequence[float]) -> Incident:
    return Incident(
        kind=_line(incident.type),
        description=_line(incident.long_description or incident.description),
        impact=_line(incident.impact),
        is_closure=incident.closed or incident.type == "road_closure",
        where=_where(incident, reached),
        roads=tuple(map(_line, incident.affected_road_names[:_MAX_ROAD_NAMES])),
        until=_line(incident.end_time) if incident.end_time else None,
    )


def _where(stretch: _Stretch, reached: Sequence[float]) -> Stretch:
    if not stretch.geometry_index_start <= stretch.geometry_index_end < len(reached):
        raise _malformed("an index beyond the geometry")
    return Stretch(reached[stretch.geometry_index_start], reached[stretch.geometry_index_end])


def _line(text: str) -> str:
    """Return a text of the source in one line of visible characters, cut to a length that an answer can have."""
    return " ".join(clean(text).split())[:_MAX_TEXT_CHARS]


def _malformed(detail: str) -> SourceError:
    return SourceError(Source.MAPBOX, SourceErrorKind.MALFORMED, detail)
