"""Scripted turns, the journal, and orders that aren't understood."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import pytest

from tests.functional.claude.conftest import MODEL, TOOL, Standin

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


def test_a_script_is_followed_step_by_step(standin: Standin, sdk: anthropic.Anthropic, asked: str) -> None:
    """Each model call of the turn takes the next reply, with what the tools told put into its places."""
    standin.says(
        asked,
        {"content": [text("One moment."), call("Moab"), call("Zion")]},
        {"content": [call("Bryce")]},
        {"content": [text("{{tool_result:get_weather_forecast:data.days.1}} and {{tool_result:other:x}}")]},
    )
    told: list[str] = []

    def result(arguments: Any) -> str:
        told.append(arguments["place"])
        return json.dumps({"data": {"days": ["dry", {"in": arguments["place"]}]}})

    messages: list[dict[str, Any]] = [{"role": "user", "content": asked}]
    assert run_turn(sdk, messages, result) == '{"in": "Bryce"} and (no x from other)'
    assert told == ["Moab", "Zion", "Bryce"]
    messages.append({"role": "user", "content": f"{asked}, again"})
    assert run_turn(sdk, messages, result) == '{"in": "Bryce"} and (no x from other)'
    assert told == ["Moab", "Zion", "Bryce"] * 2


def test_past_its_end_a_script_repeats_its_last_reply(standin: Standin, sdk: anthropic.Anthropic, asked: str) -> None:
    standin.says(asked, {"content": [call("Moab")]})
    assert run_turn(sdk, [{"role": "user", "content": asked}], lambda _: "{}", steps=3) == "still calling"


def test_conversations_at_once_keep_to_their_own_scripts(
    standin: Standin, sdk: anthropic.Anthropic, asked: str
) -> None:
    def converse(number: int) -> str:
        mine = f"{asked}-{number}-"
        standin.says(mine, {"content": [call(mine)]}, {"content": [text("{{tool_result:get_weather_forecast:in}}")]})
        return run_turn(sdk, [{"role": "user", "content": mine}], lambda given: json.dumps({"in": given["place"]}))

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(converse, range(32))) == [f"{asked}-{number}-" for number in range(32)]


def test_matches(standin: Standin, sdk: anthropic.Anthropic, asked: str) -> None:
    """Equality is with the traveller's own words, without sections in tags; the newest script wins."""
    scripts = [
        {"match": {"user_text_equals": asked}, "replies": [{"content": [text("equal")]}]},
        {"match": {"text_contains": f"is {asked}"}, "replies": [{"content": [text("contains")]}]},
        {"match": {"any": True}, "replies": [{"content": [text("any")]}]},
    ]
    standin.http.put("/_script", json=scripts).raise_for_status()

    def ask(*texts: str) -> str:
        content = [text(each) for each in texts]
        reply = sdk.messages.create(model=MODEL, max_tokens=99, messages=[{"role": "user", "content": content}])
        return reply.content[0].text

    assert ask("<context>\n<facts>\nfuel: over\n</facts>\n</context>", asked) == "equal"
    assert ask(f"<context>This is {asked}</context>", "Hello.") == "contains"
    assert ask("Hello.") == "any"
    replaced = scripts[0] | {"replies": [{"content": [text("replaced")]}]}
    standin.http.put("/_script", json=[replaced]).raise_for_status()
    assert (ask(asked), ask("Hello.")) == ("replaced", "any")
    standin.http.delete("/_script").raise_for_status()
    assert ask("Hello.").endswith("(simulated Claude)")


def test_a_scripted_stop_reason_is_sent(standin: Standin, sdk: anthropic.Anthropic, asked: str, body: Body) -> None:
    standin.says(asked, {"content": [text("Wait.")], "stop_reason": "pause_turn"})
    assert sdk.messages.create(**body()).stop_reason == "pause_turn"


@pytest.mark.parametrize(
    ("path", "order"),
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
def test_an_order_that_is_not_understood_changes_nothing(standin: Standin, body: Body, path: str, order: Any) -> None:
    assert standin.http.put(path, json=order).status_code == 422
    assert standin.post(body()).status_code == 200


def test_the_journal_tells_what_was_asked(standin: Standin, asked: str, body: Body) -> None:
    """With the cache's figures and the body as it came; the keys aren't in it."""
    mine = body(
        tools=[TOOL], system=f"{asked} " * 100, metadata={"user_id": asked}, cache_control={"type": "ephemeral"}
    )
    for _ in range(2):
        standin.post(mine, **{"anthropic-beta": "b-beta,a-beta"})
    standin.post(body(messages=[{"role": "user", "content": "Grüße"}]))
    told = standin.journal()
    assert told["requests"] == 3
    first, second, _ = told["last"]
    assert first["body"] == mine
    assert (first["model"], first["stream"], first["tools"], first["messages"]) == (MODEL, False, [TOOL["name"]], 1)
    assert first["betas"] == ["a-beta", "b-beta"]
    assert (first["status"], first["ended"], first["fault"]) == (200, "complete", None)
    assert (first["tools_hash"], first["system_hash"]) == (second["tools_hash"], second["system_hash"])
    assert first["cache_write"] == second["cache_read"] == first["input_total"] > 512
    assert (first["cache_read"], second["cache_write"], second["uncached"]) == (0, 0, 0)
    assert first["output_tokens"] > 0
    assert standin.journal(metadata_user_id=asked)["requests"] == 2
    assert standin.journal(contains="Grüße")["requests"] == 1
    assert standin.journal(contains="nobody said this")["requests"] == 0
    assert "authorization" not in json.dumps(told)


def test_hashes_tell_one_set_of_tools_from_another(standin: Standin, body: Body) -> None:
    """Deferred tools count as well; markers don't."""
    sets = [
        [TOOL],
        [TOOL | {"cache_control": {"type": "ephemeral"}}],
        [TOOL, TOOL | {"name": "other", "defer_loading": True}],
        [TOOL | {"description": "Other."}],
    ]
    for tools in sets:
        standin.post(body(tools=tools))
    hashes = [entry["tools_hash"] for entry in standin.journal()["last"]]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_the_journal_has_refusals_too(standin: Standin, body: Body) -> None:
    standin.post(body(temperature=1))
    entry = standin.journal()["last"][-1]
    assert (entry["status"], entry["ended"]) == (400, "temperature: Extra inputs are not permitted")
    assert entry["body"]["temperature"] == 1


def test_forgetting_is_whole(standin: Standin, asked: str, body: Body) -> None:
    """Journal, cache, faults and scripts."""
    cached = body(system=f"{asked} " * 100, cache_control={"type": "ephemeral"})
    standin.says(asked, {"content": [text("Scripted.")]})
    standin.post(cached)
    standin.orders(mode="500", contains="something")
    standin.orders(mode="500")
    standin.http.delete("/_journal").raise_for_status()
    assert standin.journal() == {"requests": 0, "last": []}
    reply = standin.post(cached).json()
    assert reply["content"][0]["text"].endswith("(simulated Claude)")
    assert reply["usage"]["cache_read_input_tokens"] == 0
