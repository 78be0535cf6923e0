"""Requests to generate content, and what the service refuses of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.stand_ins.gemini.errors import ApiError, invalid_argument
from local.stand_ins.gemini.models import MODELS
from local.stand_ins.gemini.proto_json import (
    message_fields,
    parse_enum,
    parse_integer,
    parse_json,
    parse_list,
    parse_string,
)

_MESSAGE = "GenerateContentRequest"

_FIELDS = {
    "model": "model", "contents": "contents", "systemInstruction": "system_instruction",
    "safetySettings": "safety_settings", "generationConfig": "generation_config", "cachedContent": "cached_content",
    "tools": "tools", "toolConfig": "tool_config",
}  # fmt: skip
_PARTS = {
    "text": "text", "inlineData": "inline_data", "fileData": "file_data", "functionCall": "function_call",
    "functionResponse": "function_response", "executableCode": "executable_code", "thought": "thought",
    "codeExecutionResult": "code_execution_result", "thoughtSignature": "thought_signature",
}  # fmt: skip
_CONFIG = {
    "candidateCount": "candidate_count", "stopSequences": "stop_sequences", "maxOutputTokens": "max_output_tokens",
    "temperature": "temperature", "topP": "top_p", "topK": "top_k", "seed": "seed",
    "responseMimeType": "response_mime_type", "responseSchema": "response_schema",
    "responseJsonSchema": "response_json_schema", "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty", "responseLogprobs": "response_logprobs", "logprobs": "logprobs",
    "thinkingConfig": "thinking_config",
}  # fmt: skip
_SCHEMA = {
    "type": "type", "format": "format", "title": "title", "description": "description", "nullable": "nullable",
    "enum": "enum", "items": "items", "maxItems": "max_items", "minItems": "min_items", "properties": "properties",
    "required": "required", "minProperties": "min_properties", "maxProperties": "max_properties",
    "minLength": "min_length", "maxLength": "max_length", "pattern": "pattern", "example": "example",
    "anyOf": "any_of", "propertyOrdering": "property_ordering", "default": "default", "minimum": "minimum",
    "maximum": "maximum",
}  # fmt: skip

_TYPES = dict(enumerate(("TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL")))
_CATEGORIES = {
    7: "HARM_CATEGORY_HARASSMENT",
    8: "HARM_CATEGORY_HATE_SPEECH",
    9: "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    10: "HARM_CATEGORY_DANGEROUS_CONTENT",
    11: "HARM_CATEGORY_CIVIC_INTEGRITY",
}
_OTHER_CATEGORIES = {
    0: "HARM_CATEGORY_UNSPECIFIED",
    1: "HARM_CATEGORY_DEROGATORY",
    2: "HARM_CATEGORY_TOXICITY",
    3: "HARM_CATEGORY_VIOLENCE",
    4: "HARM_CATEGORY_SEXUAL",
    5: "HARM_CATEGORY_MEDICAL",
    6: "HARM_CATEGORY_DANGEROUS",
}
_THRESHOLDS = dict(
    enumerate(
        (
            "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
            "BLOCK_LOW_AND_ABOVE",
            "BLOCK_MEDIUM_AND_ABOVE",
            "BLOCK_ONLY_HIGH",
            "BLOCK_NONE",
            "OFF",
        )
    )
)
_MIME_TYPES = ("text/plain", "application/json", "text/x-enum")


@dataclass(frozen=True)
class GenerateRequest:
    """What the stand-in reads of a request. `text` is that of the last turn, `enums` are those of the schema."""

    text: str
    instruction: str
    enums: Mapping[str, list[str]]
    max_output_tokens: int
    safety: Mapping[str, str]


def parse_generate(body: bytes, name: str) -> GenerateRequest:
    """Parse the body of `generateContent` for the model of this name. Raises ApiError."""
    fields = message_fields(parse_json(body), _FIELDS, "")
    if fields.keys() & {"tools", "toolConfig", "cachedContent"}:
        raise ApiError(400, "The stand-in has neither tools nor cached content.")
    contents = parse_list(fields.get("contents", []), "contents")
    if not contents:
        raise invalid_argument(f"* {_MESSAGE}.contents: contents is not specified\n")
    turns = [_parse_content(each, f"contents[{number}]") for number, each in enumerate(contents)]
    if any(role not in {"", "user", "model"} for role, _ in turns):
        raise invalid_argument("Please use a valid role: user, model.")
    if turns[-1][0] == "model":
        raise invalid_argument("Please ensure that multiturn requests end with a user role or a function response.")
    instruction = ""
    if "systemInstruction" in fields:
        _, instruction = _parse_content(fields["systemInstruction"], "system_instruction")
    enums, max_output_tokens = _parse_config(fields.get("generationConfig", {}), name)
    safety = _parse_safety(fields.get("safetySettings", []))
    return GenerateRequest(turns[-1][1], instruction, enums, max_output_tokens, safety)


def _parse_content(value: Any, path: str) -> tuple[str, str]:
    """Return the role and the text of a turn."""
    content = message_fields(value, {"parts": "parts", "role": "role"}, path)
    parts = parse_list(content.get("parts", []), f"{path}.parts")
    if not parts:
        raise invalid_argument(f"* {_MESSAGE}.{path}.parts: contents.parts must not be empty.\n")
    texts = []
    for number, each in enumerate(parts):
        place = f"{path}.parts[{number}]"
        part = message_fields(each, _PARTS, place)
        if part.keys() - {"text", "thought", "thoughtSignature"}:
            raise ApiError(400, "The stand-in reads text only.")
        if "text" not in part:
            raise invalid_argument(
                f"* {_MESSAGE}.{place}.data: required oneof field 'data' must have one initialized field\n"
            )
        texts.append(parse_string(part["text"], f"{place}.text"))
    return parse_string(content.get("role", ""), f"{path}.role"), "\n".join(texts)


def _parse_safety(value: Any) -> dict[str, str]:
    """Return the thresholds by category."""
    safety: dict[str, str] = {}
    for number, each in enumerate(parse_list(value, "safety_settings")):
        path = f"safety_settings[{number}]"
        setting = message_fields(each, {"category": "category", "threshold": "threshold"}, path)
        category = parse_enum(
            setting.get("category", 0), _CATEGORIES | _OTHER_CATEGORIES, "HarmCategory", f"{path}.category"
        )
        if category not in _CATEGORIES.values():
            allowed = ", ".join(f"HarmCategory.{name}" for name in _CATEGORIES.values())
            raise invalid_argument(f"* {_MESSAGE}.{path}: element predicate failed: $.category in ({allowed})\n")
        if category in safety:
            raise invalid_argument(f"* {_MESSAGE}.safety_settings: duplicate settings for {category}\n")
        safety[category] = parse_enum(
            setting.get("threshold", 0), _THRESHOLDS, "SafetySetting.HarmBlockThreshold", f"{path}.threshold"
        )
    return safety


def _parse_config(value: Any, name: str) -> tuple[dict[str, list[str]], int]:
    """Return the enums of the response's schema by property, and the most tokens of a reply."""
    prefix = "generation_config"
    config = message_fields(value, _CONFIG, prefix)
    model = MODELS.get(name)
    if model and "generateContent" not in model.methods:
        model = None  # 404, once the request is parsed
    limit = model.output_token_limit if model else 1
    if parse_integer(config.get("candidateCount", 1), f"{prefix}.candidate_count") != 1:
        raise invalid_argument("Only one candidate can be specified in the current model")
    max_output_tokens = parse_integer(config.get("maxOutputTokens", limit), f"{prefix}.max_output_tokens")
    if model and not 1 <= max_output_tokens <= limit:
        raise invalid_argument(
            f"Unable to submit request because it has a maxOutputTokens value of {max_output_tokens} but the supported "
            f"range is from 1 (inclusive) to {limit + 1} (exclusive). Update the value and try again."
        )
    if model and config.keys() & {"presencePenalty", "frequencyPenalty"} and not model.accepts_penalties:
        raise invalid_argument(f"Penalty is not enabled for models/{name}")
    temperature = config.get("temperature", 1)
    if isinstance(temperature, bool) or not isinstance(temperature, int | float) or not 0 <= temperature <= 2:
        raise invalid_argument(f"* {_MESSAGE}.{prefix}.temperature: temperature must be in the range [0.0, 2.0].\n")
    mime_type = config.get("responseMimeType", "text/plain")
    if mime_type not in _MIME_TYPES:
        raise invalid_argument(
            f"* {_MESSAGE}.{prefix}.response_mime_type: allowed mimetypes are `text/plain`, `application/json`, "
            "`application/xml`, `application/yaml` and `text/x-enum`.\n"
        )
    if "responseSchema" not in config:
        return {}, max_output_tokens
    if mime_type == "text/plain":
        raise invalid_argument(
            f"* {_MESSAGE}.{prefix}.response_schema: only allowed when response_mime_type is 'application/json' or "
            "'text/x-enum'\n"
        )
    properties = _parse_schema(config["responseSchema"], f"{prefix}.response_schema")
    return {key: list(each.get("enum", [])) for key, each in properties.items()}, max_output_tokens


