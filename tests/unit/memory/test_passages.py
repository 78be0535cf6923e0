"""Long messages are split between sentences, and no word is lost."""

from hypothesis import given
from hypothesis import strategies as st

from pam.memory.passages import MAX_WORDS, split_passages


def test_passages_end_with_sentences() -> None:
    """Where a sentence fits, it isn't cut."""
    sentence = "One two three four five six seven eight nine ten."
    assert split_passages(" ".join([sentence] * 9)) == [" ".join([sentence] * 8), sentence]


def test_lines_are_kept_together_and_a_long_sentence_is_cut() -> None:
    """A list of short lines is one passage."""
    assert split_passages("- tolls\n- fuel\n\n- camping") == ["- tolls - fuel - camping"]
    assert [len(passage.split()) for passage in split_passages("word " * 200)] == [80, 80, 40]


@given(st.text())
def test_no_word_is_lost(text: str) -> None:
    """The passages are the text's words in their order, at most `MAX_WORDS` each."""
    passages = split_passages(text)
    assert " ".join(passages).split() == text.split()
    assert all(0 < len(passage.split()) <= MAX_WORDS for passage in passages)
