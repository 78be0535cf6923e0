"""Deadlines and the parts of them."""

from pam.platform.deadline import Deadline


def test_part_of_a_deadline_never_exceeds_it() -> None:
    """The seconds left never fall below 0; a part has its own limit within the whole."""
    at = 100.0
    whole = Deadline(2, lambda: at)
    part, rest = whole.at_most(0.5), whole.at_most(60)
    at = 101.0
    assert (whole.left_s, part.left_s, rest.left_s) == (1.0, 0.0, 1.0)
    at = 200.0
    assert whole.left_s == 0.0
