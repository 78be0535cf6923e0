"""The shape of a request: what `POST /v1/messages` takes, field by field.

Anthropic's own errors come from shapes like these, so pydantic's words and places serve as they are.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationError

from local.stand_ins.claude.errors import invalid


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class CacheControl(_Part):
    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] = "5m"


class Marked(_Part):
    """Anything that can end a cached prefix."""

    cache_control: CacheControl | None = None


class Text(Marked):
    type: Literal["text"]
    text: str
    citations: list[Any] | None = None


class FoundTool(_Part):
    type: Literal["tool_reference"]
    tool_name: str


def _as_blocks(value: Any) -> Any:
    """A string stands for one block of text."""
    return [{"type": "text", "text": value}] if isinstance(value, str) else value


def _as_result(value: Any) -> Any:
    return [] if value == "" else _as_blocks(value)


class ToolUse(Marked):
    type: Literal["tool_use"]
    id: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]+$")]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    input: dict[str, Any]
    caller: dict[str, Any] | None = None


class ToolResult(Marked):
    type: Literal["tool_result"]
    tool_use_id: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]+$")]
    content: Annotated[list[Annotated[Text | FoundTool, Field(discriminator="type")]], BeforeValidator(_as_result)] = []
    is_error: bool | None = None


class ServerToolUse(Marked):
    type: Literal["server_tool_use"]
    id: Annotated[str, Field(pattern=r"^srvtoolu_[a-zA-Z0-9_]+$")]
    name: Literal["tool_search_tool_bm25", "tool_search_tool_regex"]
    input: dict[str, Any]
    caller: dict[str, Any] | None = None


class SearchFound(_Part):
    type: Literal["tool_search_tool_search_result"]
    tool_references: list[FoundTool]


class SearchFailed(_Part):
    type: Literal["tool_search_tool_result_error"]
    error_code: str
    error_message: str | None = None


class SearchResult(Marked):
    type: Literal["tool_search_tool_result"]
    tool_use_id: str
    content: Annotated[SearchFound | SearchFailed, Field(discriminator="type")]


class Thinking(_Part):
    type: Literal["thinking"]
    thinking: str
    signature: str


class RedactedThinking(_Part):
    type: Literal["redacted_thinking"]
    data: str


class InputSchema(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)

    type: Literal["object"]


class Tool(Marked):
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


class _SearchTool(Marked):
    strict: bool | None = None
    defer_loading: bool | None = None
    allowed_callers: list[str] | None = None


class Bm25Search(_SearchTool):
    type: Literal["tool_search_tool_bm25_20251119", "tool_search_tool_bm25"]
    name: Literal["tool_search_tool_bm25"]


class RegexSearch(_SearchTool):
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
    | Annotated[Bm25Search, Tag("tool_search_tool_bm25")]
    | Annotated[RegexSearch, Tag("tool_search_tool_regex")],
    Discriminator(_kind),
]


class ToolByName(_Part):
    type: Literal["tool_reference"]
    name: str


class ToolByValue(_Part):
    type: Literal["tool_definition"]
    definition: Tool


class ToolAddition(Marked):
    type: Literal["tool_addition"]
    tool: Annotated[ToolByName | ToolByValue, Field(discriminator="type")]


class ToolRemoval(Marked):
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


class Message(_Part):
    role: Literal["user", "assistant", "system"]
    content: Annotated[list[Block], BeforeValidator(_as_blocks)]


class ToolChoice(_Part):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool = False


class ThinkingConfig(_Part):
    type: Literal["adaptive", "enabled", "disabled", "between_tools"]
    budget_tokens: Annotated[int, Field(ge=1024)] | None = None
    display: Literal["summarized", "omitted"] | None = None


class OutputConfig(_Part):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: dict[str, Any] | None = None


class Metadata(_Part):
    user_id: str | None = None


class Countable(_Part):
    """What `POST /v1/messages/count_tokens` takes."""

    model: str
    messages: list[Message]
    cache_control: CacheControl | None = None
    output_config: OutputConfig | None = None
    speed: Literal["standard", "fast"] | None = None
    system: Annotated[list[Text], BeforeValidator(_as_blocks)] = []
    thinking: ThinkingConfig | None = None
    tool_choice: ToolChoice | None = None
    tools: list[AnyTool] = []

    def markers(self) -> Iterator[tuple[str, Marked]]:
        """The blocks that may be marked, with their places, in the order of the prompt."""
        for index, tool in enumerate(self.tools):
            yield f"tools.{index}", tool
        for index, text in enumerate(self.system):
            yield f"system.{index}", text
        for index, message in enumerate(self.messages):
            for place, block in enumerate(message.content):
                if isinstance(block, Marked):
                    yield f"messages.{index}.content.{place}", block


class Request(Countable):
    """What `POST /v1/messages` takes."""

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


def parse(body: bytes, shape: type[Countable]) -> Countable:
    """The request in the body. Raises `ApiError` 400 that names the first field that is wrong."""
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise invalid(f"The request body is not valid JSON: {first['msg']}") from None
        raise invalid(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from None
