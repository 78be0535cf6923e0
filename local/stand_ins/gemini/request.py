"""Requests to embed texts."""

from dataclasses import dataclass
from typing import Any

from local.stand_ins.gemini.errors import ApiError, invalid_argument
from local.stand_ins.gemini.models import MAX_DIMENSIONS, MIN_DIMENSIONS
from local.stand_ins.gemini.proto_json import (
    message_fields,
    parse_enum,
    parse_integer,
    parse_json,
    parse_list,
    parse_string,
)

MAX_BATCH = 100

_TASK_TYPES = dict(
    enumerate(
        (
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
    )
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
    fields = parse_json(body)
    if isinstance(fields, dict):
        fields |= {"model": f"models/{model}"}  # that of the path replaces that of the body
    return _parse_request(fields, model, "", "EmbedContentRequest")


def parse_batch(body: bytes, model: str) -> list[EmbedRequest]:
    """Parse the body of `batchEmbedContents`. Raises ApiError."""
    fields = message_fields(parse_json(body), {"model": "model", "requests": "requests"}, "")
    requests = parse_list(fields.get("requests", []), "requests")
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


def _parse_request(value: Any, model: str, path: str, message: str) -> EmbedRequest:
    names = {"model": "model", "content": "content", "embedContentConfig": "embed_content_config"} | _OPTIONS
    fields = message_fields(value, names, path)
    named = fields.get("model", "")
    if not isinstance(named, str) or not named.startswith("models/"):
        raise invalid_argument(f"* {message}.model: unexpected model name format\n")
    if named != f"models/{model}":
        raise invalid_argument(f"* {message}.model: model must match the model of the request\n")
    prefix = f"{path}." if path else ""
    config = message_fields(fields.get("embedContentConfig", {}), _CONFIG, f"{prefix}embed_content_config")
    options = fields | config
    return EmbedRequest(
        _parse_content(fields.get("content"), prefix, message),
        parse_enum(options.get("taskType", 0), _TASK_TYPES, "TaskType", f"{prefix}task_type"),
        _parse_dimensions(options.get("outputDimensionality"), prefix, message),
    )


def _parse_content(value: Any, prefix: str, message: str) -> str:
    if value is None:
        raise invalid_argument(f"* {message}.content: content is required\n")
    content = message_fields(value, {"parts": "parts", "role": "role"}, f"{prefix}content")
    parts = parse_list(content.get("parts", []), f"{prefix}content.parts")
    texts = [_parse_part(part, f"{prefix}content.parts[{number}]") for number, part in enumerate(parts)]
    if not texts or not all(texts):
        raise invalid_argument("* EmbedContentRequest.content contains an empty Part.\n")
    return "\n".join(texts)


def _parse_part(value: Any, path: str) -> str:
    kinds = {"text": "text", "inlineData": "inline_data", "fileData": "file_data"}
    part = message_fields(value, kinds, path)
    if part.keys() - {"text"}:
        raise ApiError(400, "The stand-in embeds text only.")
    return parse_string(part.get("text", ""), f"{path}.text")


def _parse_dimensions(value: Any, prefix: str, message: str) -> int:
    if value is None:
        return MAX_DIMENSIONS
    number = parse_integer(value, f"{prefix}output_dimensionality")
    if not MIN_DIMENSIONS <= number <= MAX_DIMENSIONS:
        raise invalid_argument(
            f"* {message}.output_dimensionality: must be between {MIN_DIMENSIONS} and {MAX_DIMENSIONS}\n"
        )
    return number