def _parse_schema(value: Any, path: str) -> dict[str, dict[str, Any]]:
    """Check a schema and those in it; return its properties."""
    schema = message_fields(value, _SCHEMA, path)
    kind = parse_enum(schema.get("type", 0), _TYPES, "Type", f"{path}.type")
    if kind == "TYPE_UNSPECIFIED" and "anyOf" not in schema:
        raise _schema_error(path, "type", "must be specified")
    if "enum" in schema and kind != "STRING":
        raise _schema_error(path, "enum", "only allowed for STRING type")
    values = parse_list(schema.get("enum", []), f"{path}.enum")
    if not all(parse_string(each, f"{path}.enum[{number}]") for number, each in enumerate(values)):
        raise _schema_error(path, "enum", "cannot be empty")
    if kind == "ARRAY":
        if "items" not in schema:
            raise _schema_error(path, "items", "missing field.")
        _parse_schema(schema["items"], f"{path}.items")
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        raise invalid_argument(f"Invalid value at '{path}.properties' (type: MAP)")
    if kind == "OBJECT" and not properties:
        raise _schema_error(path, "properties", "should be non-empty for OBJECT type")
    if kind != "OBJECT" and properties:
        raise _schema_error(path, "properties", "only allowed for OBJECT type")
    for name in properties:
        _parse_schema(properties[name], f"{path}.properties[{name}]")
    for number, name in enumerate(parse_list(schema.get("required", []), f"{path}.required")):
        if name not in properties:
            raise _schema_error(path, f"required[{number}]", f"property is not defined: {json.dumps(name)}")
    return properties


def _schema_error(path: str, field: str, problem: str) -> ApiError:
    return invalid_argument(f"* {_MESSAGE}.{path}.{field}: {problem}\n")
