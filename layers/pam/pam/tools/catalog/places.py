"""The tool that bookmarks a spot."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator

from pam.answers.resolved_place import ResolvedPlace, resolve_place
from pam.answers.user_context import read_user_context
from pam.ledger.operation import UndoResult, WriteContext, WriteResult
from pam.platform.validation import optional
from pam.tools.catalog.place_arguments import location_of
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import ToolContext, write_tool
from pam.travel.favorite_spots import Spot, SpotKind, delete_spot, parse_notes, parse_rating, parse_spot_name, save_spot
from pam.travel.queries import LocatedQuery, PlaceName

_Name = Annotated[str, BeforeValidator(parse_spot_name), parse_spot_name.schema]
_Notes = Annotated[str, BeforeValidator(parse_notes), parse_notes.schema]
_Rating = Annotated[int | None, optional(parse_rating), parse_rating.schema]


class SaveFavoriteSpot(ToolArguments):
    """A spot to bookmark."""

    category: SpotKind = SpotKind.OTHER
    name: _Name
    notes: _Notes = ""
    place: PlaceName
    rating: _Rating = None


def _resolve(context: ToolContext, new: SaveFavoriteSpot) -> ResolvedPlace:
    user = read_user_context(context.dependencies, context.user_id, context.deadline)
    query = LocatedQuery(**location_of(context))
    return resolve_place(context.dependencies.sources, user, new.place, query, context.deadline)


def _undo(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    delete_spot(context.connection, context.profile.id, UUID(undo["spot"]))
    return UndoResult(f"“{undo['name']}” is no favorite spot any more.")


@write_tool(summary=lambda new: f"Saving “{new.name}”", undo=_undo, prepare=_resolve)
def save_favorite_spot(context: WriteContext, new: SaveFavoriteSpot, where: ResolvedPlace) -> WriteResult:
    """Bookmark a spot. It can't list bookmarks."""
    latitude, longitude = where.point
    place = where.lasting_name
    spot = Spot(new.name, place, latitude, longitude, new.category, new.notes, new.rating)
    spot_id = save_spot(context.connection, context.profile.id, spot, context.now)
    data = {
        "name": new.name,
        "place": place,
        "latitude": latitude,
        "longitude": longitude,
        "category": new.category.value,
        "saved": spot_id is not None,
    }
    text = f"“{new.name}” at {place} is among your favorite spots"
    return WriteResult(
        text=f"{text} already: nothing changed." if spot_id is None else f"{text}.",
        data=data,
        source=", ".join(["Your favorite spots in PAM", *(fact.source for fact in where.facts)]),
        undo=None if spot_id is None else {"spot": str(spot_id), "name": new.name},
        simulated=context.profile.simulated or any(fact.simulated for fact in where.facts),
    )


TOOLS = (save_favorite_spot,)
