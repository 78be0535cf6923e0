"""A ticket opens one WebSocket of the user it was given to, from the page's own origin, within a minute."""

import hashlib
import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from local.stack import LocalStack
from pam.platform import aws
from pam.platform.dynamodb import DynamoTable
from tests.conftest import Traveller

CONCURRENT = 20

NewTraveller = Callable[[], Traveller]


def ticket_of(traveller: Traveller) -> dict[str, Any]:
    """Return a new ticket with its address."""
    response = traveller.http.post("/v1/ws-ticket", json={})
    assert response.status_code == 201
    ticket: dict[str, Any] = response.json()
    return ticket


def status_of(url: str, **options: Any) -> int:
    """Return the status of a handshake: 101 where it opens a socket."""
    try:
        with connect(url, **options):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


@pytest.fixture
def chat_items(stack: LocalStack, lambda_environment: None) -> DynamoTable:
    """The chat table."""
    return DynamoTable(aws.client("dynamodb"), stack.environment_of("chat")["CHAT_TABLE"])


def test_ticket_opens_one_of_many_concurrent_connections(traveller: Traveller) -> None:
    """Of twenty handshakes with one ticket at the same time, exactly one opens a socket."""
    ticket = ticket_of(traveller)
    url, together = f"{ticket['url']}?ticket={ticket['ticket']}", Barrier(CONCURRENT)

    def try_it(_number: int) -> int:
        together.wait()
        return status_of(url)

    with ThreadPoolExecutor(CONCURRENT) as pool:
        statuses = list(pool.map(try_it, range(CONCURRENT)))
    assert sorted(statuses) == [101] + [401] * (CONCURRENT - 1)
    assert status_of(url) == 401


@pytest.mark.parametrize("seconds", [0, 1, 3600])
def test_expired_ticket_opens_none(traveller: Traveller, chat_items: DynamoTable, seconds: int) -> None:
    """Also while DynamoDB hasn't deleted it yet, and never again."""
    ticket = ticket_of(traveller)
    key = ("ticket#" + hashlib.sha256(ticket["ticket"].encode()).hexdigest(), "-")
    item = chat_items.get(*key)
    assert item is not None
    lifetime, past = int(item["ttl"]), 60 + seconds
    chat_items.update(key, "set #ttl = :ttl", {"ttl": lifetime - past}, condition="attribute_exists(#ttl)")
    assert status_of(f"{ticket['url']}?ticket={ticket['ticket']}") == 401


def test_stolen_ticket_is_its_user_s(new_traveller: NewTraveller) -> None:
    """Whoever has it is the user it was given to, and not another one of their choice: nothing else in the handshake
    names the user. The user then notices, since it is used up."""
    victim, thief = new_traveller(), new_traveller()
    ticket = ticket_of(victim)
    url = f"{ticket['url']}?ticket={ticket['ticket']}"
    thief.spends("77")
    headers = {"authorization": thief.http.headers["authorization"], "x-user-id": str(thief.id)}
    with connect(f"{url}&user_id={thief.id}", additional_headers=headers) as socket:
        question = "How much did I spend on gas this month?"
        socket.send(json.dumps({"action": "chat", "message_id": str(uuid.uuid4()), "text": question}))
        frames = [json.loads(socket.recv(timeout=30))]
        while frames[-1]["type"] not in ("done", "error"):
            frames.append(json.loads(socket.recv(timeout=30)))
        assert frames[-1]["answer"]["count"] == 0
        assert status_of(url) == 401


def test_ticket_of_another_does_not_count_beside_one_s_own(new_traveller: NewTraveller) -> None:
    """Of two tickets in a query the last counts, as API Gateway passes it on; the other one stays valid."""
    one, other = ticket_of(new_traveller()), ticket_of(new_traveller())
    assert status_of(f"{one['url']}?ticket={one['ticket']}&ticket={other['ticket']}") == 101
    assert status_of(f"{one['url']}?ticket={other['ticket']}") == 401
    assert status_of(f"{one['url']}?ticket={one['ticket']}") == 101


def test_ticket_in_another_place_opens_none(traveller: Traveller, stack: LocalStack) -> None:
    """A header, a cookie, the path, another parameter, or a token in the ticket's place: the ticket stays valid."""
    ticket = ticket_of(traveller)
    url, secret = ticket["url"], ticket["ticket"]
    for headers in (
        {"authorization": f"Bearer {secret}"},
        {"ticket": secret},
        {"cookie": f"ticket={secret}"},
        {"sec-websocket-protocol": secret},
    ):
        assert status_of(url, additional_headers=headers) == 401
    for query in (f"?token={secret}", f"?Ticket={secret}", f"?ticket[]={secret}", f"?{secret}"):
        assert status_of(url + query) == 401
    assert status_of(f"{url}/{secret}") == 403
    for wrong in (stack.token(traveller.id), secret[:-1], f"{secret}x", secret.swapcase(), hashed(secret)):
        assert status_of(f"{url}?ticket={wrong}") == 401
    assert traveller.http.get("/v1/savings", headers={"authorization": f"Bearer {secret}"}).status_code == 401
    assert status_of(f"{url}?ticket={secret}") == 101


def hashed(secret: str) -> str:
    """What the table has of a ticket: reading it gives nothing that opens a socket."""
    return hashlib.sha256(secret.encode()).hexdigest()


@pytest.mark.parametrize("origin", ["https://pages.example", "null", "http://127.0.0.1", "http://127.0.0.1:1", ""])
def test_page_of_another_origin_opens_none(traveller: Traveller, origin: str) -> None:
    """A browser sends the origin of the page, which CORS doesn't check for WebSockets. The ticket stays valid."""
    ticket = ticket_of(traveller)
    url = f"{ticket['url']}?ticket={ticket['ticket']}"
    assert status_of(url, additional_headers={"Origin": origin}) == 401
    own = str(traveller.http.base_url).rstrip("/")
    assert status_of(url, additional_headers={"origin": own}) == 101


def test_ticket_and_token_are_in_no_log(traveller: Traveller, stack: LocalStack) -> None:
    """Neither of a used one nor of a refused one."""
    used, refused = ticket_of(traveller), ticket_of(traveller)
    assert status_of(f"{used['url']}?ticket={used['ticket']}") == 101
    assert status_of(f"{used['url']}?ticket={used['ticket']}") == 401
    assert status_of(f"{refused['url']}?ticket={refused['ticket']}x") == 401
    logs = sorted(stack.functions["websocket_authorizer"].log.parent.iterdir())
    text = "".join(log.read_text(encoding="utf-8", errors="replace") for log in logs)
    assert "websocket_authorizer" in text
    token = traveller.http.headers["authorization"].removeprefix("Bearer ")
    for secret in (used["ticket"], refused["ticket"], token, token.rpartition(".")[2]):
        assert secret not in text
