"""The plan of a load test: who writes what, and when."""

from collections import Counter

import pytest

from load.plan import make_plan
from load.scenarios import SCENARIOS, Scenario
from pam.routing.interpreter import route

TOKENS = [(f"user {number}", f"token {number}") for number in range(500)]


@pytest.fixture(params=["steady", "burst", "sustained"])
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return SCENARIOS[request.param]


def test_sixty_of_a_hundred_messages_are_of_tier_1_and_fifteen_of_tier_3(scenario: Scenario) -> None:
    """The mix that the criteria are stated for."""
    tiers = Counter(message.tier for user in make_plan(scenario, TOKENS) for message in user.messages)
    assert {tier: count / scenario.total for tier, count in tiers.items()} == {1: 0.6, 2: 0.25, 3: 0.15}


def test_each_message_is_routed_to_its_tier(scenario: Scenario) -> None:
    """By the router itself; a share without a model would mean nothing otherwise."""
    for user in make_plan(scenario, TOKENS):
        for message in user.messages:
            assert route(message.text).tier == message.tier, message.text


def test_messages_are_spread_over_the_time_and_in_order(scenario: Scenario) -> None:
    """In each quarter of the time is about a quarter of the messages, over both transports."""
    plan = make_plan(scenario, TOKENS)
    end = max(message.due_s for user in plan for message in user.messages)
    assert end <= scenario.seconds + scenario.arrival_s
    for transport in ("http", "websocket"):
        due = [message.due_s for user in plan if user.transport == transport for message in user.messages]
        middle = sum(end / 4 <= each < end * 3 / 4 for each in due)
        assert 0.4 < middle / len(due) < 0.6
    for user in plan:
        times = [message.due_s for message in user.messages]
        assert times == sorted(times)


def test_each_expense_has_an_amount_of_its_own(scenario: Scenario) -> None:
    """So that one that is stored twice is seen."""
    amounts = [message.amount for user in make_plan(scenario, TOKENS) for message in user.messages if message.amount]
    assert len(amounts) > scenario.total / 20
    assert len(set(amounts)) == len(amounts)


def test_too_few_tokens_are_an_error() -> None:
    with pytest.raises(ValueError, match="100 travellers, and there are 3 tokens"):
        make_plan(SCENARIOS["steady"], TOKENS[:3])
