"""The suite runs against the local stack, or against a deployed stage:

    pytest tests/contract --base-url https://... --ws-url wss://... --token ...

Where the two differ, one of the runs fails: so the local gateway can be proved wrong.
"""

import uuid
from collections.abc import Iterator
from typing import cast

import httpx
import pytest

from local.stack import LocalStack


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--base-url", help="API of a deployed stage, in place of a local stack")
    parser.addoption("--ws-url", help="WebSocket API of that stage; without it, what needs one is skipped")
    parser.addoption("--token", help="access token for that stage; without it, what needs one is skipped")


def _option(request: pytest.FixtureRequest, name: str) -> str | None:
    # The options are known only when this folder is named on the command line.
    return cast(str | None, request.config.getoption(name, default=None))


@pytest.fixture(scope="module")
def local_stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalStack | None]:
    """The stack that this run started; None against a deployed stage.

    A stack takes more than a gigabyte: it isn't kept until the last test.
    """
    if _option(request, "--base-url"):
        yield None
    else:
        with LocalStack(tmp_path_factory.mktemp("contract")) as stack:
            yield stack


@pytest.fixture(scope="module")
def api(request: pytest.FixtureRequest, local_stack: LocalStack | None) -> Iterator[httpx.Client]:
    """A client of the API, without a token."""
    url = local_stack.url if local_stack else cast(str, _option(request, "--base-url"))
    with httpx.Client(base_url=url, timeout=40) as client:
        yield client


@pytest.fixture(scope="module")
def token(request: pytest.FixtureRequest, local_stack: LocalStack | None) -> str:
    """A token that the API takes: locally, of somebody who has no data."""
    token = local_stack.token(uuid.uuid4()) if local_stack else _option(request, "--token")
    if token is None:
        pytest.skip("needs --token")
    return token


@pytest.fixture(scope="module")
def ws_url(request: pytest.FixtureRequest, local_stack: LocalStack | None) -> str:
    """Where sockets open, without a ticket."""
    url = local_stack.ws_url if local_stack else _option(request, "--ws-url")
    if url is None:
        pytest.skip("needs --ws-url")
    return url
