"""The values of one subject over time, from what was said of it at which instants, in whatever order that arrives.

What was said last holds now. A value holds from when it was first said until another one is said; the same value said
again confirms it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True)
class Span:
    """A value that held from `valid_from` to `valid_to` (None: it holds), and was last said at `last_said_at`.

    `id` is that of its stored row, None for a new one.
    """

    id: int | None
    value: str
    valid_from: datetime
    valid_to: datetime | None
    last_said_at: datetime

    def contains(self, instant: datetime) -> bool:
        return self.valid_from <= instant and (self.valid_to is None or instant < self.valid_to)

    def order(self) -> tuple[datetime, bool, datetime]:
        """Return the key by which spans follow each other, those that ended at once first."""
        return self.valid_from, self.valid_to is None, self.valid_to or self.valid_from

    def says(self, value: str) -> bool:
        """Return whether this is the same value, but for its case."""
        return self.value.casefold() == value.casefold()


@dataclass(frozen=True)
class Placement:
    """The spans that are to be inserted or changed, and the one among them that has the value that was said."""

    spans: tuple[Span, ...]
    said: Span


def place(spans: Sequence[Span], value: str, said_at: datetime) -> Placement:
    """Return what a value that was said at an instant changes. `spans` are all of the subject, without overlaps."""
    ordered = sorted(spans, key=Span.order)
    holding = next((span for span in reversed(ordered) if span.contains(said_at)), None)
    following = next((span for span in ordered if span.valid_from > said_at), None)
    if holding is not None and holding.says(value):
        return _placement(replace(holding, last_said_at=max(holding.last_said_at, said_at)))
    if holding is not None and said_at < holding.last_said_at:
        return _split(holding, value, said_at)
    ended = () if holding is None else (replace(holding, valid_to=said_at),)
    if following is not None and following.says(value):
        return _placement(replace(following, valid_from=said_at), *ended)
    valid_to = following.valid_from if following is not None else None
    return _placement(Span(None, value, said_at, valid_to, said_at), *ended)


def _split(holding: Span, value: str, said_at: datetime) -> Placement:
    """Place a value between two times at which another one was said."""
    later = replace(holding, valid_from=holding.last_said_at)
    said = Span(None, value, said_at, holding.last_said_at, said_at)
    earlier = Span(None, holding.value, holding.valid_from, said_at, holding.valid_from)
    return _placement(said, later, *([earlier] if holding.valid_from < said_at else []))


def _placement(said: Span, *others: Span) -> Placement:
    # One that ends comes first: only one value of a subject may hold at any moment.
    return Placement((*others, said), said)
