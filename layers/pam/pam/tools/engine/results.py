"""From a typed answer to the result of a tool, and to JSON for the model."""

from collections.abc import Mapping, Set
from typing import Any

from pam.answers.answer import Answer
from pam.ledger.operation import WriteResult
from pam.platform.envelope import encode
from pam.tools.engine.definition import ToolResult

# Beside the data of a result, or of use only to a client of the API.
_NOT_DATA = frozenset({"tier", "text", "source", "simulated", "as_of", "cached"})


DOWNLOAD = "download"
"""The field of a result with the link to a file, which is the traveller's alone: the model isn't sent it."""


def to_tool_result(answer: Answer, *, omitted: Set[str] = frozenset(), **more: Any) -> ToolResult:
    """Return a reader's result: the answer's data without the `omitted`, and `more`.

    `stale`, with age and reason, is in it only where it is true.
    """
    data = {name: value for name, value in _data(answer).items() if name not in omitted}
    return ToolResult(answer.text, data | more, answer.source, answer.as_of, answer.simulated)


def to_write_result(answer: Answer, undo: Mapping[str, Any]) -> WriteResult:
    """Return a write's result, with what its undo needs."""
    return WriteResult(answer.text, _data(answer), answer.source, undo, answer.simulated)


def result_json(result: ToolResult) -> str:
    """Return a result as the model is sent it: in an envelope that names its source."""
    data = {name: value for name, value in result.data.items() if name != DOWNLOAD} | {"text": result.text}
    return encode({"source": result.source, "as_of": result.as_of, "data": data})


def _data(answer: Answer) -> dict[str, Any]:
    return {
        name: value
        for name, value in answer.as_json().items()
        if name not in _NOT_DATA and (name, value) != ("stale", False)
    }
