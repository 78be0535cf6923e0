"""The local stack, running a small application of its own (`app/`), which has something of everything."""

from collections.abc import Iterator
from pathlib import Path

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
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with LocalStack(tmp_path_factory.mktemp("state"), template=APP / "template.yaml") as stack:
        yield stack


@pytest.fixture(scope="session")
def http(stack: LocalStack) -> Iterator[httpx.Client]:
    """A client without a token."""
    with httpx.Client(base_url=stack.url, timeout=40, trust_env=False) as client:
        yield client


@pytest.fixture
def bearer(stack: LocalStack) -> dict[str, str]:
    """The header of somebody who is signed in."""
    return {"authorization": f"Bearer {stack.token()}"}
