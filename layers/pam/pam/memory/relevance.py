"""Whether a user's memory has anything to do with a question: a gate on the best row, not a filter on each.

How similar a question is to what it asks for differs by embedding model, so that the threshold does, too. That of
MiniLM is calibrated by `python -m pam.memory.evaluate`, which asks questions of one's own past and of a stranger's; no
other model's was measured.
"""

_COVERAGE_WEIGHT = 0.3
_THRESHOLD = {"minilm": 0.57}
_DEFAULT_THRESHOLD = 0.7

_MIN_COVERAGE_BESIDE_VECTORS = 0.65
"""The words of a row that has no vector yet."""

_MIN_COVERAGE = 0.5
"""Where nothing has a vector."""


def is_relevant(model: str, similarity: float | None, coverage: float) -> bool:
    """Return whether memory is worth showing, by the best cosine and the best coverage of any row.

    `coverage` is the share of the question's words in one row, weighted by how rare they are; `similarity` is None
    without vectors.
    """
    if similarity is None:
        return coverage >= _MIN_COVERAGE
    if coverage >= _MIN_COVERAGE_BESIDE_VECTORS:
        return True
    return similarity + _COVERAGE_WEIGHT * coverage >= _THRESHOLD.get(model, _DEFAULT_THRESHOLD)
