"""Words by which statements are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.memory.words import distinctive_stems, stems_of, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("We drive a Ford F-350.", ["we", "drive", "a", "ford", "f", "350"]),
        ("水泵坏了", ["水泵", "泵坏", "坏了"]),
        ("狗 pump水", ["狗", "pump", "水"]),
        ("ポンプ", ["ポン", "ンプ"]),
        ("ปั๊มน้ำ"[:2], ["ปั"]),
        ("насос", ["насос"]),
        ("🐕 … \u200b", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    """Of scripts without spaces, pairs of characters."""
    assert words_of(text) == words


def test_words_of_any_text_count_where_there_is_no_other() -> None:
    assert stems_of("We are who we are") == ["we", "are", "who", "we", "are"]
    assert stems_of("It is the campground") == ["camp"]


def test_numbers_and_usual_verbs_tell_nothing() -> None:
    assert distinctive_stems("two") == frozenset()
    assert distinctive_stems("We have 2 dogs, named Rex and Wuffel") == {"dogs", "rex", "wuff"}


@given(st.text("水泵坏了我们", min_size=2, max_size=12), st.data())
def test_part_of_a_run_has_only_pairs_of_the_whole(text: str, data: st.DataObject) -> None:
    """So that a value is found in the sentence that states it."""
    start = data.draw(st.integers(0, len(text) - 2))
    end = data.draw(st.integers(start + 2, len(text)))
    assert set(words_of(text[start:end])) <= set(words_of(text))
