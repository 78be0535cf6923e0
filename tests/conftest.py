"""What all tests share: one local stack on the real parts, and travellers who know nothing of each other."""

import gc
import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import settings

from local.stack import LocalStack
from pam.answers.dependencies import UserDependencies
from pam.bootstrap import Bootstrap
from pam.platform.clock import Clock, utc_now
from pam.platform.postgres import Database
from tests.log_hygiene import find_leaks, written_texts

CHECKOUT = Path(__file__).parent.parent

# No test uses TLS to the outside. Each of thousands of HTTP clients would read the certificates of all authorities,
# which takes 20 to 70 ms. This folder has none.
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = str(CHECKOUT / "tests")

# The suite generates the same examples in each run, and no example is timed: the machine may be busy. `make soak`
# generates other ones in each run, and more of them.
settings.register_profile("suite", derandomize=True, deadline=None)
settings.register_profile("soak", max_examples=1000, deadline=None)
settings.load_profile("suite")


# The catalogue is everybody's, and no user adds to it: a product that all the tests can't buy out.
INSERT_PRODUCT = """
insert into products (name, category, price, currency, stock, description)
values ('Drinking Water Hose', 'plumbing', 27.95, 'USD', 1000000, 'Lead free, fits any city water inlet.')
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the unit tests last: with many short files no process of a parallel run ends long before the others."""
    items.sort(key=lambda item: item.path.is_relative_to(CHECKOUT / "tests" / "unit"))


def pytest_collection_finish() -> None:
    """Keep the tests themselves out of garbage collection: it would go through them all again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """PAM on this machine: Postgres, the AWS endpoint, the gateway and the functions, in a state directory of its own.

    Not in pytest's, which each other run of pytest makes unreadable for the user that Postgres runs as.
    """
    # Tests send hundreds of requests as one user. The limit has a test of its own, with the template's default.
    unlimited = {"UserRequestsPerMinute": "1000000"}
    with (
        TemporaryDirectory(prefix="pam-") as state,
        LocalStack(Path(state), claude_profile="zero", parameters=unlimited) as stack,
    ):
        assert stack.warm() == {}
        # Questions of tests have random words, which stage 1 flags now and then. The stand-in's errors have tests of
        # their own.
        accuracy = {"attack_accuracy": 1, "benign_accuracy": 1}
        httpx.put(f"{stack.gemini.url}/_control", json=accuracy).raise_for_status()
        with psycopg.connect(stack.postgres.owner) as owner:
            owner.execute(INSERT_PRODUCT)
        yield stack
        # Of all tests that used this stack.
        logs = [function.log for function in stack.functions.values()]
        secrets = [stack.postgres.app["password"]]
        assert find_leaks(logs, secrets, written_texts(stack.postgres.owner)) == []


@dataclass(frozen=True)
class Traveller:
    """Someone who is signed in: an id, and an HTTP client that carries the token."""

    id: uuid.UUID
    http: httpx.Client

    def spends(self, amount: str, category: str = "fuel", *, key: str | None = None, **more: Any) -> httpx.Response:
        headers = {"idempotency-key": key} if key else {}
        return self.http.post("/v1/expenses", json={"amount": amount, "category": category} | more, headers=headers)

    def summary(self, **parameters: str) -> dict[str, Any]:
        reply = self.http.get("/v1/spend-summary", params=parameters)
        assert reply.status_code == 200, reply.text
        return reply.json()


@pytest.fixture
def new_traveller(stack: LocalStack) -> Iterator[Callable[[], Traveller]]:
    """Makes travellers whom the database has never seen."""
    with ExitStack() as clients:

        def make() -> Traveller:
            user_id = uuid.uuid4()
            headers = {"authorization": f"Bearer {stack.token(user_id)}"}
            client = httpx.Client(base_url=stack.url, headers=headers, timeout=30)
            return Traveller(user_id, clients.enter_context(client))

        yield make


@pytest.fixture
def traveller(new_traveller: Callable[[], Traveller]) -> Traveller:
    """A user without any data."""
    return new_traveller()


@pytest.fixture
def owner(stack: LocalStack) -> Iterator[psycopg.Connection]:
    """A connection that sees every row, to arrange things and to look behind the answers."""
    with psycopg.connect(stack.postgres.owner, autocommit=True) as connection:
        yield connection


@pytest.fixture
def database(stack: LocalStack) -> Iterator[Database]:
    """The database as the functions see it: as the app's role."""
    database = Database(lambda: json.dumps(stack.postgres.app))
    yield database
    database.close()


@pytest.fixture(scope="session")
def lambda_environment(stack: LocalStack) -> Iterator[None]:
    """This process with the environment of a function, so that boto3 finds the stack's DynamoDB."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in stack.environment_of("ask").items():
            if name not in {"PATH", "LANG", "TZ"}:  # of the Lambda's machine, and not of this one
                patch.setitem(os.environ, name, value)
        yield


@pytest.fixture
def build_dependencies(lambda_environment: None) -> Iterator[Callable[..., UserDependencies]]:
    """Build the dependencies of a Lambda environment with a clock of the test's own."""
    built: list[UserDependencies] = []

    def build(clock: Clock = utc_now) -> UserDependencies:
        built.append(Bootstrap(clock=clock).user_dependencies)
        return built[-1]

    yield build
    for dependencies in built:
        dependencies.database.close()
