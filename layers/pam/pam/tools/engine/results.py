"""From an answer, as the API gives it, to the result of a tool, as the model gets it."""

import json
from collections.abc import Mapping, Set
from typing import Any

from pam.answers.answer import Answer
from pam.tools.engine.definition import ToolResult, WriteResult

# Said beside the figures, or of use only to a client of the API.
_NOT_FIGURES = frozenset({"tier", "text", "source", "simulated", "as_of", "cached"})


def to_tool_result(answer: Answer, *, omitted: Set[str] = frozenset(), **more: Any) -> ToolResult:
    """Return a reader's result: the answer's figures without the `omitted`, and `more`.

    `stale`, with age and reason, is among them only where it is true.
    """
    figures = {name: value for name, value in _figures(answer.as_json()).items() if name not in omitted}
    return ToolResult(answer.text, figures | more, answer.source, answer.as_of)


def to_write_result(answer: Mapping[str, Any], undo: Mapping[str, Any]) -> WriteResult:
    """Return a write's result, with what its undo needs."""
    return WriteResult(answer["text"], _figures(answer), answer["source"], undo)


def result_json(result: ToolResult) -> str:
    """Return a result as the model is sent it: in an envelope that names its source."""
    data = {**result.data, "text": result.text}
    return to_json({"source": result.source, "as_of": result.as_of, "data": data})


def to_json(content: Mapping[str, Any]) -> str:
    """Return JSON text with readable characters; what isn't JSON becomes its string."""
    return json.dumps(content, ensure_ascii=False, default=str)


def _figures(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in answer.items() if name not in _NOT_FIGURES and (name, value) != ("stale", False)
    }
