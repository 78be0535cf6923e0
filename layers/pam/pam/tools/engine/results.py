"""From an answer, as the API gives it, to what Claude is told of it."""

from collections.abc import Mapping
from typing import Any

from pam.tools.engine.definition import ToolResult, WriteResult

# Said beside the figures, or of use only to a client of the API.
_NOT_FIGURES = frozenset({"tier", "text", "source", "simulated", "as_of", "cached"})


def to_tool_result(answer: Mapping[str, Any], **more: Any) -> ToolResult:
    """What a reading tool tells: the answer's figures and `more`; `stale`, with age and reason, only where it is."""
    return ToolResult(answer["text"], _figures(answer) | more, answer["source"], answer["as_of"])


def to_write_result(answer: Mapping[str, Any], undo: Mapping[str, Any]) -> WriteResult:
    """What a writing tool tells, and what its undoing needs to know."""
    return WriteResult(answer["text"], _figures(answer), answer["source"], undo)


def _figures(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in answer.items() if name not in _NOT_FIGURES and (name, value) != ("stale", False)
    }
