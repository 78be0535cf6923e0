"""Scripted turns, the journal, and invalid control requests."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import pytest

from tests.functional.stand_ins.claude.conftest import MODEL, TOOL, ClaudeClient

Body = Callable[..., dict[str, Any]]


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def call(place: str) -> dict[str, Any]:
    return {"type": "tool_use", "name": TOOL["name"], "input": {"place": place}}


def run_turn(
    sdk: anthropic.Anthropic, messages: list[dict[str, Any]], result: Callable[[Any], str], steps: int = 5
) -> str:
    """A tool loop: appends to the messages, and returns the last text."""
    for _ in range(steps):
        reply = sdk.messages.create(model=MODEL, max_tokens=1024, tools=[TOOL], messages=messages)
        messages.append({"role": "assistant", "content": [block.to_dict() for block in reply.content]})
        calls = [block for block in reply.content if block.type == "tool_use"]
        if not calls:
            return "".join(block.text for block in reply.content)
        results = [{"type": "tool_result", "tool_use_id": each.id, "content": result(each.input)} for each in calls]
        messages.append({"role": "user", "content": results})
    return "still calling"


def test_script_is_followed_step_by_step(claude: ClaudeClient, sdk: anthropic.Anthropic, question: str) -> None:
    """Each model call of a turn gets the next reply, with tool results in the place of placeholders."""
    claude.script(
        question,
        {"content": [text("One moment."), call("Moab"), call("Zion")]},
        {"content": [call("Bryce")]},
        {"content": [text("{{tool_result:get_weather_forecast:data.days.1}} and {{tool_result:other:x}}")]},
    )
    places: list[str] = []

    def result(arguments: Any) -> str:
        places.append(arguments["place"])
        return json.dumps({"data": {"days": ["dry", {"in": arguments["place"]}]}})

    messages: list[dict[str, Any]] = [{"role": "user", "content": question}]
    assert run_turn(sdk, messages, result) == '{"in": "Bryce"} and (no x from other)'
    assert places == ["Moab", "Zion", "Bryce"]
    messages.append({"role": "user", "content": f"{question}, again"})
    assert run_turn(sdk, messages, result) == '{"in": "Bryce"} and (no x from other)'
    assert places == ["Moab", "Zion", "Bryce"] * 2


def test_last_reply_is_repeated(claude: ClaudeClient, sdk: anthropic.Anthropic, question: str) -> None:
    """After the last reply of a script, that reply is repeated."""
    claude.script(question, {"content": [call("Moab")]})
    assert run_turn(sdk, [{"role": "user", "content": question}], lambda _: "{}", steps=3) == "still calling"


def test_concurrent_conversations_follow_their_own_scripts(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str
) -> None:
    """Concurrent conversations follow their own scripts."""

    def converse(number: int) -> str:
        mine = f"{question}-{number}-"
        claude.script(mine, {"content": [call(mine)]}, {"content": [text("{{tool_result:get_weather_forecast:in}}")]})
        return run_turn(sdk, [{"role": "user", "content": mine}], lambda given: json.dumps({"in": given["place"]}))

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(converse, range(32))) == [f"{question}-{number}-" for number in range(32)]


def test_match_conditions_select_the_script(claude: ClaudeClient, sdk: anthropic.Anthropic, question: str) -> None:
    """`user_text_equals` ignores sections in tags; newer scripts come first, and replace one with equal conditions."""
    scripts = [
        {"match": {"user_text_equals": question}, "replies": [{"content": [text("equal")]}]},
        {"match": {"text_contains": f"is {question}"}, "replies": [{"content": [text("contains")]}]},
        {"match": {"any": True}, "replies": [{"content": [text("any")]}]},
    ]
    claude.http.put("/_script", json=scripts).raise_for_status()

    def ask(*texts: str) -> str:
        content = [text(each) for each in texts]
        reply = sdk.messages.create(model=MODEL, max_tokens=99, messages=[{"role": "user", "content": content}])
        return reply.content[0].text

    assert ask("<context>\n<facts>\nfuel: over\n</facts>\n</context>", question) == "equal"
    assert ask(f"<context>This is {question}</context>", "Hello.") == "contains"
    assert ask("Hello.") == "any"
    replaced = scripts[0] | {"replies": [{"content": [text("replaced")]}]}
    claude.http.put("/_script", json=[replaced]).raise_for_status()
    assert (ask(question), ask("Hello.")) == ("replaced", "any")
    claude.http.delete("/_script").raise_for_status()
    assert ask("Hello.").endswith("(simulated Claude)")


def test_scripted_stop_reason_is_sent(
    claude: ClaudeClient, sdk: anthropic.Anthropic, question: str, body: Body
) -> None:
    """The stop reason of a scripted reply is sent."""
    claude.script(question, {"content": [text("Wait.")], "stop_reason": "pause_turn"})
    assert sdk.messages.create(**body()).stop_reason == "pause_turn"


@pytest.mark.parametrize(
    ("path", "request_body"),
    [
        ("/_control", {"mode": "explode"}),
        ("/_control", {"profile": "fast"}),
        ("/_control", {"profile": {"first_token_ms": -1, "ms_per_uncached_token": 0, "tokens_per_second": None}}),
        ("/_control", {"latency": 3}),
        ("/_script", [{"match": {"any": True}, "replies": []}]),
        ("/_script", [{"match": {"text": "x"}, "replies": [{"content": []}]}]),
        ("/_script", [{"match": {"any": True}, "replies": [{"content": [{"type": "picture"}]}]}]),
    ],
)
def test_invalid_control_request_changes_nothing(
    claude: ClaudeClient, body: Body, path: str, request_body: Any
) -> None:
    """An invalid script or control request gets a 422 and has no effect."""
    assert claude.http.put(path, json=request_body).status_code == 422
    assert claude.post(body()).status_code == 200


def test_journal_records_requests(claude: ClaudeClient, question: str, body: Body) -> None:
    """The journal has the body and the cache figures of each request, without keys, and can be filtered."""
    mine = body(
        tools=[TOOL], system=f"{question} " * 100, metadata={"user_id": question}, cache_control={"type": "ephemeral"}
    )
    for _ in range(2):
        claude.post(mine, **{"anthropic-beta": "b-beta,a-beta"})
    claude.post(body(messages=[{"role": "user", "content": "Grüße"}]))
    journal = claude.journal()
    assert journal["requests"] == 3
    first, second, _ = journal["last"]
    assert first["body"] == mine
    assert (first["model"], first["stream"], first["tools"], first["messages"]) == (MODEL, False, [TOOL["name"]], 1)
    assert first["betas"] == ["a-beta", "b-beta"]
    assert (first["status"], first["ended"], first["fault"]) == (200, "complete", None)
    assert (first["tools_hash"], first["system_hash"]) == (second["tools_hash"], second["system_hash"])
    assert first["cache_write"] == second["cache_read"] == first["input_total"] > 512
    assert (first["cache_read"], second["cache_write"], second["uncached"]) == (0, 0, 0)
    assert first["output_tokens"] > 0
    assert claude.journal(metadata_user_id=question)["requests"] == 2
    assert claude.journal(contains="Grüße")["requests"] == 1
    assert claude.journal(contains="no request contains this")["requests"] == 0
    assert "authorization" not in json.dumps(journal)


def test_tools_hash_distinguishes_sets_of_tools(claude: ClaudeClient, body: Body) -> None:
    """The hash of the tools depends on all definitions, deferred ones included, and not on markers."""
    sets = [
        [TOOL],
        [TOOL | {"cache_control": {"type": "ephemeral"}}],
        [TOOL, TOOL | {"name": "other", "defer_loading": True}],
        [TOOL | {"description": "Other."}],
    ]
    for tools in sets:
        claude.post(body(tools=tools))
    hashes = [entry["tools_hash"] for entry in claude.journal()["last"]]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_journal_records_rejected_requests(claude: ClaudeClient, body: Body) -> None:
    """The journal records the status and message of a rejected request."""
    claude.post(body(temperature=1))
    entry = claude.journal()["last"][-1]
    assert (entry["status"], entry["ended"]) == (400, "temperature: Extra inputs are not permitted")
    assert entry["body"]["temperature"] == 1


def test_reset_clears_all_state(claude: ClaudeClient, question: str, body: Body) -> None:
    """`DELETE /_journal` clears journal, cache, faults and scripts."""
    cached = body(system=f"{question} " * 100, cache_control={"type": "ephemeral"})
    claude.script(question, {"content": [text("Scripted.")]})
    claude.post(cached)
    claude.control(mode="500", contains="something")
    claude.control(mode="500")
    claude.http.delete("/_journal").raise_for_status()
    assert claude.journal() == {"requests": 0, "last": []}
    reply = claude.post(cached).json()
    assert reply["content"][0]["text"].endswith("(simulated Claude)")
    assert reply["usage"]["cache_read_input_tokens"] == 0
