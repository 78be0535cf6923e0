"""What of the hits is shown in the prompt: within a number of words, copies last."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from pam.memory.recall import Hit, Passage
from pam.memory.words import words_of

_MAX_RELATED_WORDS = 40
_MIN_SAME = 0.8
"""The share of the words of two texts that both have, from which they count as copies."""


def select_passages(hits: Sequence[Hit], max_words: int, excluded: Collection[UUID] = ()) -> list[Passage]:
    """Return hits with what belongs to them, best first, within a number of words; the last one is cut to fit.

    Passages of the turns in `excluded` are left out: the prompt has them anyway. So are hits without a word of the
    question whose vectors, if there are any, are no nearer than the average row's; and long neighbours, which would
    take the place of another hit. Questions and answers that are nearly the same as one before are last.
    """
    close = [hit for hit in hits if hit is hits[0] or hit.coverage or (hit.similarity is not None and hit.score > 0)]
    ordered = (
        passage
        for hit in close
        for passage in (hit.passage, *hit.related)
        if passage is hit.passage or len(passage.text.split()) <= _MAX_RELATED_WORDS
    )
    different = {(each.kind, each.id): each for each in ordered if each.turn_id not in excluded}
    selected: list[Passage] = []
    left = max_words
    for passage in _copies_last(different.values()):
        if left <= 0:
            break
        words = passage.text.split()
        if len(words) > left:
            passage = replace(passage, text=" ".join(words[:left]) + " …")
        left -= len(words)
        selected.append(passage)
    return selected


def _copies_last(passages: Iterable[Passage]) -> Iterator[Passage]:
    """Yield questions and answers that are copies of an earlier one after all else; a statement may be made again."""
    copies: list[Passage] = []
    texts: list[frozenset[str]] = []
    for passage in passages:
        if passage.role == "assistant" or passage.text.endswith("?"):
            words = frozenset(words_of(passage.text))
            if any(_are_copies(words, other) for other in texts):
                copies.append(passage)
                continue
            texts.append(words)
        yield passage
    yield from copies


def _are_copies(words: frozenset[str], other: frozenset[str]) -> bool:
    has_other_figure = any(word[0].isdigit() for word in words ^ other)
    return len(words & other) >= _MIN_SAME * len(words | other) and not has_other_figure
