"""The tool that bookmarks a spot."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field

from pam.answers.travellers import read_asker
from pam.answers.whereabouts import Whereabouts, find
from pam.tools.arguments import Arguments
from pam.tools.tool import Call, Writing, Written, writing
from pam.travel.questions import PlaceName, RoadQuestion
from pam.travel.spots import Spot, SpotKind, delete_spot, parse_notes, parse_spot_name, save_spot
from pam.upstream.deadline import Deadline

_Name = Annotated[str, BeforeValidator(parse_spot_name), parse_spot_name.schema]
_Notes = Annotated[str, BeforeValidator(parse_notes), parse_notes.schema]


class SaveFavoriteSpot(Arguments):
    """Which spot, where it is, and what the traveller says of it."""

    category: SpotKind = Field(default=SpotKind.OTHER, description="What it is good for.")
    name: _Name = Field(description="What the traveller calls it.")
    notes: _Notes = Field(default="", description="What the traveller said of it.")
    place: PlaceName = Field(description="A town, park or region; `here`: where the traveller is.")
    rating: int | None = Field(default=None, ge=1, le=5, description="Stars, only if the traveller gave any.")


def _resolve(call: Call, new: SaveFavoriteSpot) -> Whereabouts:
    asker = read_asker(call.travel.parts, call.user_id)
    latitude, longitude = call.location or (None, None)
    question = RoadQuestion(latitude=latitude, longitude=longitude)
    return find(call.travel.sources, asker, new.place, question, Deadline())


def _undo(writing: Writing, undo: Mapping[str, Any]) -> str:
    delete_spot(writing.connection, writing.profile.id, UUID(undo["spot"]))
    return f"“{undo['name']}” is no favorite spot any more."


@writing(doing=lambda new: f"Saving “{new.name}”", undo=_undo, prepare=_resolve)
def save_favorite_spot(writing: Writing, new: SaveFavoriteSpot, where: Whereabouts) -> Written:
    """Bookmarks a spot at a town, park or region that the map knows, or where the traveller is. One that is kept
    already isn't kept twice. It can't list or change bookmarks. It can be undone for ten minutes."""
    latitude, longitude = where.point
    place = where.lasting_name
    spot = Spot(new.name, place, latitude, longitude, new.category, new.notes, new.rating)
    spot_id = save_spot(writing.connection, writing.profile.id, spot, writing.now)
    data = {
        "name": new.name,
        "place": place,
        "latitude": latitude,
        "longitude": longitude,
        "category": new.category.value,
        "saved": spot_id is not None,
    }
    source = ", ".join(["Your favorite spots in PAM", *(fact.source for fact in where.facts)])
    if spot_id is None:
        return Written(f"“{new.name}” at {place} is among your favorite spots already: nothing changed.", data, source)
    undo = {"spot": str(spot_id), "name": new.name}
    return Written(f"“{new.name}” at {place} is among your favorite spots.", data, source, undo)


TOOLS = (save_favorite_spot,)
