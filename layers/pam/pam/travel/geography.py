"""Distances and bounding boxes on the sphere."""

from math import asin, cos, degrees, radians, sin, sqrt

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the Earth (IUGG), in metres."""


def great_circle_m(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Return the metres between two points in degrees, by the haversine formula (within 0.5 % of the ellipsoid)."""
    north = radians(other_latitude - latitude)
    east = radians(other_longitude - longitude)
    chord = sin(north / 2) ** 2 + cos(radians(latitude)) * cos(radians(other_latitude)) * sin(east / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(sqrt(min(1.0, chord)))


def box_around(latitude: float, longitude: float, radius_m: float) -> tuple[float, float, float, float]:
    """Return west, south, east and north in degrees of a box around a circle, limited to the poles and 180°."""
    north = degrees(radius_m / EARTH_RADIUS_M)
    shrink = cos(radians(min(89.0, abs(latitude) + north)))
    east = min(180.0, north / shrink)
    return (
        max(-180.0, longitude - east),
        max(-90.0, latitude - north),
        min(180.0, longitude + east),
        min(90.0, latitude + north),
    )
