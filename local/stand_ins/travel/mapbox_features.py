"""The GeoJSON features in the responses of Mapbox's stand-in."""

from math import cos, radians
from typing import Any

from starlette.responses import JSONResponse, Response

from local.stand_ins.travel.gazetteer import Entry

ATTRIBUTION = "SIMULATED. No data of Mapbox: cities from GeoNames (CC BY 4.0), all else computed."

CATEGORIES = {
    "aquarium": "Aquarium",
    "beach": "Beach",
    "campground": "Campground",
    "coffee": "Coffee",
    "gas_station": "Gas Station",
    "historic_site": "Historic Site",
    "hotel": "Hotel",
    "lake": "Lake",
    "museum": "Museum",
    "nature_reserve": "Nature Reserve",
    "park": "Park",
    "restaurant": "Restaurant",
    "theme_park": "Theme Park",
    "tourist_attraction": "Tourist Attraction",
    "trailhead": "Trailhead",
    "viewpoint": "Viewpoint",
    "waterfall": "Waterfall",
    "winery": "Winery",
    "zoo": "Zoo",
}


def position(poi: dict[str, Any]) -> tuple[float, float]:
    longitude, latitude = poi["geometry"]["coordinates"]
    return latitude, longitude


def collection(features: list[dict[str, Any]]) -> Response:
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


def place_feature(entry: Entry) -> dict[str, Any]:
    identity = f"simulated.{entry.id}"
    spread = 0.05 / cos(radians(min(80.0, abs(entry.latitude))))
    properties = {
        "mapbox_id": identity,
        "feature_type": entry.kind,
        "full_address": ", ".join(filter(None, [entry.name, entry.region_and_country])),
        "name": entry.name,
        "name_preferred": entry.name,
        "place_formatted": entry.region_and_country,
        "bbox": [entry.longitude - spread, entry.latitude - 0.05, entry.longitude + spread, entry.latitude + 0.05],
    }
    return {"id": identity} | _feature(entry, entry.latitude, entry.longitude, properties)


def park_feature(entry: Entry) -> dict[str, Any]:
    properties = {
        "mapbox_id": f"simulated.{entry.id}",
        "feature_type": "poi",
        "name": entry.name,
        "full_address": f"{entry.name}, {entry.region_and_country}",
        "place_formatted": entry.region_and_country,
        "maki": "park",
        "poi_category": ["park", "national park"],
        "poi_category_ids": ["park", "national_park"],
        "external_ids": {},
        "metadata": {},
    }
    return _feature(entry, entry.latitude, entry.longitude, properties)


def poi_feature(category: str, number: int, town: Entry, latitude: float, longitude: float) -> dict[str, Any]:
    place = ", ".join(filter(None, [town.name, town.region, town.country]))
    properties = {
        "mapbox_id": f"simulated.{category}.{town.id}.{number}",
        "feature_type": "poi",
        "name": f"Simulated {CATEGORIES[category]} {number} near {town.name}",
        "address": f"{number} Simulated Road",
        "full_address": f"{number} Simulated Road, {place}",
        "place_formatted": place,
        "maki": "marker",
        "poi_category": [CATEGORIES[category].lower()],
        "poi_category_ids": [category],
        "external_ids": {},
        "metadata": {},
    }
    return _feature(town, latitude, longitude, properties)
