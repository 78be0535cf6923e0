"""The local stack, running a small application of its own (`app/`), which has something of everything."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import httpx
import pytest

from local.stack import LocalStack

APP = Path(__file__).parent / "app"


@pytest.fixture(scope="session", autouse=True)
def own_postgres() -> Iterator[None]:
    """These tests stop and start their database, so it isn't the one that the developer names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        yield


@pytest.fixture(scope="session")
def app() -> Path:
    return APP


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    with TemporaryDirectory(prefix="pam-") as state, LocalStack(Path(state), template=APP / "template.yaml") as stack:
        yield stack


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A new state directory.

    Not in pytest's own, which every other run of pytest makes unreadable for the user that Postgres runs as.
    """
    with TemporaryDirectory(prefix="pam-") as state:
        yield Path(state)


@pytest.fixture(scope="module")
def used_state_dir() -> Iterator[Path]:
    """A state directory of one module, whose database the first stack makes and the others find."""
    with TemporaryDirectory(prefix="pam-") as state:
        yield Path(state)


@pytest.fixture(scope="session")
def http(stack: LocalStack) -> Iterator[httpx.Client]:
    """A client without a token."""
    with httpx.Client(base_url=stack.url, timeout=40, trust_env=False) as client:
        yield client


@pytest.fixture
def bearer(stack: LocalStack) -> dict[str, str]:
    """The header of the signed-in demo traveller."""
    return {"authorization": f"Bearer {stack.token()}"}


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """Clients of AWS's SDK, with credentials that anything local takes."""
    return boto3.Session("local", "local", region_name="us-east-1")


class Queue:
    """A queue of SQS, whose messages are kept once received, for whichever test looks for them."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url
        self._received: list[dict[str, Any]] = []

    def find(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = 30) -> dict[str, Any]:
        """The first message whose body, a JSON object, is wanted: the whole message, its `Body` parsed."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := next((message for message in self._received if wanted(message["Body"])), None):
                return found
            answer = self._client.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            )
            for message in answer.get("Messages", []):
                self._received.append(message | {"Body": json.loads(message["Body"])})
                self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            time.sleep(0.02)
        raise AssertionError("no such message")


@pytest.fixture(scope="session")
def queue(stack: LocalStack, session: boto3.Session) -> Callable[[str], Queue]:
    """The queue that is called so in the application's template."""
    client = session.client("sqs", endpoint_url=stack.aws_endpoint)
    queues: dict[str, Queue] = {}

    def named(logical_id: str) -> Queue:
        url = f"{stack.aws_endpoint}/123456789012/pam-local-{logical_id}"
        return queues.setdefault(logical_id, Queue(client, url))

    return named
