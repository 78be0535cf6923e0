"""The tools by their names, and their definitions as the model is sent them: the same bytes for every user."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pam.ledger.operation import WriteOperation
from pam.tools.engine.arguments import MORE_TO_DO
from pam.tools.engine.definition import EffectKind, Tool


class ToolRegistry(Mapping[str, Tool[Any]]):
    """Tools by name, sorted by it."""

    def __init__(self, tools: Iterable[Tool[Any]]) -> None:
        self._tools = {tool.name: tool for tool in sorted(tools, key=lambda tool: tool.name)}
        self._definitions: tuple[dict[str, Any], ...] | None = None

    def __getitem__(self, name: str) -> Tool[Any]:
        return self._tools[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tools)

    def __len__(self) -> int:
        return len(self._tools)

    def operation(self, name: str) -> WriteOperation[Any] | None:
        """Return the write operation of a tool; None where there is none of that name."""
        tool = self._tools.get(name)
        return None if tool is None else tool.operation

    def definitions(self) -> tuple[dict[str, Any], ...]:
        """Return `{name, description, input_schema}` of every tool."""
        if self._definitions is None:
            self._definitions = tuple(
                {"name": tool.name, "description": tool.description, "input_schema": _schema(tool)}
                for tool in self._tools.values()
            )
        return self._definitions


_LEFT_OUT = frozenset(
    {
        "title",
        "$defs",
        "examples",
        "default",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "format",
        "additionalProperties",
    }
)


def _schema(tool: Tool[Any]) -> dict[str, Any]:
    full = tool.arguments.model_json_schema()
    schema: dict[str, Any] = _shorten(full, full.get("$defs", {}))
    if tool.effect is not EffectKind.READ:
        schema["properties"][MORE_TO_DO] = {"type": "boolean"}
    return schema


def _shorten(node: Any, definitions: Mapping[str, Any]) -> Any:
    """Return the schema without what costs tokens in every prompt and tells a model little.

    These are titles, examples, references, defaults, formats, and the bounds of lengths and amounts: arguments beyond
    them, and unknown ones, are rejected with a message that says what is right.
    """
    if isinstance(node, list):
        return [_shorten(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        named = {**definitions[node["$ref"].rpartition("/")[2]], **node}
        # The docstring of an enumeration is for programmers.
        return _shorten(
            {key: value for key, value in named.items() if key != "$ref" and (key != "description" or key in node)},
            definitions,
        )
    short = {}
    for key, value in node.items():
        if key == "properties":
            short[key] = {name: _shorten(value[name], definitions) for name in sorted(value)}
        elif key not in _LEFT_OUT:
            short[key] = _shorten(value, definitions)
    return dict(sorted(short.items()))
