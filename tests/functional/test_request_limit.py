"""The limit on a user's requests and frames, with the template's default: on every route, in every function."""

import json
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from local.lambda_runtime.function import DEFAULT_CONCURRENCY
from local.stack import LocalStack
from pam.bootstrap import Bootstrap
from pam.platform.dynamodb import DynamoTable, DynamoUnavailable
from pam.platform.errors import PamError
from pam.platform.request_limit import RequestLimit
from tests.functional.chat.chat_socket import open_socket

PER_MINUTE = 120
SHARE_AT_ONCE = 2
SHARE_PER_MINUTE = 10


@pytest.fixture(scope="module")
def limited_stack() -> Iterator[LocalStack]:
    """A stack with the template's default limit."""
    with TemporaryDirectory(prefix="pam-") as state, LocalStack(Path(state), claude_profile="zero") as stack:
        yield stack


@pytest.fixture
def table(stack: LocalStack, lambda_environment: None) -> DynamoTable:
    """The user cache's table."""
    services = Bootstrap(stack.environment_of("ask"))
    return DynamoTable(services.dynamodb, stack.environment_of("ask")["USER_CACHE_TABLE"], key=("user_id", "item"))


def client_of(stack: LocalStack, user: uuid.UUID) -> httpx.Client:
    return httpx.Client(base_url=stack.url, headers={"authorization": f"Bearer {stack.token(user)}"}, timeout=60)


def most_accepted(seconds: float) -> float:
    """How many requests to one function may be accepted in this time, beginning with a user without requests."""
    shared = PER_MINUTE / 2 + seconds * PER_MINUTE / 60
    return shared + DEFAULT_CONCURRENCY * (SHARE_AT_ONCE + seconds * SHARE_PER_MINUTE / 60)


REQUESTS: dict[str, Callable[[int], tuple[str, str, Any]]] = {
    "tickets": lambda _: ("POST", "/v1/ws-ticket", {}),
    "questions": lambda _: ("POST", "/v1/ask", {"text": "How are my budgets doing?"}),
    "uncached look-ups": lambda number: ("GET", f"/v1/weather?latitude=4{number / 1000:.3f}&longitude=-100", None),
    "invalid requests": lambda _: ("GET", "/v1/spend-summary?period=never", None),
}


@pytest.mark.parametrize("kind", REQUESTS)
def test_requests_beyond_the_limit_are_refused(limited_stack: LocalStack, kind: str) -> None:
    """They get 429 with the seconds to wait; another user's requests are accepted meanwhile."""
    user, other = uuid.uuid4(), uuid.uuid4()
    began = time.monotonic()
    with client_of(limited_stack, user) as http, client_of(limited_stack, other) as other_http:

        def send(number: int) -> httpx.Response:
            method, path, body = REQUESTS[kind](number)
            return http.request(method, path, json=body)

        with ThreadPoolExecutor(16) as pool:
            responses = list(pool.map(send, range(300)))
        seconds = time.monotonic() - began
        refused = [response for response in responses if response.status_code == 429]
        assert PER_MINUTE / 2 <= len(responses) - len(refused) <= most_accepted(seconds)
        for response in refused:
            body = response.json()
            assert body["code"] == "rate_limited"
            assert 1 <= body["retry_after"] <= 2
            assert response.headers["retry-after"] == str(body["retry_after"])
        assert other_http.get("/v1/budget-status").status_code == 200


def test_frames_beyond_the_limit_are_refused(limited_stack: LocalStack) -> None:
    """Each gets an error with the seconds to wait and with the id that it is about; the connection stays open."""
    began = time.monotonic()
    message_id = str(uuid.uuid4())
    with client_of(limited_stack, uuid.uuid4()) as http, open_socket(http) as socket:
        for _ in range(250):
            socket.send("ping")
        for _ in range(50):
            socket.send("cancel", message_id=message_id)
        frames = [socket.receive() for _ in range(300)]
        seconds = time.monotonic() - began
        refused = [frame for frame in frames if frame.get("code") == "rate_limited"]
        assert PER_MINUTE / 2 <= len(frames) - len(refused) <= most_accepted(seconds)
        assert {frame["retry_after"] for frame in refused} <= {1, 2}
        assert {frame["message_id"] for frame in refused if "message_id" in frame} <= {message_id}
        time.sleep(2)
        socket.send("ping")
        assert socket.receive() == {"type": "pong"}


def test_limit_is_shared_by_all_environments(table: DynamoTable) -> None:
    """Of 200 requests at once, in four environments, the shared ones are accepted and each environment's share."""
    user, now = uuid.uuid4(), datetime.now(UTC)
    environments = [RequestLimit(table, PER_MINUTE, lambda: now) for _ in range(4)]

    def take(number: int) -> int | None:
        try:
            environments[number % 4].take(user)
        except PamError as error:
            assert error.error.code == "rate_limited"
            return error.retry_after
        return None

    with ThreadPoolExecutor(16) as pool:
        outcomes = Counter(pool.map(take, range(200)))
    assert outcomes == {None: PER_MINUTE // 2 + 4 * SHARE_AT_ONCE, 1: 200 - PER_MINUTE // 2 - 4 * SHARE_AT_ONCE}
    now += timedelta(minutes=1)
    with ThreadPoolExecutor(16) as pool:
        assert Counter(pool.map(take, range(200)))[None] == PER_MINUTE // 2 + 4 * SHARE_AT_ONCE


class CountedTable(DynamoTable):
    """A table that counts its updates, and can be unavailable."""

    def __init__(self) -> None:
        super().__init__(None, "")
        self.updates = 0

    def update(self, *_: Any, **__: Any) -> Any:
        self.updates += 1
        raise DynamoUnavailable


def test_ordinary_user_costs_no_request_to_dynamodb() -> None:
    """Two requests at once and one every six seconds are counted in the environment alone."""
    table, user, now = CountedTable(), uuid.uuid4(), datetime.now(UTC)
    limit = RequestLimit(table, PER_MINUTE, lambda: now)
    for _ in range(SHARE_AT_ONCE):
        limit.take(user)
    for _ in range(100):
        now += timedelta(seconds=6)
        limit.take(user)
    assert table.updates == 0


def test_environments_share_is_left_without_dynamodb() -> None:
    """Beyond it requests are refused until the share has a token again."""
    table, user, now = CountedTable(), uuid.uuid4(), datetime.now(UTC)
    limit = RequestLimit(table, PER_MINUTE, lambda: now)
    for _ in range(SHARE_AT_ONCE):
        limit.take(user)
    with pytest.raises(PamError) as refusal:
        limit.take(user)
    assert json.dumps(refusal.value.body()) and refusal.value.retry_after == 6
    limit.take(uuid.uuid4())
    now += timedelta(seconds=6)
    limit.take(user)
    assert table.updates == 1
