"""No user reads, changes, or learns of the existence of what is another's, over any surface of the product.

What is called comes from the registries of routes, frames and tools: a new one is covered, or fails a test here.
"""

import json
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import permutations
from typing import Any

import psycopg
import pytest

from local.openapi.routes import ROUTES
from local.stack import LocalStack
from pam.platform import aws
from pam.platform.dynamodb import DynamoTable
from pam.platform.postgres import Database
from tests.security.cross_user.calls import MAX_CALLS, Exchange, call, references, send_request, unknown
from tests.security.cross_user.operations import ORDINARY, REFERENCES, Place, Reference, Surface, operations, places
from tests.security.cross_user.resident import UNUSED_TABLES, Resident, number_apart, reset_question_rate, summarise

ALL = "PAM_CASES" in os.environ
"""Whether every id of every pair is tried, as in `make soak`: otherwise one of each kind, each user being both once."""

PAIRS = list(permutations(range(3), 2)) if ALL else [(0, 1), (1, 2), (2, 0)]
"""Attacker and victim."""

SAME_ANSWER = {
    "POST /v1/ask:conversation_id", "GET /v1/expenses:cursor", "GET /v1/memories:cursor", "search_products:query",
}  # fmt: skip
"""Places where an own value is answered like any other: where an answer is noted, positions in a list, and a search of
what is nobody's own."""

DESTRUCTIVE = [
    "delete_calendar_event:event",
    "DELETE /v1/expenses/{id}:id",
    "delete_expense:expense_id",
    "DELETE /v1/effects/{id}:id",
    "DELETE /v1/memories/facts/{number}:number",
    "DELETE /v1/memories/episodes/{number}:number",
    "DELETE /v1/memories/messages/{uuid}:uuid",
    "DELETE /v1/memories/selections/{uuid}:uuid",
    "DELETE /v1/friends/{user_id}:user_id",
]
"""Places where an own value deletes rows, those that leave most of the others first."""


@pytest.fixture(scope="module")
def residents(stack: LocalStack, lambda_environment: None) -> Iterator[list[Resident]]:
    """Three users for the attacks, and one who uses what is their own."""
    with ExitStack() as opened:
        owner = opened.enter_context(psycopg.connect(stack.postgres.owner, autocommit=True))
        database = Database(lambda: json.dumps(stack.postgres.app))
        opened.callback(database.close)
        number_apart(owner)
        users = [opened.enter_context(Resident(stack, owner, database)) for _ in range(4)]
        summarise(stack, owner, users)
        for user in users:
            assert user.uuids
            assert user.numbers
            assert user.turns
            assert user.conversations
        yield users


@pytest.fixture(scope="module")
def chat_items(stack: LocalStack, lambda_environment: None) -> DynamoTable:
    """The chat table."""
    return DynamoTable(aws.client("dynamodb"), stack.environment_of("chat")["CHAT_TABLE"])


def attack(attacker: Resident, victim: Resident, place: Place, known: Sequence[str]) -> None:
    """Try values that are a victim's in a place. The answers must be those to what doesn't exist."""
    others = others_of(victim, place)
    *found, missing = call(attacker, place, [*known, unknown(known[0], place.reference)], others)
    for exchange in found:
        assert exchange.reveals(victim) == [], (str(place), exchange)
        if place.reference is not Reference.PUBLIC_NAME:
            assert exchange.answer == missing.answer, (str(place), exchange.value)


def others_of(user: Resident, place: Place) -> dict[str, Any]:
    """Return the arguments that belong to a value in a place."""
    return user.confirmation if place.operation.name == "confirm" else {}


def test_every_parameter_is_classified(stack: LocalStack) -> None:
    """A new parameter either names a row or doesn't; whoever adds it says which, in `operations.py`."""
    known = {name for operation in operations(stack.template) for name in operation.parameters}
    assert known - REFERENCES.keys() - ORDINARY == set(), "say of these whether they name a row"
    assert (REFERENCES.keys() | ORDINARY) - known == set(), "no operation has these any more"
    assert REFERENCES.keys() & ORDINARY == set()


def test_every_parameter_with_an_id_names_a_row(stack: LocalStack) -> None:
    """By its schema or its name."""
    for operation in operations(stack.template):
        for name, schema in operation.parameters.items():
            is_id = "uuid" in str(schema.get("format", "")) or name in ("id", "uuid", "number", "cursor")
            if is_id or name.endswith(("_id", "_of", "_ids", "_cursor", "_token")):
                assert name in REFERENCES, (operation.name, name)
    surfaces = {surface: len(places(stack.template, surface)) for surface in Surface}
    assert surfaces[Surface.HTTP] >= 13
    assert surfaces[Surface.FRAME] >= 6
    assert surfaces[Surface.TOOL] >= 8


