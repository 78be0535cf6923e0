"""Models of the requests to `POST /v1/messages` and `POST /v1/messages/count_tokens`.

Anthropic's own validation errors have pydantic's format, so pydantic's messages are used unchanged.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationError

from local.stand_ins.claude.errors import invalid_request


class _StrictModel(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class CacheControl(_StrictModel):
    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] = "5m"


class Cacheable(_StrictModel):
    """A part of the prompt that can have a cache marker."""

    cache_control: CacheControl | None = None


class Text(Cacheable):
    type: Literal["text"]
    text: str
    citations: list[Any] | None = None


class ToolReference(_StrictModel):
    type: Literal["tool_reference"]
    tool_name: str


def _as_blocks(value: Any) -> Any:
    """Convert a string to a list of one text block."""
    return [{"type": "text", "text": value}] if isinstance(value, str) else value


def _as_result(value: Any) -> Any:
    return [] if value == "" else _as_blocks(value)


class ToolUse(Cacheable):
    type: Literal["tool_use"]
    id: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]+$")]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    input: dict[str, Any]
    caller: dict[str, Any] | None = None


class ToolResult(Cacheable):
    type: Literal["tool_result"]
    tool_use_id: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]+$")]
    content: Annotated[
        list[Annotated[Text | ToolReference, Field(discriminator="type")]], BeforeValidator(_as_result)
    ] = []
    is_error: bool | None = None


class ServerToolUse(Cacheable):
    type: Literal["server_tool_use"]
    id: Annotated[str, Field(pattern=r"^srvtoolu_[a-zA-Z0-9_]+$")]
    name: Literal["tool_search_tool_bm25", "tool_search_tool_regex"]
    input: dict[str, Any]
    caller: dict[str, Any] | None = None


class SearchSuccess(_StrictModel):
    type: Literal["tool_search_tool_search_result"]
    tool_references: list[ToolReference]


class SearchFailure(_StrictModel):
    type: Literal["tool_search_tool_result_error"]
    error_code: str
    error_message: str | None = None


class SearchResult(Cacheable):
    type: Literal["tool_search_tool_result"]
    tool_use_id: str
    content: Annotated[SearchSuccess | SearchFailure, Field(discriminator="type")]


class Thinking(_StrictModel):
    type: Literal["thinking"]
    thinking: str
    signature: str


class RedactedThinking(_StrictModel):
    type: Literal["redacted_thinking"]
    data: str


class InputSchema(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)

    type: Literal["object"]


class Tool(Cacheable):
    """A client tool."""

    type: Literal["custom"] | None = None
    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,128}$")]
    description: str | None = None
    input_schema: InputSchema
    strict: bool | None = None
    defer_loading: bool | None = None
    eager_input_streaming: bool | None = None
    input_examples: list[dict[str, Any]] | None = None
    allowed_callers: list[str] | None = None


class _SearchTool(Cacheable):
    strict: bool | None = None
    defer_loading: bool | None = None
    allowed_callers: list[str] | None = None


class Bm25SearchTool(_SearchTool):
    type: Literal["tool_search_tool_bm25_20251119", "tool_search_tool_bm25"]
    name: Literal["tool_search_tool_bm25"]


class RegexSearchTool(_SearchTool):
    type: Literal["tool_search_tool_regex_20251119", "tool_search_tool_regex"]
    name: Literal["tool_search_tool_regex"]


def _kind(value: Any) -> str | None:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    match kind:
        case None:
            return "custom"
        case str():
            return kind.removesuffix("_20251119")
    return None


AnyTool = Annotated[
    Annotated[Tool, Tag("custom")]
    | Annotated[Bm25SearchTool, Tag("tool_search_tool_bm25")]
    | Annotated[RegexSearchTool, Tag("tool_search_tool_regex")],
    Discriminator(_kind),
]


class ToolByName(_StrictModel):
    type: Literal["tool_reference"]
    name: str


class ToolByValue(_StrictModel):
    type: Literal["tool_definition"]
    definition: Tool


class ToolAddition(Cacheable):
    type: Literal["tool_addition"]
    tool: Annotated[ToolByName | ToolByValue, Field(discriminator="type")]


class ToolRemoval(Cacheable):
    type: Literal["tool_removal"]
    tool: ToolByName


Block = Annotated[
    Text
    | ToolUse
    | ToolResult
    | ServerToolUse
    | SearchResult
    | Thinking
    | RedactedThinking
    | ToolAddition
    | ToolRemoval,
    Field(discriminator="type"),
]


class Message(_StrictModel):
    role: Literal["user", "assistant", "system"]
    content: Annotated[list[Block], BeforeValidator(_as_blocks)]


class ToolChoice(_StrictModel):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool = False


class ThinkingConfig(_StrictModel):
    type: Literal["adaptive", "enabled", "disabled", "between_tools"]
    budget_tokens: Annotated[int, Field(ge=1024)] | None = None
    display: Literal["summarized", "omitted"] | None = None


class OutputConfig(_StrictModel):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: dict[str, Any] | None = None


class Metadata(_StrictModel):
    user_id: str | None = None


class CountTokensRequest(_StrictModel):
    """A request to `POST /v1/messages/count_tokens`."""

    model: str
    messages: list[Message]
    cache_control: CacheControl | None = None
    output_config: OutputConfig | None = None
    speed: Literal["standard", "fast"] | None = None
    system: Annotated[list[Text], BeforeValidator(_as_blocks)] = []
    thinking: ThinkingConfig | None = None
    tool_choice: ToolChoice | None = None
    tools: list[AnyTool] = []

    def cacheable_parts(self) -> Iterator[tuple[str, Cacheable]]:
        """Yield the parts that can have a cache marker, with their paths, in the order of the prompt."""
        for index, tool in enumerate(self.tools):
            yield f"tools.{index}", tool
        for index, text in enumerate(self.system):
            yield f"system.{index}", text
        for index, message in enumerate(self.messages):
            for place, block in enumerate(message.content):
                if isinstance(block, Cacheable):
                    yield f"messages.{index}.content.{place}", block


class MessagesRequest(CountTokensRequest):
    """A request to `POST /v1/messages`."""

    max_tokens: Annotated[int, Field(ge=0)]
    container: str | None = None
    diagnostics: dict[str, Any] | None = None
    inference_geo: str | None = None
    metadata: Metadata = Metadata()
    service_tier: Literal["auto", "standard_only"] | None = None
    stop_sequences: list[str] = []
    stream: bool = False
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    user_profile_id: str | None = None


def parse(body: bytes, model: type[CountTokensRequest]) -> CountTokensRequest:
    """Parse a request. Raises ApiError 400 that names the first invalid field."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise invalid_request(f"The request body is not valid JSON: {first['msg']}") from None
        raise invalid_request(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from None
