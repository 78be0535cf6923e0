"""WordPiece, the tokenizer of uncased BERT models: a text as the ids of its pieces."""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

_MAX_WORD_CHARACTERS = 100
"""A longer word is unknown as a whole."""

# The blocks that BERT tokenizes by character: CJK ideographs, and no kana or hangul.
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class WordPiece:
    """A tokenizer with the vocabulary of a model."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        """`vocabulary` has the pieces by id. A piece within a word begins with `##`."""
        self._ids = {piece: number for number, piece in enumerate(vocabulary)}
        self._begin, self._end, self._unknown = (self._ids[piece] for piece in ("[CLS]", "[SEP]", "[UNK]"))
        self._pieces_of = lru_cache(maxsize=65_536)(self._split)

    @classmethod
    def read(cls, path: Path) -> "WordPiece":
        """Read a vocabulary with a piece on each line."""
        return cls(path.read_text(encoding="utf-8").removesuffix("\n").split("\n"))

    def encode(self, text: str, max_length: int) -> list[int]:
        """Return the ids of `[CLS]`, the pieces of the text, and `[SEP]`: at most `max_length`, cut at the end."""
        ids = [self._begin]
        for word in words_of(text):
            ids += self._pieces_of(word)
            if len(ids) >= max_length - 1:
                break
        return [*ids[: max_length - 1], self._end]

    def _split(self, word: str) -> tuple[int, ...]:
        """Return the ids of the longest pieces from the left, or of `[UNK]` where a rest is no piece."""
        if len(word) > _MAX_WORD_CHARACTERS:
            return (self._unknown,)
        ids: list[int] = []
        start = 0
        while start < len(word):
            mark = "##" if start else ""
            ends = range(len(word), start, -1)
            end = next((end for end in ends if mark + word[start:end] in self._ids), None)
            if end is None:
                return (self._unknown,)
            ids.append(self._ids[mark + word[start:end]])
            start = end
        return tuple(ids)


def words_of(text: str) -> Iterator[str]:
    """Yield the words of a text in lower case without accents; each punctuation mark and ideograph is one."""
    spaced = "".join(_spaced(character) for character in text)
    plain = "".join(each for each in unicodedata.normalize("NFD", spaced) if unicodedata.category(each) != "Mn")
    for chunk in plain.lower().split():
        word = ""
        for character in chunk:
            if not _is_punctuation(character):
                word += character
                continue
            if word:
                yield word
                word = ""
            yield character
        if word:
            yield word


def _spaced(character: str) -> str:
    """Return a character as the tokenizer reads it: control characters are dropped, ideographs stand alone."""
    if character.isascii() and character.isprintable():
        return character
    if character in "\t\n\r":
        return " "
    if character == "\ufffd" or unicodedata.category(character).startswith("C"):
        return ""
    if character.isspace():
        return " "
    code = ord(character)
    return f" {character} " if any(first <= code <= last for first, last in _IDEOGRAPHS) else character


def _is_punctuation(character: str) -> bool:
    if character.isascii():
        return character.isprintable() and not character.isalnum() and character != " "
    return unicodedata.category(character).startswith("P")
