"""The types of the API's schemas in TypeScript, for the JSDoc comments of the page's modules."""

import json
import textwrap
from collections.abc import Iterable
from pathlib import Path

from local.openapi.schemas import Json

TYPES_FILE = Path("web/api_types.d.ts")
"""The committed types, in the checkout."""

_HEADER = "// Generated from docs/openapi.json by `make openapi`.\n"
_MAX_WIDTH = 120
_PRIMITIVES = {"string": "string", "number": "number", "integer": "number", "boolean": "boolean", "null": "null"}


def render_types(document: Json) -> str:
    """Return a declaration for each schema of an OpenAPI document."""
    return render_schemas(_HEADER, document["components"]["schemas"])


def render_schemas(header: str, schemas: Json) -> str:
    """Return a declaration for each schema, by its name."""
    return "\n".join([header, *(_declaration(name, schema) for name, schema in schemas.items())])


def _declaration(name: str, schema: Json) -> str:
    comment = "".join(_comment(schema, ""))
    if "properties" not in schema:
        return f"{comment}export type {name} =\n{_filled(_type(schema), '  ')};\n"
    required = schema.get("required", ())
    fields = [
        line
        for field, of in schema["properties"].items()
        for line in (*_comment(of, "  "), _field(field, of, is_required=field in required))
    ]
    return f"{comment}export interface {name} {{\n{''.join(fields)}}}\n"


def _field(name: str, schema: Json, *, is_required: bool) -> str:
    return _filled(f"{name}{'' if is_required else '?'}: {_type(schema)};", "  ", continuation="  ") + "\n"


def _comment(schema: Json, indent: str) -> Iterable[str]:
    if "description" not in schema:
        return
    yield _filled(f"/** {' '.join(schema['description'].split())} */", indent, continuation=" * ") + "\n"


def _filled(text: str, indent: str, continuation: str = "") -> str:
    return textwrap.fill(
        text,
        _MAX_WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + continuation,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _type(schema: Json) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return _union(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
    for combined in ("anyOf", "oneOf"):
        if combined in schema:
            return _union(_type(choice | _only_type(schema)) for choice in schema[combined])
    if schema.keys() <= {"description"}:
        return "any"
    kind = schema["type"]
    if isinstance(kind, list):
        return _union(_PRIMITIVES[each] for each in kind)
    if kind == "array":
        item = _type(schema["items"])
        return f"({item})[]" if " | " in item else f"{item}[]"
    if kind == "object":
        values = schema.get("additionalProperties", {})
        return f"Record<string, {'any' if values is True else _type(values)}>"
    return _PRIMITIVES[kind]


def _only_type(schema: Json) -> Json:
    """Return the type beside `anyOf`, which holds for each choice."""
    return {"type": schema["type"]} if "type" in schema else {}


def _union(types: Iterable[str]) -> str:
    return " | ".join(dict.fromkeys(types))
