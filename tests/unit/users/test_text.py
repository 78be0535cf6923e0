"""Validation of text that users write."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.platform.errors import PamError
from pam.users.text import TextParser

NOTES, NAME = TextParser("notes", 20), TextParser("name", 20, required=True)


@given(st.none() | st.integers() | st.text(max_size=40) | st.text("ab \n\x00\x1b\u202e\ud800\u2066", max_size=24))
def test_any_value_is_accepted_unchanged_or_rejected(value: Any) -> None:
    """Accepted text is within its length, without control characters, and unchanged but for the surrounding spaces."""
    for parse in (NOTES, NAME):
        try:
            text = parse(value)
        except PamError as rejected:
            assert rejected.error.code == "invalid_text"
            assert rejected.field is not None
            assert rejected.field in rejected.message
            continue
        assert text == (value or "").strip()
        assert len(text) <= 20
        assert text or parse is NOTES
        assert not set(text) & set("\x00\x1b\u202e\u2066")
        assert text.encode().decode() == text


@pytest.mark.parametrize("text", ["\u200d", " \u200d\n", "\u3164", "\u2800 \ufe0f"])
def test_required_text_has_to_show_something(text: str) -> None:
    """Characters that no reader sees are no text."""
    with pytest.raises(PamError):
        NAME(text)


@pytest.mark.parametrize(
    "text", ["Two\nlines\tand a tab", "👨\u200d👩\u200d👧 at camp", "Zażółć 東京 שלום", "<b>'; --"]
)
def test_text_with_line_breaks_emoji_any_script_or_markup_is_accepted(text: str) -> None:
    """It is returned unchanged."""
    assert TextParser("notes", 100)(f" {text} ") == text


def test_text_outside_of_the_length_limits_is_rejected() -> None:
    """The maximum length is accepted and one character more is not; empty text is only accepted if it is optional."""
    assert len(NAME("x" * 20)) == 20
    for value in ("x" * 21, "", " ", None):
        with pytest.raises(PamError, match="of 1 to 20 characters"):
            NAME(value)
    assert NOTES(None) == NOTES("") == ""
    with pytest.raises(PamError, match="of at most 20 characters"):
        NOTES("x" * 21)
