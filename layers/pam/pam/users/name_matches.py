"""Rows that a traveller names by some text: which of those that match is meant.

A whole name, or an id, is enough for every write. Words of a name are enough for reading, for what only refers to the
row (a fill-up of a vehicle, a product in a cart, a user to follow), and where a confirmation shows the row first. What
changes or deletes the row's own content at once asks with the row that was found. Nothing is taken where several match.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pam.platform.errors import ErrorChoice, ErrorCode, PamError

MAX_CHOICES = 5

R = TypeVar("R")


@dataclass(frozen=True)
class NameMatch(Generic[R]):
    """A row whose name is the text, or has its words. The choice tells it from others, by its date or whole name."""

    row: R
    is_whole: bool
    choice: ErrorChoice


def prefer_whole_names(matches: Sequence[NameMatch[R]]) -> Sequence[NameMatch[R]]:
    """Return those that the text names wholly, if there are any: for names of which no two are equal."""
    return [match for match in matches if match.is_whole] or matches


def pick_match(
    matches: Sequence[NameMatch[R]], question: str, *, error: ErrorCode, field: str, changes_row: bool = False
) -> R | None:
    """Return the row that is meant, None where nothing matches.

    `changes_row`: its content is changed or deleted, without a confirmation. Raises `PamError` with `error` and the
    choices where several match, or words of the name aren't enough. `question` asks which of several it is.
    """
    if not matches:
        return None
    if len(matches) == 1 and (matches[0].is_whole or not changes_row):
        return matches[0].row
    choices = [match.choice for match in matches[:MAX_CHOICES]]
    listed = "; ".join(choice.text for choice in choices)
    more = "; or another one" if len(matches) > MAX_CHOICES else ""
    message = f"Is it {listed}?" if len(matches) == 1 else f"{question}: {listed}{more}?"
    raise PamError(error, message, field=field, choices=choices)
