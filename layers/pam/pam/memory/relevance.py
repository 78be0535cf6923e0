"""Whether a user's memory has anything to do with a question: a gate on the best row, not a filter on each.

How similar a question is to what it asks for differs by embedding model, so that the threshold does, too. That of
MiniLM is calibrated by `python -m pam.memory.evaluate`, which asks questions of one's own past and of a stranger's; no
other model's was measured.
"""

from collections.abc import Mapping

_THRESHOLD = {"minilm": 0.57}
_DEFAULT_THRESHOLD = 0.7

IS_RELEVANT = """
coalesce(best_coverage_by_words >= %(min_coverage_by_words)s, false) or best_coverage >= %(min_coverage)s
or coalesce(best_similarity + %(coverage_weight)s * best_coverage >= %(threshold)s, false)
"""
"""The condition in SQL, by the best cosine and the best coverage of any row.

A coverage is the share of the question's words in one row, weighted by how rare they are, where a word such as "say"
only asks and is in no row. `best_coverage_by_words` is that of rows that are compared by their words alone (those
without a vector yet, or all where the question has none), as a share of the words that don't only ask.
"""


def relevance_parameters(model: str, *, by_vector: bool) -> Mapping[str, float]:
    """Return the parameters of `IS_RELEVANT` for a question with or without a vector of this model."""
    return {
        "coverage_weight": 0.3,
        "threshold": _THRESHOLD.get(model, _DEFAULT_THRESHOLD),
        "min_coverage": 0.65,
        # By words alone, a question about the past is compared with the messages of the last minute only: few, and
        # likely to be meant.
        "min_coverage_by_words": 0.25 if by_vector else 0.5,
    }
