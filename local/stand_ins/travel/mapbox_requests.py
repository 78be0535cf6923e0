"""What requests to Mapbox's stand-in have in common: the token, parameters, and errors in Mapbox's format."""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from local.stand_ins.travel.mapbox_features import position


class MapboxError(Exception):
    """A request that Mapbox refuses: its status and body."""

    def __init__(self, status: int, message: str, **more: str) -> None:
        super().__init__(message)
        self.response = JSONResponse({"message": message} | more, status)


def authorise(request: Request) -> None:
    token = request.query_params.get("access_token", "")
    if not token:
        raise MapboxError(401, "Not Authorized - No Token")
    if not re.fullmatch(r"[pst]k\.[\w.-]+", token):
        raise MapboxError(401, "Not Authorized - Invalid Token")


def search_text(request: Request, *, status: int) -> str:
    text = request.query_params.get("q", "")
    if not text.strip():
        raise MapboxError(404 if status == 422 else status, "No search text was provided in the query.")
    if len(text) > 256 or len(text.split()) > 20 or ";" in text:
        raise MapboxError(status, "Query too long, or with a semicolon")
    return text


def feature_types(request: Request, valid: set[str], *, status: int) -> set[str]:
    types = set(filter(None, request.query_params.get("types", "").split(",")))
    if not types <= valid:
        raise MapboxError(status, f"Type is not a valid type. Must be one of: {', '.join(sorted(valid))}")
    return types


def page_limit(request: Request, default: int, maximum: int, *, status: int) -> int:
    limit = request.query_params.get("limit", str(default))
    if not limit.isdecimal() or not 1 <= int(limit) <= maximum:
        raise MapboxError(status, f"limit must be between 1 and {maximum}")
    return int(limit)


def parse_point(text: str) -> tuple[float, float] | None:
    """Parse `longitude,latitude` to latitude and longitude. Returns None for anything else."""
    try:
        longitude, latitude = map(float, text.split(","))
    except ValueError:
        return None
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def parse_box(request: Request) -> tuple[float, float, float, float] | None:
    text = request.query_params.get("bbox")
    if text is None:
        return None
    try:
        west, south, east, north = map(float, text.split(","))
    except ValueError:
        raise MapboxError(400, "Bad request") from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise MapboxError(400, "Bad request")
    return west, south, east, north


def is_inside(box: tuple[float, float, float, float] | None, poi: dict[str, Any]) -> bool:
    latitude, longitude = position(poi)
    return box is None or (box[0] <= longitude <= box[2] and box[1] <= latitude <= box[3])
