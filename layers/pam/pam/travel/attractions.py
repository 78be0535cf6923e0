"""Kinds of attractions."""

from enum import StrEnum


class AttractionKind(StrEnum):
    """The kind of an attraction: the name of its category in Mapbox's Search Box."""

    TOURIST_ATTRACTION = "tourist_attraction"
    MUSEUM = "museum"
    HISTORIC_SITE = "historic_site"
    VIEWPOINT = "viewpoint"
    PARK = "park"
    TRAILHEAD = "trailhead"
    WATERFALL = "waterfall"
    BEACH = "beach"
    ZOO = "zoo"
    THEME_PARK = "theme_park"
    WINERY = "winery"


DEFAULT_KINDS = (
    AttractionKind.TOURIST_ATTRACTION,
    AttractionKind.HISTORIC_SITE,
    AttractionKind.MUSEUM,
    AttractionKind.VIEWPOINT,
)
"""What is searched for where no kind is named."""

MAX_KINDS = 5
"""The most kinds in one search: each is a request to the source."""
