"""Validates parameters, tools and cache markers of a parsed request.

Messages are the API's where they are known; each begins with the field.
"""

from local.stand_ins.claude import message_rules, schema_rules
from local.stand_ins.claude.errors import ApiError, invalid_request
from local.stand_ins.claude.models import MODELS, Model
from local.stand_ins.claude.request import CountTokensRequest, MessagesRequest, Tool

VERSION = "2026-10-21"
VERSIONS = ("2023-06-01", VERSION)
MAX_MARKERS = 4
MAX_STRICT_TOOLS = 20


def check(request: CountTokensRequest, version: str, betas: frozenset[str]) -> None:
    """Raise ApiError for the first fault that the API would reject."""
    model = MODELS.get(request.model)
    if model is None:
        raise ApiError(404, f"model: {request.model}")
    if isinstance(request, MessagesRequest):
        _check_parameters(request, version)
    _check_thinking(request, model)
    if request.output_config and request.output_config.format is not None:
        schema_rules.check_format(request.output_config.format)
    _check_tools(request, model)
    for index, text in enumerate(request.system):
        if not text.text:
            raise invalid_request(f"system.{index}: text content blocks must be non-empty")
    message_rules.check(request, betas)
    _check_markers(request)


def check_length(tokens: int, model: str) -> None:
    """Raise ApiError for a prompt that is longer than the model's context."""
    maximum = MODELS[model].max_input_tokens
    if tokens > maximum:
        raise invalid_request(f"prompt is too long: {tokens} tokens > {maximum} maximum")


def _check_parameters(request: MessagesRequest, version: str) -> None:
    for name in ("temperature", "top_p", "top_k"):
        if name in request.model_fields_set and version == VERSION:
            raise invalid_request(f"{name}: Extra inputs are not permitted")
    if request.max_tokens > 0:
        return
    # Writes the cache without generating output.
    if request.stream:
        raise invalid_request("max_tokens: 0 is not supported with `stream: true`")
    if request.thinking and request.thinking.type == "enabled":
        raise invalid_request("max_tokens: 0 is not supported with `thinking.type: enabled`")
    if request.output_config and request.output_config.format:
        raise invalid_request("max_tokens: 0 is not supported with `output_config.format`")
    if request.tool_choice and request.tool_choice.type in ("any", "tool"):
        raise invalid_request("max_tokens: 0 is not supported with a forced `tool_choice`")


def _check_thinking(request: CountTokensRequest, model: Model) -> None:
    thinking = request.thinking
    if thinking is None:
        return
    if thinking.type not in model.thinking:
        allowed = ", ".join(model.thinking)
        raise invalid_request(
            f"thinking.type: `{thinking.type}` is not supported for this model; use one of: {allowed}"
        )
    if thinking.type == "enabled" and thinking.budget_tokens is None:
        raise invalid_request("thinking.enabled.budget_tokens: Field required")
    effort = request.output_config.effort if request.output_config else None
    if thinking.type in ("disabled", "between_tools") and effort in ("xhigh", "max"):
        raise invalid_request(
            f"output_config.effort: `{effort}` is not supported with `thinking.type: {thinking.type}`"
        )


def _check_tools(request: CountTokensRequest, model: Model) -> None:
    names: set[str] = set()
    for index, tool in enumerate(request.tools):
        if tool.name in names:
            raise invalid_request("tools: Tool names must be unique.")
        names.add(tool.name)
        if tool.defer_loading and tool.cache_control:
            raise invalid_request(f"tools.{index}: a tool with `defer_loading: true` cannot have `cache_control`")
    if request.tools and all(tool.defer_loading for tool in request.tools):
        raise invalid_request("tools: At least one tool must have `defer_loading` set to false")
    _check_strict([tool for tool in request.tools if isinstance(tool, Tool) and tool.strict])
    choice = request.tool_choice
    if choice is None:
        return
    if not request.tools:
        raise invalid_request("tool_choice: `tool_choice` may only be specified while providing `tools`")
    if choice.type in ("any", "tool") and not model.forced_tools:
        raise invalid_request(f"tool_choice.type: `{choice.type}` is not supported for this model")
    if choice.type == "tool" and choice.name not in names:
        raise invalid_request(f"tool_choice.name: Tool '{choice.name}' not found in provided tools")


def _check_strict(tools: list[Tool]) -> None:
    if len(tools) > MAX_STRICT_TOOLS:
        raise invalid_request(f"tools: at most {MAX_STRICT_TOOLS} tools may have `strict: true`; found {len(tools)}")
    optional = unions = 0
    for tool in tools:
        schema = tool.input_schema.model_dump()
        for each in schema_rules.schemas(schema):
            if each.get("type") == "object" and each.get("additionalProperties") is not False:
                raise invalid_request(f"tools: '{tool.name}': for 'object' type, 'additionalProperties' must be false")
        optional += schema_rules.optional_parameters(schema)
        unions += schema_rules.unions(schema)
    most_optional, most_unions = schema_rules.MAX_OPTIONAL, schema_rules.MAX_UNIONS
    if optional > most_optional:
        raise invalid_request(
            f"tools: strict tools may have {most_optional} optional parameters together; found {optional}"
        )
    if unions > most_unions:
        raise invalid_request(f"tools: strict tools may have {most_unions} parameters of several types; found {unions}")


def _check_markers(request: CountTokensRequest) -> None:
    marked = [(place, block.cache_control) for place, block in request.cacheable_parts() if block.cache_control]
    found = len(marked) + (1 if _adds_marker(request) else 0)
    if found > MAX_MARKERS:
        raise invalid_request(f"A maximum of {MAX_MARKERS} blocks with cache_control may be provided. Found {found}.")
    if request.cache_control:
        marked.append(("cache_control", request.cache_control))
    has_short_ttl = False
    for place, control in marked:
        if control.ttl == "1h" and has_short_ttl:
            raise invalid_request(
                f"{place}.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. "
                "Note that blocks are processed in the following order: `tools`, `system`, `messages`."
            )
        has_short_ttl = has_short_ttl or control.ttl == "5m"


def _adds_marker(request: CountTokensRequest) -> bool:
    """Return whether the automatic marker is on a block without an explicit one."""
    if request.cache_control is None:
        return False
    _, last = list(request.cacheable_parts())[-1]
    if last.cache_control is None:
        return True
    if last.cache_control.ttl != request.cache_control.ttl:
        raise invalid_request("cache_control.ttl: the last block has a cache_control with another ttl")
    return False
