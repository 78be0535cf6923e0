"""Whether a user's memory has anything to do with a question: a gate on the best row, not a filter on each.

How similar a question is to what it asks for differs by embedding model, so that the threshold does, too. They are
calibrated by `python -m pam.memory.evaluate`: questions on one's own past against those on a stranger's.
"""

_MIN_SIMILARITY = {"minilm": 0.45}
_DEFAULT_MIN_SIMILARITY = 0.55

_MIN_COVERAGE = 0.5
"""Without vectors: the share of the question's words, weighted by how rare they are, in one row."""


def is_relevant(model: str, similarity: float | None, coverage: float) -> bool:
    """Return whether memory is worth showing, by the best similarity and the best coverage of any row."""
    if similarity is None:
        return coverage >= _MIN_COVERAGE
    return similarity >= _MIN_SIMILARITY.get(model, _DEFAULT_MIN_SIMILARITY)
