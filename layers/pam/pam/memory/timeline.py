"""The values of one subject over time, from what was stated of it at which instants, in whatever order that arrives.

What was stated last holds now. A value holds from when it was first stated until another one is stated; the same value
stated again confirms it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True)
class Span:
    """A value that held from `valid_from` to `valid_to` (None: it holds), and was last stated at `last_stated_at`.

    `id` is that of its stored row, None for a new one. `statements` are the instants at which it was stated, as far as
    they are known; those of `valid_from` and `last_stated_at` needn't be among them.
    """

    id: int | None
    value: str
    valid_from: datetime
    valid_to: datetime | None
    last_stated_at: datetime
    statements: tuple[datetime, ...] = ()

    def contains(self, instant: datetime) -> bool:
        return self.valid_from <= instant and (self.valid_to is None or instant < self.valid_to)

    def order(self) -> tuple[datetime, bool, datetime]:
        """Return the key by which spans follow each other, those that ended at once first."""
        return self.valid_from, self.valid_to is None, self.valid_to or self.valid_from

    def has_value(self, value: str) -> bool:
        """Return whether this is the same value, but for its case."""
        return self.value.casefold() == value.casefold()


@dataclass(frozen=True)
class Placement:
    """The spans that are to be inserted or changed, and the one among them that has the stated value.

    `earlier` is the first part of a span that was divided, which is to be inserted: it has the statements up to the
    instant of its division, and the span with `earlier_of` as its id keeps those after it.
    """

    spans: tuple[Span, ...]
    stated: Span
    earlier: Span | None = None
    earlier_of: int | None = None


def place(spans: Sequence[Span], value: str, stated_at: datetime) -> Placement:
    """Return what a value that was stated at an instant changes. `spans` are all of the subject, without overlaps."""
    ordered = sorted(spans, key=Span.order)
    holding = next((span for span in reversed(ordered) if span.contains(stated_at)), None)
    following = next((span for span in ordered if span.valid_from > stated_at), None)
    if holding is not None and holding.has_value(value):
        return _placement(replace(holding, last_stated_at=max(holding.last_stated_at, stated_at)))
    if holding is not None and stated_at < holding.last_stated_at:
        return _split(holding, value, stated_at)
    ended = () if holding is None else (replace(holding, valid_to=stated_at),)
    if following is not None and following.has_value(value):
        return _placement(replace(following, valid_from=stated_at), *ended)
    valid_to = following.valid_from if following is not None else None
    return _placement(Span(None, value, stated_at, valid_to, stated_at), *ended)


def _split(holding: Span, value: str, stated_at: datetime) -> Placement:
    """Place a value between two times at which another one was stated."""
    known = {*holding.statements, holding.valid_from, holding.last_stated_at}
    before = [each for each in known if holding.valid_from <= each <= stated_at]
    after = [each for each in known if stated_at < each <= holding.last_stated_at]
    later = replace(holding, valid_from=min(after))
    stated = Span(None, value, stated_at, later.valid_from, stated_at)
    if holding.valid_from == stated_at:
        return _placement(stated, later)
    earlier = replace(holding, id=None, valid_to=stated_at, last_stated_at=max(before))
    return Placement((later, earlier, stated), stated, earlier, holding.id)


def _placement(stated: Span, *others: Span) -> Placement:
    # One that ends comes first: only one value of a subject may hold at any moment.
    return Placement((*others, stated), stated)
