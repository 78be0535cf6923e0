"""Mapbox's stand-in: geocoding v6, roads and the Search Box API, from a gazetteer and great circles."""

from collections.abc import Iterator
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
from local.stand_ins.travel.mapbox_requests import (
    MapboxError,
    authorise,
    feature_types,
    is_inside,
    page_limit,
    parse_box,
    parse_point,
    search_text,
)
from local.stand_ins.travel.mapbox_roads import MAX_TOWN_DISTANCE_M, MapboxRoads
from local.stand_ins.travel.seeded import hash_fraction
from pam.travel.geography import great_circle_m
from pam.travel.place_names import name_words

_TYPES = {
    "country", "region", "postcode", "district", "place", "locality", "neighborhood", "street", "block", "address",
    "secondary_address",
}  # fmt: skip
_SEARCH_TYPES = (_TYPES | {"poi", "city", "category"}) - {"block", "secondary_address"}
_MESSAGES = {
    401: "Not Authorized - Invalid Token",
    404: "Not Found",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

_POI_RADIUS_M = 15_000.0


def error_body(status: int) -> dict[str, Any]:
    """Return the body that Mapbox sends with a status."""
    return {"message": _MESSAGES[status]}


def make_app(gazetteer: Gazetteer) -> ASGIApp:
    """Return the stand-in as an ASGI app. It accepts any token in Mapbox's format (`pk.…`)."""
    mapbox, roads = _Mapbox(gazetteer), MapboxRoads(gazetteer)

    async def handle_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, MapboxError)
        return error.response

    async def not_found(_: Request, __: Exception) -> Response:
        return JSONResponse({"message": "Not Found"}, 404)

    return Starlette(
        routes=[
            Route("/search/geocode/v6/forward", mapbox.geocode),
            Route("/search/searchbox/v1/forward", mapbox.search),
            Route("/search/searchbox/v1/list/category", mapbox.categories),
            Route("/search/searchbox/v1/category/{category}", mapbox.category),
            Route("/directions/v5/mapbox/{profile}/{coordinates}", roads.directions),
            Route("/directions-matrix/v1/mapbox/{profile}/{coordinates}", roads.matrix),
        ],
        exception_handlers={MapboxError: handle_error, 404: not_found},
    )


class _Mapbox:
    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer

    async def geocode(self, request: Request) -> Response:
        authorise(request)
        text = search_text(request, status=422)
        types = feature_types(request, _TYPES, status=422)
        found = self._gazetteer.search(name_words(text))
        matches = [entry for entry in found if not types or entry.kind in types]
        return collection([place_feature(entry) for entry in matches[: page_limit(request, 5, 10, status=422)]])

    async def search(self, request: Request) -> Response:
        authorise(request)
        query = name_words(search_text(request, status=400))
        types = feature_types(request, _SEARCH_TYPES, status=400)
        features = []
        if not types or "poi" in types:
            # Like the real one: every park whose name has one of the words, those with most of them first.
            shared = [(len(set(query) & set(name_words(park.name))), park) for park in self._gazetteer.parks]
            best = sorted((pair for pair in shared if pair[0]), key=lambda pair: -pair[0])
            features = [park_feature(park) for _, park in best]
        return collection(features[: page_limit(request, 5, 10, status=400)])

    async def categories(self, request: Request) -> Response:
        authorise(request)
        items = [{"canonical_id": name, "icon": "marker", "name": title} for name, title in CATEGORIES.items()]
        return JSONResponse({"listItems": items, "attribution": ATTRIBUTION, "version": "simulated"})

    async def category(self, request: Request) -> Response:
        authorise(request)
        category = request.path_params["category"]
        if category not in CATEGORIES:
            raise MapboxError(400, "Bad request")
        limit = page_limit(request, 25, 25, status=400)
        origin = parse_point(request.query_params.get("proximity", ""))
        box = parse_box(request)
        if origin is None:
            # The real one would search around the location of the client's IP address.
            return collection([])
        max_radius = MAX_TOWN_DISTANCE_M
        if box is not None:
            max_radius = max(great_circle_m(*origin, *corner) for corner in ((box[1], box[0]), (box[3], box[2])))
        nearest: list[tuple[float, dict[str, Any]]] = []
        for radius in sorted({min(max_radius, step) for step in (15_000.0, 60_000.0, 240_000.0, 1_200_000.0)}):
            found = (
                poi
                for town in self._gazetteer.near(*origin, radius + _POI_RADIUS_M)
                for poi in self._pois(category, town)
            )
            distances = [(great_circle_m(*origin, *position(poi)), poi) for poi in found if is_inside(box, poi)]
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
            or self._gazetteer.near(*centre, 2 * MAX_TOWN_DISTANCE_M)[1:6]
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
