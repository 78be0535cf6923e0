"""The stand-in for Gemini in a process of its own, with its key in each request."""

from collections.abc import Iterator

import pytest

from local.stand_ins.gemini.server import GEMINI_KEY, GeminiStandIn
from tests.functional.stand_ins.client import StandInClient, client_of, running


@pytest.fixture(scope="package")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    stand_in = GeminiStandIn(tmp_path_factory.mktemp("gemini") / "gemini.log")
    with running(stand_in):
        yield stand_in.url


@pytest.fixture
def stand_in(url: str) -> Iterator[StandInClient]:
    with client_of(url) as client:
        client.http.headers["x-goog-api-key"] = GEMINI_KEY
        yield client
