"""The arguments that several tools for places share, and the location of the device."""

from typing import Annotated

from pydantic import WithJsonSchema

from pam.tools.engine.definition import ToolContext
from pam.travel.queries import HERE, PlaceName

PlaceArgument = Annotated[PlaceName, WithJsonSchema({"type": "string"})]


def location_of(context: ToolContext) -> dict[str, float]:
    """Return the location of the device as the arguments of a `LocatedQuery`; none where it isn't known."""
    return {} if context.location is None else {"latitude": context.location[0], "longitude": context.location[1]}


def place_text(place: str) -> str:
    """Render a place; `here` is `you`."""
    return "you" if place.casefold() == HERE else place