def test_every_table_has_rows_of_each_resident(residents: list[Resident]) -> None:
    """What isn't there can't be attacked."""
    for user in residents:
        empty = {table for table, rows in user.rows_by_table().items() if not rows}
        assert empty == UNUSED_TABLES
        assert len(user.items()) > 20


@pytest.mark.soak
@pytest.mark.parametrize("surface", Surface)
@pytest.mark.parametrize(("attacker", "victim"), PAIRS)
def test_what_is_another_s_does_not_exist(
    stack: LocalStack,
    residents: list[Resident],
    chat_items: DynamoTable,
    surface: Surface,
    attacker: int,
    victim: int,
) -> None:
    """Ids of each kind, cursors and words of the victim in every place: each answer is that to what doesn't exist,
    none has anything of the victim, and nothing of the victim changes."""
    attacking, attacked = residents[attacker], residents[victim]
    # A question takes an id of the victim for the attacker's own, and writes as a turn with that id: last.
    targets = sorted(
        places(stack.template, surface),
        key=lambda each: (each.operation.name == "chat", each.parameter == "message_id"),
    )
    values = [references(attacked, place, all_ids=ALL) for place in targets]
    before = attacked.stored()
    for place, known in zip(targets, values, strict=True):
        reset_question_rate(chat_items, attacking)
        attack(attacking, attacked, place, known)
    assert attacked.stored() == before
    attacking.socket.send("ping")
    assert attacking.socket.receive() == {"type": "pong"}


@pytest.mark.parametrize(("attacker", "victim"), PAIRS)
def test_repeated_request_of_another_is_not_answered_from_theirs(
    stack: LocalStack, residents: list[Resident], attacker: int, victim: int
) -> None:
    """A request with the victim's own idempotency key and body is a request of the attacker's."""
    attacking, attacked = residents[attacker], residents[victim]
    before = attacked.stored()
    for request in attacked.requests:
        route, arguments = f"{request['method']} {request['url']}", request.get("json", {})
        raw = send_request(attacking, route, arguments, headers=request["headers"])
        again = send_request(attacking, route, arguments, headers={"idempotency-key": str(uuid.uuid4())})
        exchange = Exchange(attacked.words, raw)
        assert exchange.reveals(attacked) == []
        assert exchange.answer == Exchange(attacked.words, again).answer
    assert attacked.stored() == before


def test_what_is_one_s_own_exists(stack: LocalStack, residents: list[Resident], chat_items: DynamoTable) -> None:
    """In every place some own value is answered otherwise than what doesn't exist: else the attacks would show
    nothing."""
    user = residents[3]
    everywhere = [place for surface in Surface for place in places(stack.template, surface)]
    assert {str(place) for place in everywhere} >= {*DESTRUCTIVE, *SAME_ANSWER}
    order = {name: number for number, name in enumerate(DESTRUCTIVE)}
    for place in sorted(everywhere, key=lambda each: order.get(str(each), -1)):
        if str(place) in SAME_ANSWER:
            continue
        known, others = references(user, place, all_ids=True), others_of(user, place)
        missing = unknown(known[0], place.reference)
        # Values of one turn are compared with each other. One that deletes is used alone, so that others are left.
        is_turn = place.operation.surface is Surface.TOOL and str(place) not in DESTRUCTIVE
        size = MAX_CALLS - 1 if is_turn else 1
        for start in range(0, len(known), size):
            reset_question_rate(chat_items, user)
            *found, nothing = call(user, place, [*known[start:][:size], missing], others)
            if any(exchange.answer != nothing.answer for exchange in found):
                break
        else:
            pytest.fail(f"{place}: every own value is answered like what doesn't exist")


def test_every_route_with_an_idempotency_key_is_repeated(residents: list[Resident]) -> None:
    """Among the requests of a resident is one of each such route, so that it is tried with their key."""
    sent = {(request["method"], request["url"].split("/")[2]) for request in residents[0].requests}
    idempotent = {name for name, route in ROUTES.items() if route.idempotent}
    assert {(name.split(" ")[0], name.split(" ")[1].split("/")[2]) for name in idempotent} <= sent
