"""The request that undoes a write, as clients get it."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from pam.answers.answer import Instant, instant
from pam.answers.json_values import json_dataclass, to_json
from pam.ledger.effects import Effect


@json_dataclass
class UndoLink:
    """The request that undoes a write."""

    method: Literal["DELETE"] = "DELETE"
    href: Annotated[str, Field(pattern="^/v1/effects/", examples=["/v1/effects/0b6c7f0e-3d1f-4a53-9a6e-1f6f3c8d2a10"])]
    expires_at: Annotated[Instant, Field(description="Ten minutes after the write.")]


def undo_link(effect: Effect) -> UndoLink:
    """Return the request that undoes an effect, which can be undone."""
    assert effect.undo_until is not None
    return UndoLink(href=f"/v1/effects/{effect.id}", expires_at=instant(effect.undo_until))


def undo_entries(effects: Iterable[Effect]) -> tuple[Mapping[str, Any], ...]:
    """Return what frames say of effects that can be undone: the text of each, and the request that undoes it."""
    return tuple({"text": effect.text} | to_json(undo_link(effect)) for effect in effects if effect.undo_until)
