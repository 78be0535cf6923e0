"""The rule by which a text picks a row: for all numbers of matches, and whether they are whole names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.platform.errors import AMBIGUOUS_EVENT, ErrorChoice, PamError
from pam.users.name_matches import MAX_CHOICES, NameMatch, pick_match, prefer_whole_names


@given(are_whole=st.lists(st.booleans(), max_size=8), changes_row=st.booleans(), are_unique=st.booleans())
def test_only_one_row_is_ever_picked(are_whole: list[bool], changes_row: bool, are_unique: bool) -> None:
    """A whole name, or words of one where the row's content stays; several are all named, as many as fit."""
    matches = [
        NameMatch(number, whole, ErrorChoice(f"row {number}", f"id {number}")) for number, whole in enumerate(are_whole)
    ]
    expected = [match for match in matches if match.is_whole] if are_unique and any(are_whole) else matches
    found = prefer_whole_names(matches) if are_unique else matches

    def pick() -> int | None:
        return pick_match(found, "Which", error=AMBIGUOUS_EVENT, field="event", changes_row=changes_row)

    if not matches:
        assert pick() is None
    elif len(expected) == 1 and (expected[0].is_whole or not changes_row):
        assert pick() == expected[0].row
    else:
        with pytest.raises(PamError) as raised:
            pick()
        error = raised.value
        assert (error.error, error.field) == (AMBIGUOUS_EVENT, "event")
        assert list(error.choices) == [match.choice for match in expected[:MAX_CHOICES]]
        assert all(choice.text in error.message for choice in error.choices)
        assert error.message.endswith("; or another one?") == (len(expected) > MAX_CHOICES)
