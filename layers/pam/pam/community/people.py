"""Other users, and finding one of them by name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pam.community.profiles import WhoMayWrite
from pam.platform.errors import AMBIGUOUS_RECIPIENT, ErrorChoice
from pam.platform.postgres import Connection, Row
from pam.users.name_matches import NameMatch, pick_match

_MAX_LISTED_NAMES = 6

_SELECT_BY_NAME = """
select user_id, display_name, name_skeleton, caseless_name_skeleton, who_may_write
  from public_profiles
 where name_skeleton = %(exact)s or caseless_name_skeleton = %(caseless)s
"""

_SELECT_SKELETONS = "select skeleton(%(name)s) as exact, caseless_skeleton(%(name)s) as caseless"


@dataclass(frozen=True)
class Skeletons:
    """What a name looks like: names that look alike have one skeleton (Unicode's UTS 39), which no user is shown.

    `exact` tells capital from small letters, which decides where those of different letters look alike (I, l).
    """

    exact: str
    caseless: str

    def looks_like(self, other: "Skeletons") -> bool:
        """Whether the names look alike, as they are written or in another case."""
        return self.exact == other.exact or self.caseless == other.caseless

    def words(self) -> list[str]:
        """Return the words of the name in any case."""
        # A name without letters or digits is a single word.
        return re.findall(r"\w+", self.caseless) or [self.caseless]


def read_skeletons(connection: Connection, name: str) -> Skeletons:
    """Read the skeletons of a name from Postgres, which compares the names of public profiles by them."""
    row = connection.execute(_SELECT_SKELETONS, {"name": name}).fetchone()
    assert row is not None
    return Skeletons(row["exact"], row["caseless"])


@dataclass(frozen=True)
class Person:
    """The public profile of another user."""

    id: UUID
    name: str
    skeletons: Skeletons
    who_may_write: WhoMayWrite

    @classmethod
    def from_row(cls, row: Row) -> "Person":
        """Return the person from a row of `public_profiles`."""
        skeletons = Skeletons(row["name_skeleton"], row["caseless_name_skeleton"])
        return cls(row["user_id"], row["display_name"], skeletons, WhoMayWrite(row["who_may_write"]))


def find_person(
    connection: Connection, name: str, known: Sequence[Person], *, field: str = "recipient"
) -> Person | None:
    """Find one of the people whom a user knows by a name or part of it, otherwise anybody by the whole name, or None.

    Names that look alike are equal. Raises `PamError` (`ambiguous_recipient`) as `pick_match` does, with this `field`.
    """
    skeletons = read_skeletons(connection, name)
    person = _pick_person(name, skeletons, known, field)
    if person is not None:
        return person
    scope = {"exact": skeletons.exact, "caseless": skeletons.caseless}
    others = [Person.from_row(row) for row in connection.execute(_SELECT_BY_NAME, scope)]
    return _pick_person(name, skeletons, others, field)


def _pick_person(name: str, skeletons: Skeletons, people: Sequence[Person], field: str) -> Person | None:
    """Return the person whose name looks like this one, otherwise the one whose name has all of its words, or None."""
    words = skeletons.words()
    whole = [person for person in people if person.skeletons.looks_like(skeletons)] or [
        person for person in people if person.skeletons.words() == words
    ]
    found = whole or [person for person in people if set(words) <= set(person.skeletons.words())]
    matches = [NameMatch(person, bool(whole), ErrorChoice(person.name, person.name)) for person in found]
    question = f"Which “{name}” do you mean"
    return pick_match(matches, question, error=AMBIGUOUS_RECIPIENT, field=field)


def format_names(people: Sequence[Person], separator: str = ", ") -> str:
    """Join the first `_MAX_LISTED_NAMES` names, followed by the number of further ones."""
    listed = [person.name for person in people[:_MAX_LISTED_NAMES]]
    more = [f"and {len(people) - _MAX_LISTED_NAMES} more"] if len(people) > _MAX_LISTED_NAMES else []
    return separator.join(listed + more)
