"""A fetch and a faulty DynamoDB client for the tests of the shared cache and the circuit breaker."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from pam.cache.shared_cache import LEASE_TIMEOUT_S, Lifetime, SharedAnswer, SharedCache
from pam.platform.deadline import Deadline
from pam.sources.source import Fetched, Source, SourceError, SourceErrorKind

LIFETIME = Lifetime(timedelta(minutes=10), timedelta(minutes=1), timedelta(days=1))


class FakeFetch:
    """A fetch of Mapbox that counts its runs, and returns a value or raises an error."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.error: SourceError | None = None
        self.runs = 0

    def __call__(self, deadline: Deadline) -> Fetched[Any]:
        self.runs += 1
        assert 0 < deadline.left_s <= LEASE_TIMEOUT_S
        if self.error:
            raise self.error
        return Fetched(self.value, "Mapbox", simulated=False)

    def fail(self, kind: SourceErrorKind, retry_after: float | None = None) -> None:
        self.error = SourceError(Source.MAPBOX, kind, retry_after=retry_after)


def answer_from(
    cache: SharedCache, fetch: Callable[[Deadline], Fetched[Any]], key: str = "road|1", seconds: float = 2.0
) -> SharedAnswer:
    return cache.fetch(key, Source.MAPBOX, LIFETIME, fetch, Deadline(seconds))


# Each session would load botocore's data again. Creating a client isn't thread-safe within one.
_SESSION = boto3.Session("test", "test", region_name="us-east-1")
_LOCK = threading.Lock()


def dynamodb_at(endpoint: str, max_attempts: int = 2) -> Any:
    """A client of its own, as each Lambda environment has."""
    retries: Any = {"total_max_attempts": max_attempts, "mode": "standard"}
    config = Config(connect_timeout=10, read_timeout=10, retries=retries, max_pool_connections=64)
    with _LOCK:
        return _SESSION.client("dynamodb", endpoint_url=endpoint, config=config)


@dataclass
class Lost:
    """How many responses were lost."""

    count: int = 0


def lose_response(client: Any, operation: str, *, containing: bytes) -> Lost:
    """Let DynamoDB execute the first such request, but lose its response, as a network does."""
    lost, http = Lost(), URLLib3Session()

    def send(request: Any, **_: Any) -> None:
        if lost.count == 0 and containing in request.body:
            lost.count += 1
            assert http.send(request).status_code == 200
            raise ReadTimeoutError(endpoint_url=request.url)

    client.meta.events.register(f"before-send.dynamodb.{operation}", send)
    return lost


def stop_requests(client: Any) -> None:
    """Fail every further request of a client, as if its process were dead."""

    def fail(request: Any, **_: Any) -> None:
        raise EndpointConnectionError(endpoint_url=request.url)

    client.meta.events.register("before-send.dynamodb", fail)
