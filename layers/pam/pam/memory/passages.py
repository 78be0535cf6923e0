"""Splits long messages into passages: a vector of a long text is close to nothing that stands in it."""

import re

MAX_WORDS = 80

_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+|\n+")


def split_passages(text: str) -> list[str]:
    """Return a text in parts of at most `MAX_WORDS` words, cut between sentences where there are any; [] for none."""
    passages: list[list[str]] = []
    for sentence in _SENTENCE_END.split(text):
        words = sentence.split()
        for start in range(0, len(words), MAX_WORDS):
            part = words[start : start + MAX_WORDS]
            if passages and len(passages[-1]) + len(part) <= MAX_WORDS:
                passages[-1] += part
            else:
                passages.append(part)
    return [" ".join(passage) for passage in passages]
