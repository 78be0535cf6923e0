"""The stand-ins in their own process, a real moto server, and adapters and caches over both."""

import asyncio
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from local.stand_ins.aws import Aws
from local.stand_ins.travel.server import EIA_KEY, MAPBOX_KEY, TravelStandIns
from pam.sources.api_key import ApiKey
from pam.sources.eia import Eia
from pam.sources.http_client import HttpClient
from pam.sources.mapbox import Mapbox
from pam.sources.open_meteo import OpenMeteo
from pam.sources.source import Source
from tests.functional.sources.cache_fixtures import dynamodb_at


class Standin:
    """One stand-in, as a test commands it and reads its journal."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, trust_env=False, verify=False)

    def fails(self, mode: str, **more: Any) -> None:
        self.http.put("/_control", json={"mode": mode} | more).raise_for_status()

    def reset(self) -> None:
        self.http.delete("/_journal").raise_for_status()

    @property
    def journal(self) -> dict[str, Any]:
        return self.http.get("/_journal").json()

    @property
    def asked(self) -> int:
        return self.journal["requests"]


@dataclass(frozen=True)
class Servers:
    """Where everything is."""

    mapbox: str
    open_meteo: str
    eia: str
    aws: str


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The processes of the stand-ins and of moto, started once."""
    logs = tmp_path_factory.mktemp("upstream")
    upstreams, aws = TravelStandIns(logs / "upstream.log"), Aws(logs / "aws.log")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(60)

    try:
        run(aws.start())
        run(upstreams.start())
        yield Servers(upstreams.mapbox_url, upstreams.open_meteo_url, upstreams.eia_url, aws.endpoint)
    finally:
        run(upstreams.stop())
        run(aws.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def standin(url: str) -> Iterator[Standin]:
    it = Standin(url)
    it.reset()
    yield it
    it.reset()
    it.http.close()


@pytest.fixture
def mapbox_standin(servers: Servers) -> Iterator[Standin]:
    yield from standin(servers.mapbox)


@pytest.fixture
def weather_standin(servers: Servers) -> Iterator[Standin]:
    yield from standin(servers.open_meteo)


@pytest.fixture
def eia_standin(servers: Servers) -> Iterator[Standin]:
    yield from standin(servers.eia)


def key(source: Source, value: str) -> ApiKey:
    return ApiKey(source, lambda: json.dumps({"key": value}))


@pytest.fixture
def mapbox(mapbox_standin: Standin) -> Mapbox:
    return Mapbox(HttpClient(Source.MAPBOX, mapbox_standin.url), key(Source.MAPBOX, MAPBOX_KEY))


@pytest.fixture
def open_meteo(weather_standin: Standin) -> OpenMeteo:
    return OpenMeteo(HttpClient(Source.OPEN_METEO, weather_standin.url))


@pytest.fixture
def eia(eia_standin: Standin) -> Eia:
    return Eia(HttpClient(Source.EIA, eia_standin.url), key(Source.EIA, EIA_KEY))


@pytest.fixture
def dynamodb(servers: Servers) -> Any:
    return dynamodb_at(servers.aws)


@pytest.fixture
def new_client(servers: Servers) -> Callable[[], Any]:
    return lambda: dynamodb_at(servers.aws)


@pytest.fixture
def table(dynamodb: Any) -> str:
    """A new table of shared answers."""
    name = f"shared-{uuid.uuid4().hex[:8]}"
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
    )
    return name


@pytest.fixture
def nobody() -> str:
    """An address where nobody listens."""
    return "http://127.0.0.1:9"
