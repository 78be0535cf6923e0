"""The request of a model call, for every model that the template allows, by the rules of Claude's stand-in."""

import json
from typing import Any

import pytest

from local.stand_ins.claude import request_rules
from local.stand_ins.claude.request import MessagesRequest, parse
from local.template import read_source
from pam.chat.turn.prompt import assistant_message, continue_message, model_request
from pam.sources.claude.pricing import PRICES, THINKING, TokenUsage
from tests.conftest import CHECKOUT

MODELS: list[str] = read_source(CHECKOUT / "template.yaml")["Parameters"]["ClaudeModel"]["AllowedValues"]

QUESTION = {"role": "user", "content": [{"type": "text", "text": "How much is left for fuel?"}]}
THOUGHT = {"type": "thinking", "thinking": "", "signature": "EqoB"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "get_budget_status", "input": {}}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "$247 left"}]}

HISTORIES: dict[str, list[dict[str, Any]]] = {
    "question": [QUESTION],
    "second_question": [QUESTION, assistant_message("$247."), QUESTION],
    "tool_result": [QUESTION, {"role": "assistant", "content": [CALL]}, RESULT],
    "thinking_before_a_tool_result": [QUESTION, {"role": "assistant", "content": [THOUGHT, CALL]}, RESULT],
    "continued": [QUESTION, {"role": "assistant", "content": [CALL]}, RESULT, continue_message()],
}


def test_every_allowed_model_has_prices_and_a_thinking_parameter() -> None:
    """The template's models are those that PAM can account for."""
    assert set(MODELS) == set(PRICES) == set(THINKING)
    for model in MODELS:
        assert TokenUsage(input=1000, output=1000).cost(model) > 0


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
@pytest.mark.parametrize("tools_allowed", [True, False], ids=["with_tools", "without_tools"])
@pytest.mark.parametrize("model", MODELS)
def test_request_of_every_allowed_model_is_valid(
    model: str, tools_allowed: bool, history: list[dict[str, Any]]
) -> None:
    """No model rejects its request, whether tools may be called or not."""
    body = model_request(model, "Traveller: Ada", history, tools_allowed=tools_allowed) | {"stream": True}
    request = parse(json.dumps(body).encode(), MessagesRequest)
    request_rules.check(request, request_rules.VERSION, frozenset())
    assert request.model == model
    assert request.tools
    assert (request.tool_choice is not None and request.tool_choice.type == "none") is not tools_allowed
