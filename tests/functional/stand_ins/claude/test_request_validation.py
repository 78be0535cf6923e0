"""Requests that the API rejects are rejected: one case for each rule, with the start of the message."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from local.stand_ins.claude.app import MAX_BYTES
from local.stand_ins.claude.message_rules import INLINE_TOOLS, TOOL_CHANGES
from local.stand_ins.claude.server import CLAUDE_KEY
from pam.memory.summary_reply import SCHEMA as SUMMARY_SCHEMA
from tests.functional.stand_ins.claude.conftest import TOOL, ClaudeClient

Body = Callable[..., dict[str, Any]]

FIVE = {"cache_control": {"type": "ephemeral"}}
HOUR = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
DEFERRED = TOOL | {"name": "hidden", "defer_loading": True}
ADDITION = {"type": "tool_addition", "tool": {"type": "tool_reference", "name": "hidden"}}
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "tool_search_tool_bm25", "input": {"query": "rain"}}
FOUND = {
    "type": "tool_search_tool_result",
    "tool_use_id": "srvtoolu_1",
    "content": {"type": "tool_search_tool_search_result", "tool_references": []},
}
THOUGHT = {"type": "thinking", "thinking": "Rain?", "signature": "EqoB"}
BY_VALUE = {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": TOOL | {"name": "inline"}}}


def text(words: str = "Hello.", marker: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "text", "text": words} | (marker or {})


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def system(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "system", "content": list(blocks)}


def call(number: int = 1, name: str = "get_weather_forecast") -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": {"place": "Moab"}}


def result(number: int = 1) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": "sunny"}


def strict(count: int, **schema: Any) -> list[dict[str, Any]]:
    given = {"type": "object", "properties": {}, "additionalProperties": False} | schema
    return [TOOL | {"name": f"tool_{number}", "strict": True, "input_schema": given} for number in range(count)]


def optional(count: int, kind: Any = "string") -> dict[str, Any]:
    return {"properties": {f"p{number}": {"type": kind} for number in range(count)}}


def output(schema: Any, **more: Any) -> dict[str, Any]:
    return {"output_config": {"format": {"type": "json_schema", "schema": schema} | more}}


def record(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


FORMAT = "output_config.format"
TREE = record(inner={"$ref": "#/$defs/tree"}) | {"$defs": {"tree": record(inner={"$ref": "#/$defs/tree"})}}

INVALID: list[tuple[str, dict[str, Any]]] = [
    ("max_tokens: Field required", {"max_tokens": None}),
    ("max_tokens: Input should be a valid integer", {"max_tokens": "10"}),
    ("max_tokens: Input should be greater than or equal to 0", {"max_tokens": -1}),
    ("max_tokens: 0 is not", {"max_tokens": 0, "stream": True}),
    ("max_tokens: 0 is not", {"max_tokens": 0, "tools": [TOOL], "tool_choice": {"type": "any"}}),
    ("max_tokens: 0 is not", {"max_tokens": 0, "output_config": {"format": {"type": "json_schema"}}}),
    (f"{FORMAT}.type: Input should be", {"output_config": {"format": {"type": "json", "schema": record()}}}),
    (f"{FORMAT}.schema: Field required", {"output_config": {"format": {"type": "json_schema"}}}),
    (f"{FORMAT}.strict: Extra inputs", output(record(), strict=True)),
    (f"{FORMAT}.schema: For 'object' type, 'additionalProperties' must", output({"type": "object"})),
    (f"{FORMAT}.schema: For 'object' type, 'additionalProperties' must",
     output(record(a={"type": "array", "items": {"type": "object", "additionalProperties": True}}))),
    (f"{FORMAT}.schema: For 'integer' type, properties maximum, minimum are not",
     output(record(a={"type": "integer", "minimum": 0, "maximum": 1}))),
    (f"{FORMAT}.schema: For 'number' type, properties multipleOf",
     output(record(a={"type": "number", "multipleOf": 2}))),
    (f"{FORMAT}.schema: For 'string' type, properties maxLength", output(record(a={"type": "string", "maxLength": 2}))),
    (f"{FORMAT}.schema: For 'string' type, properties minLength",
     output(record(a={"type": ["string", "null"], "minLength": 2}))),
    (f"{FORMAT}.schema: For 'string' type, format 'phone'", output(record(a={"type": "string", "format": "phone"}))),
    (f"{FORMAT}.schema: For 'array' type, properties maxItems",
     output(record(a={"type": "array", "items": {"type": "string"}, "maxItems": 3}))),
    (f"{FORMAT}.schema: For 'array' type, 'minItems' values", output({"type": "array", "minItems": 2})),
    (f"{FORMAT}.schema: recursive schemas", output(TREE)),
    (f"{FORMAT}.schema: the reference", output(record(a={"$ref": "https://example.com/schema"}))),
    (f"{FORMAT}.schema: unknown type", output(record(a={"type": "float"}))),
    (f"{FORMAT}.schema: a schema must have", output(record(a={"description": "anything"}))),
    (f"{FORMAT}.schema: at most 24", output({"type": "object", "additionalProperties": False} | optional(25))),
    (f"{FORMAT}.schema: at most 16", output(record(**optional(17, ["string", "null"])["properties"]))),
    ("model: Field required", {"model": None}),
    ("messages: Field required", {"messages": None}),
    ("messages: at least one message", {"messages": []}),
    ("messages: first message must", {"messages": [assistant(text()), user(text())]}),
    ("messages.0.role: Input should be", {"messages": [{"role": "tool", "content": "x"}]}),
    ("temperature: Extra inputs", {"temperature": 1.0}),
    ("top_p: Extra inputs", {"top_p": 1.0}),
    ("top_k: Extra inputs", {"top_k": 5}),
    ("n: Extra inputs are not permitted", {"n": 2}),
    ("messages.0.name: Extra inputs", {"messages": [user(text()) | {"name": "x"}]}),
    ("messages.0.content.0: Input tag 'picture'", {"messages": [user({"type": "picture"})]}),
    ("messages.0.content.0.text.text: Field required", {"messages": [user({"type": "text"})]}),
    ("messages.0: all messages must have non-empty", {"messages": [user()]}),
    ("messages.0.content.0: text content blocks must be non-empty", {"messages": [user(text(""))]}),
    ("messages.0.content.0: text content blocks must be non-empty", {"messages": [{"role": "user", "content": ""}]}),
    ("messages.0.content.1: text content blocks must contain", {"messages": [user(text(), text(" \n"))]}),
    ("messages.1.content.0: text content blocks must be",
     {"messages": [user(text()), assistant(text("")), user(text())]}),
    ("system.0: text content blocks must be non-empty", {"system": ""}),
    ("This model does not support assistant message prefill", {"messages": [user(text()), assistant(text("So"))]}),
    ("messages.0.content.0: `tool_use` blocks can not be in `user`", {"messages": [user(call())]}),
    ("messages.1.content.0: `tool_result` blocks can not be in `assistant`",
     {"messages": [user(text()), assistant(result()), user(text())]}),
    ("messages.2: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1",
     {"messages": [user(text()), assistant(call()), user(text())]}),
    ("messages.2: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_2",
     {"messages": [user(text()), assistant(call(1), call(2)), user(result(1))]}),
    ("messages.2: `tool_use` ids were found without",
     {"messages": [user(text()), assistant(call()), user(text()), assistant(text()), user(result())]}),
    ("messages.1: `tool_use` ids were found without", {"messages": [user(text()), assistant(call())]}),
    ("messages.0.content.0: unexpected `tool_use_id`", {"messages": [user(result())]}),
    ("messages.2.content.1: unexpected `tool_use_id`",
     {"messages": [user(text()), assistant(call()), user(result(), result(2))]}),
    ("messages.2.content.1: each tool_use must have a single result",
     {"messages": [user(text()), assistant(call()), user(result(), result())]}),
    ("messages.2.content.0: `tool_result` blocks must come first",
     {"messages": [user(text()), assistant(call()), user(text(), result())]}),
    ("messages.1.content.1: `tool_use` ids must be unique",
     {"messages": [user(text()), assistant(call(), call()), user(result())]}),
    ("messages.3.content.0: `tool_use` ids must be unique",
     {"messages": [user(text()), assistant(call()), user(result()), assistant(call()), user(result())]}),
    ("tools: Tool names must be unique.", {"tools": [TOOL, TOOL]}),
    ("tools.0.custom.name: String should match pattern", {"tools": [TOOL | {"name": "find gas"}]}),
    ("tools.0.custom.name: String should match pattern", {"tools": [TOOL | {"name": "x" * 129}]}),
    ("tools.0.custom.input_schema: Field required", {"tools": [{"name": "x"}]}),
    ("tools.0.custom.input_schema.type: Field required", {"tools": [{"name": "x", "input_schema": {}}]}),
    ("tools.0: Input tag 'web_search'", {"tools": [{"type": "web_search", "name": "web_search"}]}),
    ("tools: At least one tool must have `defer_loading`", {"tools": [DEFERRED]}),
    ("tools.1: a tool with `defer_loading: true` cannot have", {"tools": [TOOL, DEFERRED | FIVE]}),
    ("tools: at most 20 tools may have `strict: true`; found 21", {"tools": strict(21)}),
    ("tools: 'tool_0': for 'object' type, 'additionalProperties'", {"tools": strict(1, additionalProperties=True)}),
    ("tools: strict tools may have 24 optional parameters", {"tools": strict(1, **optional(25))}),
    ("tools: strict tools may have 16 parameters of several", {"tools": strict(1, **optional(17, ["string", "null"]))}),
    ("tool_choice: `tool_choice` may only be", {"tool_choice": {"type": "auto"}}),
    ("tool_choice.name: Tool 'other' not found", {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "other"}}),
    ("tool_choice.type: `any` is not supported",
     {"model": "claude-sonnet-5-5", "tools": [TOOL], "tool_choice": {"type": "any"}}),
    ("thinking.type: `enabled` is not", {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
    ("thinking.type: `disabled` is not", {"model": "claude-sonnet-5-5", "thinking": {"type": "disabled"}}),
    ("thinking.type: `disabled` is not", {"model": "claude-opus-5-5", "thinking": {"type": "disabled"}}),
    ("output_config.effort: `max` is not", {"thinking": {"type": "disabled"}, "output_config": {"effort": "max"}}),
    ("thinking.enabled.budget_tokens: Field required",
     {"model": "claude-haiku-4-5", "thinking": {"type": "enabled"}}),
    ("A maximum of 4 blocks with cache_control may be provided. Found 5.",
     {"messages": [user(*(text(f"{number}", FIVE) for number in range(5)))]}),
    ("A maximum of 4 blocks with cache_control may be provided. Found 5.",
     {"messages": [user(*(text(f"{number}", FIVE) for number in range(4)), text())]} | FIVE),
    ("messages.0.content.0.ttl: a ttl='1h' cache_control block must not come after",
     {"system": [text("x", FIVE)], "messages": [user(text("y", HOUR))]}),
    ("cache_control.ttl: a ttl='1h'", {"system": [text("x", FIVE)]} | HOUR),
    ("cache_control.ttl: the last block has", {"messages": [user(text("y", FIVE))]} | HOUR),
    ("messages.0.content.0.text.cache_control.ttl: Input should be",
     {"messages": [user(text("y", {"cache_control": {"type": "ephemeral", "ttl": "2h"}}))]}),
    ("messages: first message must", {"messages": [system(text()), user(text())]}),
    ("messages.1: a `system` message must", {"messages": [user(text()), system(text()), user(text())]}),
    ("messages.2: a `system` message must",
     {"messages": [user(text()), assistant(text()), system(text()), user(text())]}),
    ("messages.2: a `system` message must",
     {"messages": [user(text()), assistant(call()), system(text()), user(result())]}),
    ("messages.1: role 'system' is not supported",
     {"model": "claude-haiku-4-5", "messages": [user(text()), system(text())]}),
    ("messages.1.content.0: `tool_addition` requires the beta header",
     {"tools": [TOOL, DEFERRED], "messages": [user(text()), system(ADDITION)]}),
    ("messages.0.content.0: `tool_addition` blocks can not be in `user`", {"messages": [user(ADDITION)]}),
    ("messages.1: The final block in an assistant message cannot be `thinking`",
     {"messages": [user(text()), assistant(text(), THOUGHT), user(text())]}),
    ("messages.1.content.0: Invalid `signature` in `thinking` block",
     {"messages": [user(text()), assistant(THOUGHT | {"signature": ""}, text()), user(text())]}),
    ("messages.1.content.0: `tool_search_tool_bm25` tool use with id",
     {"messages": [user(text()), assistant(SEARCH), user(text())]}),
    ("messages.1.content.0: `tool_search_tool_bm25` tool use with id",
     {"messages": [user(text()), assistant(SEARCH, call()), user(result(), text())]}),
    ("messages.1.content.0: `tool_search_tool_bm25` tool use with id",
     {"messages": [user(text()), assistant(SEARCH, call()), user(result()), assistant(text()), user(text())]}),
]  # fmt: skip


@pytest.mark.parametrize(("message", "changes"), INVALID, ids=lambda value: value if isinstance(value, str) else "")
def test_invalid_request_is_rejected(claude: ClaudeClient, body: Body, message: str, changes: dict[str, Any]) -> None:
    """An invalid request gets a 400 in the API's format, whose message begins with the field."""
    reply = claude.post(body(**changes))
    assert (reply.status_code, reply.json()["type"]) == (400, "error"), reply.text
    error = reply.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["message"].startswith(message)
    assert reply.json()["request_id"] == reply.headers["request-id"]


