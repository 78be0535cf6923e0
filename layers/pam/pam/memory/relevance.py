"""Whether a user's memory has anything to do with a question: a gate on the best row, not a filter on each.

How similar a question is to what it asks for differs by embedding model, so that the threshold does, too. That of
MiniLM is calibrated by `python -m pam.memory.evaluate`, which asks questions of one's own past and of a stranger's; no
other model's was measured.
"""

from collections.abc import Mapping

_THRESHOLD = {"minilm": 0.57}
_DEFAULT_THRESHOLD = 0.7

IS_RELEVANT = """
case when best_similarity is null then best_coverage >= %(min_coverage)s
     else best_coverage >= %(min_coverage_beside_vectors)s
          or best_similarity + %(coverage_weight)s * best_coverage >= %(threshold)s end
"""
"""The condition in SQL, by the best cosine and the best coverage of any row.

A coverage is the share of the question's words in one row, weighted by how rare they are; `best_similarity` is null
without vectors.
"""


def relevance_parameters(model: str) -> Mapping[str, float]:
    """Return the parameters of `IS_RELEVANT` for vectors of this model."""
    return {
        "coverage_weight": 0.3,
        "threshold": _THRESHOLD.get(model, _DEFAULT_THRESHOLD),
        # The words of a row that has no vector yet.
        "min_coverage_beside_vectors": 0.65,
        # Where nothing has a vector.
        "min_coverage": 0.5,
    }
