"""JSON schemas of what routes take (pydantic models) and of what they answer (dataclasses)."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

Json = dict[str, Any]

REF = "#/components/schemas/{model}"


def ref(kind: type) -> Json:
    """Return the reference to a type's schema among the components."""
    return {"$ref": REF.format(model=kind.__name__)}


def input_schemas(models: Iterable[type]) -> Json:
    """Return the schemas of models that are sent to PAM, and of all that they are made of, by name."""
    return _components(models, _InputSchemas)


def answer_schemas(kinds: Iterable[type]) -> Json:
    """Return the schemas of what PAM answers, and of all that it is made of, by name."""
    return _components(kinds, _AnswerSchemas)


def query_schema(model: type[BaseModel]) -> Json:
    """Return the schema of a query string."""
    schema: Json = _without_titles(model.model_json_schema(schema_generator=_InputSchemas, ref_template=REF))
    return schema


class _InputSchemas(GenerateJsonSchema):
    """JSON schemas in which exact numbers are JSON's."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        bounds = {"minimum": schema.get("ge"), "maximum": schema.get("le")}
        return {"type": "number"} | {name: int(bound) for name, bound in bounds.items() if bound is not None}


class _AnswerSchemas(_InputSchemas):
    """JSON schemas of what `pam.answers.json_values.to_json` makes of a dataclass.

    Its fields are there always and no others are; one that is None by default is left out where it is None.
    """

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        return super().dataclass_schema(schema) | {"additionalProperties": False}

    def field_is_required(self, field: Any, total: bool) -> bool:  # noqa: ARG002  pydantic's signature
        return not _is_optional(field["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        inner: Any = schema["schema"]
        omits_null = _is_optional(schema) and inner["type"] == "nullable"
        return self.generate_inner(inner["schema"] if omits_null else inner)


def _is_optional(schema: Any) -> bool:
    return schema["type"] == "default" and schema.get("default", ...) is None


def _components(kinds: Iterable[type], generator: type[GenerateJsonSchema]) -> Json:
    mode: JsonSchemaMode = "validation"
    adapters = [(kind, mode, TypeAdapter[Any](kind)) for kind in dict.fromkeys(kinds)]
    _, whole = TypeAdapter.json_schemas(adapters, schema_generator=generator, ref_template=REF)
    return {name: _without_titles(schema) for name, schema in whole["$defs"].items()}


def _without_titles(schema: Any) -> Any:
    """Remove titles, and defaults that mean no more than that a field may be left out."""
    if isinstance(schema, list):
        return [_without_titles(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {field: _without_titles(part) for field, part in value.items()}
        if name == "properties"
        else _without_titles(value)
        for name, value in schema.items()
        if not (name == "title" and isinstance(value, str)) and not (name == "default" and value in (None, ""))
    }