VALID: list[dict[str, Any]] = [
    output(record(a={"type": "array", "items": {"type": "string", "format": "date"}, "minItems": 1})),
    output(record(a={"anyOf": [{"type": "integer"}, {"type": "null"}]}, b={"enum": ["x", 1, None]}, c={"const": True})),
    output(record(a={"$ref": "#/$defs/b"}) | {"$defs": {"b": record(c={"type": "string", "pattern": "^x"})}}),
    output({"type": "object", "additionalProperties": False} | optional(24)),
    output(SUMMARY_SCHEMA),
    {"messages": [user(text()), user(text())]},
    {"messages": [user(text()), assistant(call()), user(result()), user(text("And then?"))]},
    {"messages": [user(text()), assistant(text()), assistant(text()), user(text())]},
    {"messages": [user(text()), assistant(call()), user(result()), system(text())]},
    {"messages": [user(text()), system(text()), assistant(text()), user(text())]},
    {"tools": strict(20), "thinking": {"type": "disabled"}, "output_config": {"effort": "high"}},
    {"tools": strict(1, **optional(24))},
    {"tools": [TOOL | HOUR], "system": [text("x", HOUR)], "messages": [user(text("y", FIVE), text("z", FIVE))]},
    {"messages": [user(text("y", FIVE))]} | FIVE,
    {"metadata": {"user_id": "u"}, "service_tier": "auto", "stop_sequences": ["x"]},
    {"model": "claude-sonnet-5-5", "thinking": {"type": "between_tools"}},
    {"messages": [user(text()), assistant(THOUGHT, text()), user(text())]},
    # A paused search is continued: alone, with the result of a client tool, and both within the history.
    {"messages": [user(text()), assistant(text(), SEARCH)]},
    {"messages": [user(text()), assistant(SEARCH, call()), user(result())]},
    {"messages": [user(text()), assistant(SEARCH, FOUND, text()), user(text())]},
    {"messages": [user(text()), assistant(SEARCH), assistant(FOUND, text()), user(text())]},
    {"messages": [user(text()), assistant(SEARCH, call()), user(result()), assistant(FOUND, text()), user(text())]},
]


