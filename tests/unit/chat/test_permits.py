"""A user's permits: at most three turns run, and those that wait start in their order."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from pam.chat.lifecycle.permits import MAX_RUNNING_PER_USER, MAX_WAITING_PER_USER, Permits

TURNS = [f"turn {number}" for number in range(20)]

# Each step has a turn arrive (accepted earlier or not), or ends one, possibly one that is unknown or has ended already.
steps = st.lists(st.tuples(st.sampled_from(["arrive", "arrive accepted", "end"]), st.sampled_from(TURNS)), max_size=60)


@given(steps)
def test_turns_run_in_their_order_and_none_is_lost(steps: Sequence[tuple[str, str]]) -> None:
    """The permits behave as a list of turns in the order of their arrival, of which the first three run."""
    permits = Permits()
    expected: list[str] = []
    for step, turn in steps:
        if step == "end":
            permits = permits.release(turn)
            expected = [each for each in expected if each != turn]
        else:
            permits = permits.acquire(turn, is_accepted=step == "arrive accepted")
            is_full = len(expected) >= MAX_RUNNING_PER_USER + MAX_WAITING_PER_USER
            if turn not in expected and (step == "arrive accepted" or not is_full):
                expected.append(turn)
        assert set(permits.holders) == set(expected[:MAX_RUNNING_PER_USER])
        assert list(permits.waiting) == expected[MAX_RUNNING_PER_USER:]
        for each in TURNS:
            place = expected.index(each) if each in expected else None
            assert permits.position(each) == (None if place is None else max(0, place + 1 - MAX_RUNNING_PER_USER))


@given(steps, st.sampled_from(TURNS))
def test_repeated_release_names_the_same_successor(steps: Sequence[tuple[str, str]], ending: str) -> None:
    """A release changes nothing the second time: the caller whose response was lost still learns whom to start."""
    permits = Permits()
    for step, turn in steps:
        permits = permits.release(turn) if step == "end" else permits.acquire(turn, is_accepted=True)
    first_waiting = permits.waiting[0] if permits.waiting else None
    had_permit = ending in permits.holders
    released = permits.release(ending)
    assert released.release(ending) == released
    if had_permit:
        assert released.successor(ending) == first_waiting
