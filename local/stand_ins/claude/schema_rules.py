"""Validates JSON schemas: of strict tools, and of the format of a reply. Both support a part of JSON Schema only.

https://platform.claude.com/docs/en/build-with-claude/structured-outputs, by the SDK's own conversion
(`anthropic.lib._parse._transform`) and by the errors that users report.
"""

from collections.abc import Iterator
from typing import Any

from local.stand_ins.claude.errors import invalid_request

MAX_OPTIONAL = 24
MAX_UNIONS = 16

_FORMAT = "output_config.format"

_TYPES = {"object", "array", "string", "integer", "number", "boolean", "null"}
_STRING_FORMATS = {
    "date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid",
}  # fmt: skip
_ANY_TYPE = {
    "type", "description", "title", "default", "enum", "const", "anyOf", "allOf", "$ref", "$defs", "definitions",
}  # fmt: skip
_BY_TYPE = {
    "object": {"properties", "required", "additionalProperties"},
    "array": {"items", "minItems"},
    "string": {"format", "pattern"},
}
"""Keywords of each type, beside those that all have."""


def check_format(value: dict[str, Any]) -> None:
    """Raise ApiError for an `output_config.format` that the API would reject."""
    if value.get("type") != "json_schema":
        raise invalid_request(f"{_FORMAT}.type: Input should be 'json_schema'")
    schema = value.get("schema")
    if not isinstance(schema, dict):
        raise invalid_request(f"{_FORMAT}.schema: Field required")
    for unknown in value.keys() - {"type", "schema"}:
        raise invalid_request(f"{_FORMAT}.{unknown}: Extra inputs are not permitted")
    _check(schema, schema, ())
    if optional_parameters(schema) > MAX_OPTIONAL:
        raise invalid_request(f"{_FORMAT}.schema: at most {MAX_OPTIONAL} optional parameters are supported")
    if unions(schema) > MAX_UNIONS:
        raise invalid_request(f"{_FORMAT}.schema: at most {MAX_UNIONS} parameters of several types are supported")


def schemas(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield a schema and all schemas within it."""
    if not isinstance(schema, dict):
        return
    yield schema
    definitions = {**schema.get("$defs", {}), **schema.get("definitions", {})}
    for each in (
        *schema.get("properties", {}).values(),
        *schema.get("anyOf", []),
        *schema.get("allOf", []),
        *definitions.values(),
        schema.get("items"),
    ):
        yield from schemas(each)


def optional_parameters(schema: Any) -> int:
    """Return how many properties aren't required."""
    return sum(len(set(each.get("properties", {})) - set(each.get("required", []))) for each in schemas(schema))


def unions(schema: Any) -> int:
    """Return how many parameters have several types."""
    return sum("anyOf" in each or isinstance(each.get("type"), list) for each in schemas(schema))


def _check(schema: Any, root: dict[str, Any], path: tuple[str, ...]) -> None:
    """Raise ApiError for the first fault; `path` are the references that lead here."""
    if not isinstance(schema, dict):
        raise _invalid("a schema must be an object")
    if "$ref" in schema:
        reference = str(schema["$ref"])
        if reference in path:
            raise _invalid("recursive schemas are not supported")
        _check(_definition(reference, root), root, (*path, reference))
        return
    types = schema.get("type")
    names = types if isinstance(types, list) else [] if types is None else [types]
    if schema and not names and not schema.keys() & {"anyOf", "allOf", "enum", "const"}:
        raise _invalid("a schema must have a 'type', 'anyOf', 'allOf', 'enum' or 'const'")
    for name in names:
        if name not in _TYPES:
            raise _invalid(f"unknown type {name!r}")
    _check_keywords(schema, names)
    for inner in (*schema.get("properties", {}).values(), *schema.get("anyOf", []), *schema.get("allOf", [])):
        _check(inner, root, path)
    if "items" in schema:
        _check(schema["items"], root, path)


def _check_keywords(schema: dict[str, Any], names: list[str]) -> None:
    kind = next((name for name in names if name != "null"), "null")
    allowed = _ANY_TYPE.union(*(_BY_TYPE.get(name, set()) for name in names))
    unsupported = sorted(schema.keys() - allowed)
    if unsupported:
        raise _invalid(f"For '{kind}' type, properties {', '.join(unsupported)} are not supported")
    if "object" in names and schema.get("additionalProperties") is not False:
        raise _invalid("For 'object' type, 'additionalProperties' must be explicitly set to false")
    if schema.get("minItems", 0) not in (0, 1):
        raise _invalid("For 'array' type, 'minItems' values other than 0 or 1 are not supported")
    if "format" in schema and schema["format"] not in _STRING_FORMATS:
        raise _invalid(f"For 'string' type, format {schema['format']!r} is not supported")
    if not all(value is None or isinstance(value, str | int | float) for value in schema.get("enum", [])):
        raise _invalid("enum values must be strings, numbers, booleans or null")


def _definition(reference: str, root: dict[str, Any]) -> Any:
    kind, _, name = reference.removeprefix("#/").partition("/")
    found = root.get(kind, {}).get(name) if reference.startswith("#/") else None
    if found is None or kind not in ("$defs", "definitions"):
        raise _invalid(f"the reference {reference!r} can't be resolved")
    return found


def _invalid(message: str) -> Exception:
    return invalid_request(f"{_FORMAT}.schema: {message}")
