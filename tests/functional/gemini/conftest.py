"""The stand-in for Gemini in a process of its own, and adapters that call it with the real SDK."""

import json
from collections.abc import Callable, Iterator

import pytest

from local.stand_ins.gemini.server import GEMINI_KEY, GeminiStandIn
from pam.sources.api_key import ApiKey
from pam.sources.gemini.client import GeminiEmbedder
from pam.sources.gemini.judge import GeminiJudge
from pam.sources.source import Source
from tests.functional.stand_ins.client import StandInClient, client_of, running

NewEmbedder = Callable[..., GeminiEmbedder]
NewJudge = Callable[..., GeminiJudge]


@pytest.fixture(scope="session")
def stand_in_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    stand_in = GeminiStandIn(tmp_path_factory.mktemp("gemini") / "gemini.log")
    with running(stand_in):
        yield stand_in.url


@pytest.fixture
def stand_in(stand_in_url: str) -> Iterator[StandInClient]:
    with client_of(stand_in_url) as client:
        yield client


@pytest.fixture
def new_embedder(stand_in: StandInClient) -> NewEmbedder:
    """Makes adapters to the stand-in, or to another URL."""

    def make(model: str = "gemini-embedding-2", key: str = GEMINI_KEY, url: str = stand_in.url) -> GeminiEmbedder:
        return GeminiEmbedder(url, ApiKey(Source.GEMINI, lambda: json.dumps({"key": key})), model)

    return make


@pytest.fixture
def embedder(new_embedder: NewEmbedder) -> GeminiEmbedder:
    return new_embedder()


@pytest.fixture
def new_judge(stand_in: StandInClient) -> NewJudge:
    """Makes judges that call the stand-in, or another URL."""

    def make(model: str = "gemini-3.5-flash-lite", key: str = GEMINI_KEY, url: str = stand_in.url) -> GeminiJudge:
        return GeminiJudge(url, ApiKey(Source.GEMINI, lambda: json.dumps({"key": key})), model)

    return make


@pytest.fixture
def judge(new_judge: NewJudge) -> GeminiJudge:
    return new_judge()
