"""Other users, and finding one of them by name."""

import re
from dataclasses import dataclass
from uuid import UUID

from pam.community.profiles import WhoMayWrite
from pam.platform.errors import AMBIGUOUS_RECIPIENT, PamError
from pam.platform.postgres import Row

_MAX_LISTED_NAMES = 6


@dataclass(frozen=True)
class Person:
    """The public profile of another user."""

    id: UUID
    name: str
    who_may_write: WhoMayWrite

    @classmethod
    def from_row(cls, row: Row) -> "Person":
        """Return the person from a row of `public_profiles`."""
        return cls(row["user_id"], row["display_name"], WhoMayWrite(row["who_may_write"]))


def pick_person(name: str, people: list[Person]) -> Person | None:
    """Return the person with exactly this name, otherwise the one whose name has all of its words, or None.

    Raises `PamError` (`ambiguous_recipient`) if several people match.
    """
    words = _words(name)
    matches = (
        [person for person in people if person.name.casefold() == name.casefold()]
        or [person for person in people if _words(person.name) == words]
        or [person for person in people if set(words) <= set(_words(person.name))]
    )
    if len(matches) > 1:
        found = format_names(matches, "; ")
        raise PamError(AMBIGUOUS_RECIPIENT, f"Which “{name}” do you mean: {found}?", field="recipient")
    return matches[0] if matches else None


def format_names(people: list[Person], separator: str = ", ") -> str:
    """Join the first `_MAX_LISTED_NAMES` names, followed by the number of further ones."""
    listed = [person.name for person in people[:_MAX_LISTED_NAMES]]
    more = [f"and {len(people) - _MAX_LISTED_NAMES} more"] if len(people) > _MAX_LISTED_NAMES else []
    return separator.join(listed + more)


def _words(name: str) -> list[str]:
    folded = name.casefold()
    # A name without letters or digits is a single word.
    return re.findall(r"\w+", folded) or [folded.strip()]
