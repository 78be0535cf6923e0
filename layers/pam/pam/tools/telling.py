"""From an answer, as the API gives it, to what Claude is told of it."""

from collections.abc import Mapping
from typing import Any

from pam.tools.tool import Result, Written

# Said beside the figures, or of use only to a client of the API.
_NOT_FIGURES = frozenset({"tier", "text", "source", "as_of", "cached"})


def result(answer: Mapping[str, Any], **more: Any) -> Result:
    """What a reading tool tells: the answer's figures and `more`; `stale`, with age and reason, only where it is."""
    return Result(answer["text"], _figures(answer) | more, answer["source"], answer["as_of"])


def written(answer: Mapping[str, Any], undo: Mapping[str, Any]) -> Written:
    """What a writing tool tells, and what its undoing needs to know."""
    return Written(answer["text"], _figures(answer), answer["source"], undo)


def _figures(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in answer.items() if name not in _NOT_FIGURES and (name, value) != ("stale", False)
    }