def test_prompt_longer_than_the_context_is_rejected(claude: ClaudeClient, body: Body) -> None:
    """A prompt above the model's context gets the API's message with both token counts."""
    long = {"messages": [user(text("word " * 150_000))]}
    error = claude.post(body(model="claude-haiku-4-5", **long)).json()["error"]
    assert error["type"] == "invalid_request_error"
    assert re.fullmatch(r"prompt is too long: \d{6} tokens > 200000 maximum", error["message"])
    assert claude.post(body(model="claude-haiku-5-5", **long)).status_code == 200


@pytest.mark.parametrize("changes", VALID)
def test_valid_request_is_accepted(claude: ClaudeClient, body: Body, changes: dict[str, Any]) -> None:
    """Consecutive messages of one role, system messages and values at their limits are accepted."""
    reply = claude.post(body(**changes))
    assert reply.status_code == 200, reply.text


@pytest.mark.parametrize(
    ("betas", "block", "status"),
    [
        (TOOL_CHANGES, ADDITION, 200),
        (INLINE_TOOLS, ADDITION, 200),
        (f"something-else, {TOOL_CHANGES}", ADDITION | {"type": "tool_removal"}, 200),
        (INLINE_TOOLS, BY_VALUE, 200),
        (TOOL_CHANGES, BY_VALUE, 400),
        ("something-else", ADDITION, 400),
    ],
)
def test_tool_change_requires_its_beta(
    claude: ClaudeClient, body: Body, betas: str, block: dict[str, Any], status: int
) -> None:
    """A tool change by reference requires one of two betas, by value one of them."""
    request = body(tools=[TOOL, DEFERRED], messages=[user(text()), system(block)])
    assert claude.post(request, **{"anthropic-beta": betas}).status_code == status


