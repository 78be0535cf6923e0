"""Fixtures of the chat: connections, the stand-in for Claude, the chat table, and scenarios that run at once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from local.stack import LocalStack
from pam.platform import aws
from pam.platform.dynamodb import DynamoTable
from tests.conftest import Traveller
from tests.functional.chat.chat_socket import ChatSocket, open_socket
from tests.functional.chat.claude_scripts import ClaudeScripts
from tests.functional.chat.scenarios import Scenario, start_scenarios


@pytest.fixture
def connect_socket() -> Iterator[Callable[[Traveller], ChatSocket]]:
    """Open connections, each with a ticket of its own."""
    with ExitStack() as opened:
        yield lambda traveller: opened.enter_context(open_socket(traveller.http))


@pytest.fixture
def socket(connect_socket: Callable[[Traveller], ChatSocket], traveller: Traveller) -> ChatSocket:
    """An open connection of a new user."""
    return connect_socket(traveller)


@pytest.fixture
def claude(stack: LocalStack) -> Iterator[ClaudeScripts]:
    """Scripts of the stand-in for Claude, with a marker of this test."""
    with httpx.Client(base_url=stack.claude.url, timeout=30) as http:
        yield ClaudeScripts(http)


@pytest.fixture(scope="session")
def chat_table(stack: LocalStack, lambda_environment: None) -> DynamoTable:
    """The chat table, to read and to change items."""
    return DynamoTable(aws.client("dynamodb"), stack.environment_of("chat")["CHAT_TABLE"])


@pytest.fixture(scope="module")
def wait_for_scenario(
    stack: LocalStack, chat_table: DynamoTable, request: pytest.FixtureRequest
) -> Iterator[Callable[[Scenario], None]]:
    """Start all selected scenarios of the module; return a function that waits for one of them."""
    tests = [item for item in request.session.items if item.path == request.path and hasattr(item, "callspec")]
    selected = [test.callspec.params["scenario"] for test in tests if "scenario" in test.callspec.params]
    with start_scenarios(stack, chat_table, selected) as wait_for:
        yield wait_for
