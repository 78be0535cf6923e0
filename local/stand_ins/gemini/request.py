"""Requests in proto3 JSON: names in camel case or as in the proto file, enums by name or number, no other fields."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.stand_ins.gemini.errors import ApiError, invalid_argument
from local.stand_ins.gemini.models import MAX_DIMENSIONS, MIN_DIMENSIONS

MAX_BATCH = 100
MAX_BYTES = 20 * 1024 * 1024

_TASK_TYPES = (
    "TASK_TYPE_UNSPECIFIED",
    "RETRIEVAL_QUERY",
    "RETRIEVAL_DOCUMENT",
    "SEMANTIC_SIMILARITY",
    "CLASSIFICATION",
    "CLUSTERING",
    "QUESTION_ANSWERING",
    "FACT_VERIFICATION",
    "CODE_RETRIEVAL_QUERY",
)
_OPTIONS = {"taskType": "task_type", "title": "title", "outputDimensionality": "output_dimensionality"}
_CONFIG = _OPTIONS | {"autoTruncate": "auto_truncate"}


@dataclass(frozen=True)
class EmbedRequest:
    """One text to embed."""

    text: str
    task_type: str
    dimensions: int


def parse_single(body: bytes, model: str) -> EmbedRequest:
    """Parse the body of `embedContent`. Raises ApiError."""
    fields = _parse_json(body)
    if isinstance(fields, dict):
        fields |= {"model": f"models/{model}"}  # that of the path replaces that of the body
    return _parse_request(fields, model, "", "EmbedContentRequest")


def parse_batch(body: bytes, model: str) -> list[EmbedRequest]:
    """Parse the body of `batchEmbedContents`. Raises ApiError."""
    fields = _fields(_parse_json(body), {"model": "model", "requests": "requests"}, "")
    requests = fields.get("requests", [])
    if not isinstance(requests, list):
        raise invalid_argument("Invalid value at 'requests' (type: LIST)")
    if not requests:
        raise invalid_argument("* BatchEmbedContentsRequest.requests: batch must not be empty\n")
    if len(requests) > MAX_BATCH:
        raise invalid_argument(
            f"* BatchEmbedContentsRequest.requests: at most {MAX_BATCH} requests can be in one batch\n"
        )
    return [
        _parse_request(each, model, f"requests[{number}]", f"BatchEmbedContentsRequest.requests[{number}]")
        for number, each in enumerate(requests)
    ]


def _parse_json(body: bytes) -> Any:
    if len(body) > MAX_BYTES:
        raise invalid_argument(f"Request payload size exceeds the limit: {MAX_BYTES} bytes.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise invalid_argument("Invalid JSON payload received. Unexpected token.") from None


def _fields(value: Any, names: Mapping[str, str], path: str) -> dict[str, Any]:
    """Return the fields of a message by their names in camel case, without those that are null."""
    if not isinstance(value, dict):
        raise invalid_argument(f"Invalid value at '{path or 'root'}' (type: MESSAGE)")
    by_name = {name: name for name in names} | {proto: name for name, proto in names.items()}
    for name in value:
        if name not in by_name:
            where = f" at '{path}'" if path else ""
            raise invalid_argument(f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.')
    return {by_name[name]: each for name, each in value.items() if each is not None}


def _parse_request(value: Any, model: str, path: str, message: str) -> EmbedRequest:
    names = {"model": "model", "content": "content", "embedContentConfig": "embed_content_config"} | _OPTIONS
    fields = _fields(value, names, path)
    named = fields.get("model", "")
    if not isinstance(named, str) or not named.startswith("models/"):
        raise invalid_argument(f"* {message}.model: unexpected model name format\n")
    if named != f"models/{model}":
        raise invalid_argument(f"* {message}.model: model must match the model of the request\n")
    prefix = f"{path}." if path else ""
    config = _fields(fields.get("embedContentConfig", {}), _CONFIG, f"{prefix}embed_content_config")
    options = fields | config
    return EmbedRequest(
        _parse_content(fields.get("content"), prefix, message),
        _parse_task_type(options.get("taskType", 0), prefix),
        _parse_dimensions(options.get("outputDimensionality"), prefix, message),
    )


def _parse_content(value: Any, prefix: str, message: str) -> str:
    if value is None:
        raise invalid_argument(f"* {message}.content: content is required\n")
    content = _fields(value, {"parts": "parts", "role": "role"}, f"{prefix}content")
    parts = content.get("parts", [])
    if not isinstance(parts, list):
        raise invalid_argument(f"Invalid value at '{prefix}content.parts' (type: LIST)")
    texts = [_parse_part(part, f"{prefix}content.parts[{number}]") for number, part in enumerate(parts)]
    if not texts or not all(texts):
        raise invalid_argument("* EmbedContentRequest.content contains an empty Part.\n")
    return "\n".join(texts)


def _parse_part(value: Any, path: str) -> str:
    kinds = {"text": "text", "inlineData": "inline_data", "fileData": "file_data"}
    part = _fields(value, kinds, path)
    if part.keys() - {"text"}:
        raise ApiError(400, "The stand-in embeds text only.")
    text = part.get("text", "")
    if not isinstance(text, str):
        raise invalid_argument(f"Invalid value at '{path}.text' (TYPE_STRING), {json.dumps(text)}")
    return text


def _parse_task_type(value: Any, prefix: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(_TASK_TYPES):
        return _TASK_TYPES[value]
    if value in _TASK_TYPES:
        return str(value)
    enum = "type.googleapis.com/google.ai.generativelanguage.v1beta.TaskType"
    raise invalid_argument(f"Invalid value at '{prefix}task_type' ({enum}), {json.dumps(value)}")


def _parse_dimensions(value: Any, prefix: str, message: str) -> int:
    if value is None:
        return MAX_DIMENSIONS
    # A 32-bit integer may be a string, or a number with a zero fraction.
    try:
        number = float(value)
        is_integer = number.is_integer() and not isinstance(value, bool)
    except (TypeError, ValueError, OverflowError):
        is_integer = False
    if not is_integer:
        raise invalid_argument(f"Invalid value at '{prefix}output_dimensionality' (TYPE_INT32), {json.dumps(value)}")
    if not MIN_DIMENSIONS <= number <= MAX_DIMENSIONS:
        raise invalid_argument(
            f"* {message}.output_dimensionality: must be between {MIN_DIMENSIONS} and {MAX_DIMENSIONS}\n"
        )
    return int(number)