@pytest.mark.parametrize(
    "messages",
    [
        [user(text()), system(ADDITION)],
        [user(text()), assistant(
            {"type": "server_tool_use", "id": "srvtoolu_1", "name": "tool_search_tool_bm25", "input": {"query": "x"}},
            {"type": "tool_search_tool_result", "tool_use_id": "srvtoolu_1", "content": {
                "type": "tool_search_tool_search_result",
                "tool_references": [{"type": "tool_reference", "tool_name": "hidden"}]}},
        ), user(text())],
        [user(text()), assistant(call()), user(
            result() | {"content": [{"type": "tool_reference", "tool_name": "hidden"}]})],
    ],
)  # fmt: skip
def test_unresolved_tool_reference_has_an_error_code(
    claude: ClaudeClient, body: Body, messages: list[dict[str, Any]]
) -> None:
    """A reference to an undefined tool has its own error code."""
    reply = claude.post(body(tools=[TOOL], messages=messages), **{"anthropic-beta": TOOL_CHANGES})
    assert reply.status_code == 400
    assert reply.json()["error"]["details"] == {"error_code": "tool_reference_unresolved"}
    known = body(tools=[TOOL, DEFERRED], messages=messages)
    assert claude.post(known, **{"anthropic-beta": TOOL_CHANGES}).status_code == 200


