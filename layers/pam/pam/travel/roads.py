"""Roads between places, and points of interest beside them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Road:
    """A route by road without stops: metres, and seconds of driving in usual traffic."""

    distance_m: float
    duration_s: float


@dataclass(frozen=True)
class RoadWithPath(Road):
    """A road with its geometry: latitude and longitude in degrees, at the resolution of an overview map."""

    path: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class RoadMatrix:
    """The roads from each of several points (row) to each (column): metres and seconds, None where there is none."""

    distances_m: tuple[tuple[float | None, ...], ...]
    durations_s: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True)
class PointOfInterest:
    """A point of interest: its position in degrees, and metres from the point of the search, as the crow flies."""

    name: str
    address: str | None
    latitude: float
    longitude: float
    distance_m: float
    phone: str | None
    website: str | None
