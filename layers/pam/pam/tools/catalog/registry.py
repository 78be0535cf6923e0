"""All tools by their names, and their definitions as Claude gets them: the same bytes for everybody."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from pam.tools.catalog import community, money, travel
from pam.tools.engine.arguments import MORE_TO_DO
from pam.tools.engine.definition import EffectKind, Tool

_ALL: tuple[Tool[Any], ...] = (*money.TOOLS, *travel.TOOLS, *community.TOOLS)

TOOLS: Mapping[str, Tool[Any]] = MappingProxyType({tool.name: tool for tool in sorted(_ALL, key=lambda t: t.name)})


@cache
def definitions() -> tuple[dict[str, Any], ...]:
    """`{name, description, input_schema}` of every tool, sorted by name."""
    return tuple(
        {"name": tool.name, "description": tool.description, "input_schema": _schema(tool)} for tool in TOOLS.values()
    )


def _schema(tool: Tool[Any]) -> dict[str, Any]:
    full = tool.arguments.model_json_schema()
    schema: dict[str, Any] = _plain(full, full.get("$defs", {}))
    if tool.effect is not EffectKind.READ:
        schema["properties"][MORE_TO_DO] = {
            "type": "boolean",
            "description": "True if the traveller asked for something else that has to come after this.",
        }
    return schema


def _plain(node: Any, definitions: Mapping[str, Any]) -> Any:
    """The schema without titles, defaults of null and references: fewer tokens, and nothing to look up."""
    if isinstance(node, list):
        return [_plain(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        named = definitions[node["$ref"].rpartition("/")[2]]
        return _plain({**named, **{key: value for key, value in node.items() if key != "$ref"}}, definitions)
    plain = {}
    for key, value in node.items():
        if key == "properties":
            plain[key] = {name: _plain(value[name], definitions) for name in sorted(value)}
        elif key not in ("title", "$defs", "examples") and not (key == "default" and value in (None, "")):
            plain[key] = _plain(value, definitions)
    return dict(sorted(plain.items()))
