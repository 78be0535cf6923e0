"""What each traveller of a scenario writes, when, and over which transport."""

import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any

from load.scenarios import Scenario

MIX = {1: 0.60, 2: 0.25, 3: 0.15}
"""The share of messages of each tier."""

HTTP_SHARE = 0.3
"""The share of travellers who ask over HTTP alone, as the page does for what is answered without a model."""

TEXTS: Mapping[int, Sequence[str]] = MappingProxyType(
    {
        1: (
            "How much did I spend on gas?",
            "What's my budget status?",
            "How much did I spend on gas this month?",
            "how much have I saved",
            "show my last 5 expenses",
        ),
        2: (
            "gas prices in Colorado",
            "what's the weather in Moab, Utah tomorrow",
            "how far is it from Denver to Moab, Utah",
            "fuel for 400 miles",
            "campgrounds near Moab, Utah",
        ),
        3: (
            "Hi PAM",
            "Find cheap gas near Denver",  # PAM has prices of regions, and none of stations
            "What should I check on the rig before a long drive?",
            "We are thinking about a few quiet days near the river, what do you think?",
            "plan my week to Yellowstone under $600",
            "Where do you think we spend too much?",
        ),
    }
)
"""What travellers of each tier write, with the seed's five messages."""

WRITE_SHARE = 0.4
"""The share of the second tier's messages that add an expense."""


@dataclass(frozen=True)
class PlannedMessage:
    """A message. `due_s` counts from the start of the run; `amount` is that of the expense it adds, else empty."""

    message_id: str
    text: str
    tier: int
    due_s: float
    amount: str = ""


@dataclass(frozen=True)
class PlannedUser:
    """A traveller, their access token, `http` or `websocket`, and their messages in order."""

    user_id: str
    token: str
    transport: str
    messages: tuple[PlannedMessage, ...]


def make_plan(scenario: Scenario, tokens: Sequence[tuple[str, str]], seed: int = 1) -> list[PlannedUser]:
    """Return the travellers of a scenario. `tokens` has a user id and an access token for each."""
    if len(tokens) < scenario.users:
        raise ValueError(f"{scenario.name} has {scenario.users} travellers, and there are {len(tokens)} tokens")
    generator = random.Random(seed)
    http_users = round(scenario.users * HTTP_SHARE)
    # Over HTTP there is no third tier: these travellers take their messages from the first two.
    tiers = _tiers(scenario.total, generator)
    fast = [tier for tier in tiers if tier < 3][: http_users * scenario.messages]
    rest = _without(tiers, fast)
    generator.shuffle(rest)
    drawn = iter(fast + rest)
    interval = scenario.seconds / scenario.messages
    planned = []
    for number in range(scenario.users):
        offset = scenario.arrival_s * number / scenario.users
        user_id, token = tokens[number]
        messages = tuple(
            _message(next(drawn), offset + place * interval, number * scenario.messages + place, generator)
            for place in range(scenario.messages)
        )
        planned.append(PlannedUser(user_id, token, "http" if number < http_users else "websocket", messages))
    return _interleave(planned, generator)


def as_json(plan: Sequence[PlannedUser]) -> list[dict[str, Any]]:
    """Return a plan as it is handed to the generator of the load."""
    return [asdict(user) for user in plan]


def _tiers(total: int, generator: random.Random) -> list[int]:
    tiers = [tier for tier, share in MIX.items() for _ in range(round(total * share))]
    tiers = (tiers + [1] * total)[:total]
    generator.shuffle(tiers)
    return tiers


def _without(tiers: Sequence[int], taken: Sequence[int]) -> list[int]:
    left = list(tiers)
    for tier in taken:
        left.remove(tier)
    return left


def _message(tier: int, due_s: float, number: int, generator: random.Random) -> PlannedMessage:
    message_id = str(uuid.uuid4())
    if tier == 2 and generator.random() < WRITE_SHARE:
        # Of every message its own, so that a second expense of one message is seen.
        amount = f"{1 + number // 100}.{number % 100:02}"
        return PlannedMessage(message_id, f"Add ${amount} expense for gas", tier, due_s, amount)
    texts = TEXTS[tier]
    return PlannedMessage(message_id, generator.choice(texts), tier, due_s)


def _interleave(planned: list[PlannedUser], generator: random.Random) -> list[PlannedUser]:
    """Return the travellers with their times exchanged, so that both transports come at all times."""
    times = [[message.due_s for message in user.messages] for user in planned]
    generator.shuffle(times)
    return [
        replace(
            user,
            messages=tuple(replace(message, due_s=due) for message, due in zip(user.messages, own, strict=True)),
        )
        for user, own in zip(planned, times, strict=True)
    ]
