"""The values of a subject over time, whatever the order in which they arrive."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pam.memory.timeline import Span, place

SPRING = datetime(2026, 4, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return SPRING + timedelta(days=number)


def timeline(said: Sequence[tuple[str, int]]) -> list[Span]:
    """Return the spans after values were said on days, as they are stored, by their begin."""
    spans: dict[int, Span] = {}
    for value, number in said:
        for span in place(list(spans.values()), value, day(number)).spans:
            stored = replace(span, id=len(spans) if span.id is None else span.id)
            spans[stored.id or 0] = stored
    return sorted(spans.values(), key=Span.order)


def summary(said: Sequence[tuple[str, int]]) -> list[tuple[str, int, int | None]]:
    """Return each value with the days of its begin and end."""
    return [
        (span.value, (span.valid_from - SPRING).days, None if span.valid_to is None else (span.valid_to - SPRING).days)
        for span in timeline(said)
    ]


def test_examples() -> None:
    assert summary([("F-350", 1), ("Sprinter", 5)]) == [("F-350", 1, 5), ("Sprinter", 5, None)]
    assert summary([("Sprinter", 5), ("F-350", 1)]) == [("F-350", 1, 5), ("Sprinter", 5, None)]
    assert summary([("F-350", 1), ("f-350", 9)]) == [("F-350", 1, None)]
    assert summary([("F-350", 9), ("F-350", 1)]) == [("F-350", 1, None)]
    # Said in the middle of another value's time, and learned later.
    assert summary([("F-350", 1), ("F-350", 9), ("Sprinter", 5)]) == [
        ("F-350", 1, 5), ("Sprinter", 5, 9), ("F-350", 9, None),
    ]  # fmt: skip
    # Both in one message: the last one holds.
    assert summary([("F-350", 1), ("Sprinter", 1)]) == [("F-350", 1, 1), ("Sprinter", 1, None)]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12)), min_size=1, max_size=12))
def test_the_value_that_was_said_last_holds(said: list[tuple[str, int]]) -> None:
    """No two values hold at once, no time between the first and now is without one, and none is forgotten."""
    spans = timeline(said)
    newest = max(number for _, number in said)
    assert [span.value for span in spans if span.valid_to is None] == [
        [value for value, number in said if number == newest][-1]
    ]
    assert spans[0].valid_from == day(min(number for _, number in said))
    for span, following in pairwise(spans):
        assert span.valid_to == following.valid_from
    assert {span.value for span in spans} == {value for value, _ in said}
