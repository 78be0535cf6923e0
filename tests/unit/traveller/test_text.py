"""Text that people write: kept as it is, or refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.platform.errors import PamError
from pam.users.text import TextParser

NOTES, NAME = TextParser("notes", 20), TextParser("name", 20, required=True)


@given(st.none() | st.integers() | st.text(max_size=40) | st.text("ab \n\x00\x1b\u202e\ud800\u2066", max_size=24))
def test_it_is_within_its_length_and_can_be_stored_and_shown(value: Any) -> None:
    """Or it is refused with the field's name; nothing is cut off or replaced but the spaces around it."""
    for text in (NOTES, NAME):
        try:
            kept = text(value)
        except PamError as refused:
            assert refused.error.code == "invalid_text" and refused.field in refused.message
            continue
        assert kept == (value or "").strip() and len(kept) <= 20
        assert kept or text is NOTES
        assert not set(kept) & set("\x00\x1b\u202e\u2066") and kept.encode().decode() == kept


@pytest.mark.parametrize(
    "text", ["Two\nlines\tand a tab", "👨\u200d👩\u200d👧 at camp", "Zażółć 東京 שלום", "<b>'; --"]
)
def test_what_people_write_is_kept(text: str) -> None:
    """Line breaks, emoji, any script, and what would be code elsewhere."""
    assert TextParser("notes", 100)(f" {text} ") == text


def test_the_bounds_are_those_of_the_schema() -> None:
    """Exactly so many characters, and not one more; nothing is nothing only where it may be."""
    assert len(NAME("x" * 20)) == 20
    for value in ("x" * 21, "", " ", None):
        with pytest.raises(PamError, match="of 1 to 20 characters"):
            NAME(value)
    assert NOTES(None) == NOTES("") == ""
    with pytest.raises(PamError, match="of at most 20 characters"):
        NOTES("x" * 21)
