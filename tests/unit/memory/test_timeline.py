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
        placement = place(list(spans.values()), value, day(number))
        for span in placement.spans:
            stated = (*span.statements, day(number)) if span is placement.stated else span.statements
            stored = replace(span, id=len(spans) if span.id is None else span.id, statements=stated)
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


@given(st.lists(st.integers(0, 30), min_size=1, max_size=10, unique=True).flatmap(
    lambda days: st.tuples(*(st.tuples(st.sampled_from("abc"), st.just(number)) for number in days))
))  # fmt: skip
def test_order_of_arrival_makes_no_difference(said: tuple[tuple[str, int], ...]) -> None:
    """A value holds from its first statement in a row until the first of another value."""
    runs = [(value, number) for value, number in sorted(said, key=lambda each: each[1])]
    begins = [run for before, run in pairwise([("", -1), *runs]) if before[0] != run[0]]
    ends = [number for _, number in begins[1:]]
    assert summary(said) == [(value, number, end) for (value, number), end in zip(begins, [*ends, None], strict=True)]


def test_statements_between_two_values_stay_with_their_part() -> None:
    """The first part of a divided value was last stated before the other one, and the second from then on."""
    said = [("F-350", 1), ("F-350", 4), ("F-350", 6), ("F-350", 9), ("Sprinter", 5), ("Tundra", 3)]
    assert summary(said) == [
        ("F-350", 1, 3), ("Tundra", 3, 4), ("F-350", 4, 5), ("Sprinter", 5, 6), ("F-350", 6, None),
    ]  # fmt: skip
