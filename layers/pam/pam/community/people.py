"""Other travellers, and which of them a name means."""

import re
from dataclasses import dataclass
from uuid import UUID

from pam.community.profiles import WhoMayWrite
from pam.platform.errors import AMBIGUOUS_RECIPIENT, PamError
from pam.platform.postgres import Row

_NAMED = 6


@dataclass(frozen=True)
class Person:
    """Somebody as others see them."""

    id: UUID
    name: str
    who_may_write: WhoMayWrite

    @classmethod
    def from_row(cls, row: Row) -> "Person":
        """A row of `public_profiles`."""
        return cls(row["user_id"], row["display_name"], WhoMayWrite(row["who_may_write"]))


def pick_person(name: str, people: list[Person]) -> Person | None:
    """Whom a name means: who is called exactly so, else the one whose name has all of its words; None for nobody.

    Raises `PamError` (`ambiguous_recipient`) where several may be meant.
    """
    asked = _words(name)
    meant = (
        [person for person in people if person.name.casefold() == name.casefold()]
        or [person for person in people if _words(person.name) == asked]
        or [person for person in people if set(asked) <= set(_words(person.name))]
    )
    if len(meant) > 1:
        raise PamError(AMBIGUOUS_RECIPIENT, f"Which “{name}” do you mean: {names(meant, '; ')}?", field="recipient")
    return meant[0] if meant else None


def names(people: list[Person], between: str = ", ") -> str:
    """The first of them, and how many there are beside."""
    named = [person.name for person in people[:_NAMED]]
    more = [f"and {len(people) - _NAMED} more"] if len(people) > _NAMED else []
    return between.join(named + more)


def _words(name: str) -> list[str]:
    folded = name.casefold()
    # A name of symbols only is one word.
    return re.findall(r"\w+", folded) or [folded.strip()]