def test_sampling_parameters_are_accepted_on_the_old_version(claude: ClaudeClient, body: Body) -> None:
    """Sampling parameters are accepted with the old version of the API."""
    reply = claude.post(body(temperature=0.5, top_k=5), **{"anthropic-version": "2023-06-01"})
    assert reply.status_code == 200


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ({"authorization": "Bearer wrong"}, 401, "authentication_error"),
        ({"authorization": ""}, 401, "authentication_error"),
        ({"x-api-key": "wrong"}, 401, "authentication_error"),
        ({"authorization": "", "x-api-key": CLAUDE_KEY}, 200, None),
        ({"anthropic-version": "2020-01-01"}, 400, "invalid_request_error"),
    ],
)
def test_headers_are_validated(
    claude: ClaudeClient, body: Body, headers: dict[str, str], status: int, kind: str | None
) -> None:
    """The key is accepted as a bearer token or as `x-api-key`; a wrong key or version is an error."""
    for path in ("/v1/messages", "/v1/messages/count_tokens"):
        request = body() if path == "/v1/messages" else body(max_tokens=None)
        reply = claude.http.post(path, json=request, headers=headers)
        assert reply.status_code == status
        assert reply.json().get("error", {}).get("type") == kind


def test_missing_version_is_rejected(claude: ClaudeClient, body: Body) -> None:
    """A request without `anthropic-version` is rejected."""
    request = claude.http.build_request("POST", "/v1/messages", json=body())
    del request.headers["anthropic-version"]
    reply = claude.http.send(request)
    assert (reply.status_code, reply.json()["error"]["message"]) == (400, "anthropic-version: header is required")


def test_malformed_request_has_its_own_status(claude: ClaudeClient, body: Body) -> None:
    """Invalid JSON, an unknown model, a body that is too large, an unknown path or method have their own errors."""
    reply = claude.http.post("/v1/messages", content=b"{")
    assert (reply.status_code, reply.json()["error"]["type"]) == (400, "invalid_request_error")
    reply = claude.post(body(model="claude-of-next-year"))
    assert (reply.status_code, reply.json()["error"]) == (
        404,
        {"type": "not_found_error", "message": "model: claude-of-next-year"},
    )
    reply = claude.http.post("/v1/messages", content=json.dumps(body()) + " " * MAX_BYTES)
    assert (reply.status_code, reply.json()["error"]["type"]) == (413, "request_too_large")
    assert claude.http.get("/v1/models").status_code == 404
    assert claude.http.get("/v1/messages").status_code == 404


def test_count_tokens_rejects_output_parameters(claude: ClaudeClient, body: Body) -> None:
    """`count_tokens` rejects parameters that aren't part of the prompt."""
    reply = claude.http.post("/v1/messages/count_tokens", json=body())
    assert (reply.status_code, reply.json()["error"]["message"]) == (400, "max_tokens: Extra inputs are not permitted")
