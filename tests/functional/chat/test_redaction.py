"""Secrets that a traveller writes are stored nowhere: not in Postgres, not in DynamoDB, in no log, in no prompt."""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import psycopg
import pytest
from psycopg import sql

from local.stack import LocalStack
from tests.conftest import Traveller
from tests.functional.chat.chat_socket import ChatSocket
from tests.functional.chat.claude_scripts import ClaudeScripts, messages_text, text, use

CARD = "4111 1111 1111 1111"
SSN = "078-05-1120"


@pytest.fixture
def password() -> str:
    """A password that nothing else contains."""
    return f"Qz{uuid.uuid4().hex[:12]}7"


@pytest.fixture
def find_stored(
    stack: LocalStack, owner: psycopg.Connection, lambda_environment: None
) -> Callable[[str], dict[str, list[str]]]:
    """Return where a text is stored: in which columns of Postgres, tables of DynamoDB and logs."""
    dynamodb = boto3.client("dynamodb")
    environments = [stack.environment_of(function) for function in stack.functions]
    tables = {value for each in environments for name, value in each.items() if name.endswith("_TABLE")}
    assert len(tables) >= 4

    def find(secret: str) -> dict[str, list[str]]:
        found = {"postgres": list(_columns_with(owner, secret)), "dynamodb": [], "logs": []}
        for table in sorted(tables):
            for page in dynamodb.get_paginator("scan").paginate(TableName=table):
                items = [json.dumps(item, default=str, ensure_ascii=False) for item in page["Items"]]
                found["dynamodb"] += [f"{table}: {item}" for item in items if secret in item]
        for log in stack.functions["ask"].log.parent.glob("*.log"):
            found["logs"] += [log.name] if secret in log.read_text("utf-8", "replace") else []
        return {store: places for store, places in found.items() if places}

    return find


def _columns_with(owner: psycopg.Connection, secret: str) -> Iterator[str]:
    columns = owner.execute(
        "select table_schema, table_name, column_name from information_schema.columns"
        " where table_schema not in ('pg_catalog', 'information_schema')"
    ).fetchall()
    assert len(columns) > 50
    for row in columns:
        schema, table, column = row.values() if isinstance(row, dict) else row
        query = sql.SQL("select 1 from {}.{} where position(%s in {}::text) > 0 limit 1").format(
            *map(sql.Identifier, (schema, table, column))
        )
        if owner.execute(query, (secret,)).fetchone():
            yield f"{table}.{column}"


def test_the_search_finds_what_is_stored(
    traveller: Traveller, password: str, find_stored: Callable[[str], dict[str, list[str]]]
) -> None:
    """A word that is no secret is found in Postgres."""
    assert traveller.spends("5", description=f"for {password}").status_code == 201
    assert "expenses.description" in find_stored(password)["postgres"]


def test_chat_turn_stores_no_secret(
    socket: ChatSocket, claude: ClaudeScripts, password: str, find_stored: Callable[[str], dict[str, list[str]]]
) -> None:
    """Neither from the question, nor from the model's text and the arguments of its tools, and Claude sees markers."""
    note = f"my password is {password}"
    claude.script(
        {
            "content": [
                text(f"You wrote that {note}."),
                use("create_expense", amount=5, category="fuel", description=note, more_to_do=True),
                use("create_post", content=f"All may know: {note}", more_to_do=True),
            ]
        },
        text("Done; I removed the password."),
    )
    frames = socket.ask(f"Remember: my login password is {password}. {claude.marker}")
    assert frames[-1]["type"] == "done", frames[-1]
    # The journal has what Claude wrote itself only as it was sent back: redacted.
    for request in claude.requests():
        assert password not in messages_text(request["body"])
    assert "[password removed]" in messages_text(claude.requests()[0]["body"])
    shown = [frame for frame in frames if frame["type"] == "confirm_request"]
    assert "[password removed]" in shown[0]["summary"] + json.dumps(shown[0]["arguments"])
    stored = find_stored(password)
    # Claude's own words were sent to the device as it wrote them: its frames have them, in one piece or in several, and
    # nothing else.
    assert all(re.search(r'\\"type\\":\\"(delta|done)\\"', item) for item in stored.pop("dynamodb"))
    assert stored == {}


def test_question_over_the_socket_stores_no_secret(
    socket: ChatSocket, claude: ClaudeScripts, password: str, find_stored: Callable[[str], dict[str, list[str]]]
) -> None:
    """The frames of the turn have none either."""
    claude.script(text("I removed it."))
    last = socket.ask(f"My password is {password}, the card is {CARD}, my SSN {SSN}. {claude.marker}")[-1]
    assert last["type"] == "done"
    body = messages_text(claude.requests()[0]["body"])
    assert "[password removed]" in body
    assert "[card number removed]" in body
    assert "[government id removed]" in body
    for secret in (password, CARD, SSN):
        assert find_stored(secret) == {}


def test_expenses_by_form_and_by_fast_answer_store_no_secret(
    traveller: Traveller, password: str, find_stored: Callable[[str], dict[str, list[str]]]
) -> None:
    """The stored description has the marker, with and without an idempotency key, and after a correction."""
    created = traveller.spends("5", key=f"k-{uuid.uuid4()}", description=f"site, password: {password}")
    assert created.json()["expense"]["description"] == "site, password: [password removed]"
    corrected = traveller.http.patch(
        f"/v1/expenses/{created.json()['expense']['id']}",
        json={"description": f"card {CARD}, wifi password {password}"},
        headers={"idempotency-key": f"k-{uuid.uuid4()}"},
    )
    assert corrected.json()["expense"]["description"] == "card [card number removed], wifi password [password removed]"
    question: dict[str, Any] = {"text": f"spent $45 on gas, password: {password}", "conversation_id": str(uuid.uuid4())}
    asked = traveller.http.post("/v1/ask", json=question, headers={"idempotency-key": f"k-{uuid.uuid4()}"})
    assert asked.status_code == 200
    assert password not in asked.text
    for secret in (password, CARD):
        assert find_stored(secret) == {}
