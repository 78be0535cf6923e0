"""Fixtures of the local dashboard's tests."""

from collections.abc import Iterator

import httpx
import pytest

from local.stack import LocalStack
from tests.functional.chat.conftest import chat_table, claude
from tests.functional.monitoring.replay import Replay

__all__ = ["chat_table", "claude", "http"]


@pytest.fixture
def http(stack: LocalStack) -> Iterator[httpx.Client]:
    """A client without a user."""
    with httpx.Client(base_url=stack.url, timeout=30) as client:
        yield client


@pytest.fixture
def replay(stack: LocalStack) -> Replay:
    """A dashboard that is given what the stack's functions write."""
    return Replay(stack)
