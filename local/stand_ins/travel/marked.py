"""Another world: a source's response with other values, so that what stays the same is no value of the source.

Every measure is larger by a fixed share, as sums of parts have to be; those of the weather by an amount, too.
Positions are moved by a kilometre or two, each by another way; countries, roads and points of interest have other
names. What says how to read a response (units, codes, times, ids) stays.
"""

import math
import re
from typing import Any

FACTOR = 1.37

_STRUCTURE = re.compile(
    r"id|ids|.*_id|.*_ids|.*_units|time|interval|sunrise|sunset|.*weather_code|is_day|utc_offset_seconds|timezone.*|code"
    r"|period|total|rank|relevance|geometry_index_.*|admin_index|num_lanes_blocked|admins|bbox|structure|header|elevation"
)
_DECIMAL = re.compile(r"[0-9]+\.[0-9]+")


def mark(value: Any, key: str = "", *, is_weather: bool = False) -> Any:
    """Return a JSON value with its measures, positions and names changed."""
    is_weather = is_weather or key in ("current", "hourly", "daily")
    if _STRUCTURE.fullmatch(key):
        return value
    if isinstance(value, dict):
        if value.get("type") == "Feature":
            return value | {"geometry": _move(value["geometry"]), "properties": _feature(value["properties"])}
        return {name: mark(each, name, is_weather=is_weather) for name, each in value.items()}
    if key == "affected_road_names":
        return [f"Marked {name}" for name in value]
    if key == "incidents":
        value = [*value, *(each | {"id": f"{each['id']}-marked"} for each in value)]
    if isinstance(value, list):
        return [mark(each, key, is_weather=is_weather) for each in value]
    if isinstance(value, float):
        return _measure(value, key, is_weather)
    if isinstance(value, int) and not isinstance(value, bool):
        return round(_measure(value, key, is_weather))
    if isinstance(value, str) and key == "value" and _DECIMAL.fullmatch(value):
        return f"{float(value) * FACTOR:.3f}"
    return value


def _measure(value: float, key: str, is_weather: bool) -> float:
    if not is_weather:
        return round(value * FACTOR, 4)
    if "probability" in key or "cloud" in key or "humidity" in key:
        return value - 7 if value > 50 else value + 7
    return round(value * FACTOR + (3600 if "duration" in key else 1.7), 2)


def _move(geometry: dict[str, Any]) -> dict[str, Any]:
    longitude, latitude = geometry["coordinates"]
    moved_latitude, moved_longitude = _moved(latitude, longitude)
    return geometry | {"coordinates": [moved_longitude, moved_latitude]}


def _feature(properties: dict[str, Any]) -> dict[str, Any]:
    at = properties["coordinates"]
    latitude, longitude = _moved(at["latitude"], at["longitude"])
    changed = properties | {"coordinates": at | {"latitude": latitude, "longitude": longitude}}
    renamed = ("name", "address", "full_address") if properties.get("feature_type") == "poi" else ("full_address",)
    changed |= {name: f"Marked {changed[name]}" for name in renamed if name in changed}
    context = properties["context"]
    country = context["country"] | {"name": f"Marked {context['country']['name']}"}
    return changed | {"context": context | {"country": country}}


def _moved(latitude: float, longitude: float) -> tuple[float, float]:
    """Move a position by one or two hundredths of a degree, by a hash of where it is."""
    angle = math.fmod(abs(latitude) * 7919 + abs(longitude) * 104729, math.tau)
    return latitude + 0.02 * math.sin(angle), longitude + 0.02 * math.cos(angle)
