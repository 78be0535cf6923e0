"""The stand-ins in processes of their own, and adapters and caches that use them."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.stand_ins.aws import Aws
from local.stand_ins.travel.server import EIA_KEY, MAPBOX_KEY, TravelStandIns
from pam.platform.deadline import Deadline
from pam.sources.api_key import ApiKey
from pam.sources.ecb import Ecb
from pam.sources.eia import Eia
from pam.sources.http_client import HttpClient
from pam.sources.mapbox import Mapbox
from pam.sources.open_meteo import OpenMeteo
from pam.sources.source import Source, SourceError
from tests.functional.sources.cache_fixtures import dynamodb_at
from tests.functional.stand_ins.client import StandInClient, client_of, running

DENVER, MOAB = (39.7392, -104.9847), (38.5733, -109.5498)


def error_of(send: Callable[[Deadline], Any], seconds: float = 2.0) -> tuple[SourceError, float]:
    """Return the error of a request that fails, and its duration in seconds."""
    began = time.monotonic()
    with pytest.raises(SourceError) as raised:
        send(Deadline(seconds))
    return raised.value, time.monotonic() - began


@dataclass(frozen=True)
class Servers:
    """The URLs of the servers."""

    mapbox: str
    open_meteo: str
    eia: str
    ecb: str
    aws: str


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Start the processes of the stand-ins once."""
    logs = tmp_path_factory.mktemp("sources")
    travel, aws = TravelStandIns(logs / "travel.log"), Aws(logs / "aws.log")
    with running(aws), running(travel):
        yield Servers(travel.mapbox_url, travel.open_meteo_url, travel.eia_url, travel.ecb_url, aws.endpoint)


@pytest.fixture
def mapbox_stand_in(servers: Servers) -> Iterator[StandInClient]:
    with client_of(servers.mapbox) as client:
        yield client


@pytest.fixture
def weather_stand_in(servers: Servers) -> Iterator[StandInClient]:
    with client_of(servers.open_meteo) as client:
        yield client


@pytest.fixture
def eia_stand_in(servers: Servers) -> Iterator[StandInClient]:
    with client_of(servers.eia) as client:
        yield client


@pytest.fixture
def ecb_stand_in(servers: Servers) -> Iterator[StandInClient]:
    with client_of(servers.ecb) as client:
        yield client


@pytest.fixture
def ecb(ecb_stand_in: StandInClient) -> Ecb:
    return Ecb(HttpClient(Source.ECB, ecb_stand_in.url))


def key(source: Source, value: str) -> ApiKey:
    return ApiKey(source, lambda: json.dumps({"key": value}))


@pytest.fixture
def mapbox(mapbox_stand_in: StandInClient) -> Mapbox:
    return Mapbox(HttpClient(Source.MAPBOX, mapbox_stand_in.url), key(Source.MAPBOX, MAPBOX_KEY))


@pytest.fixture
def open_meteo(weather_stand_in: StandInClient) -> OpenMeteo:
    return OpenMeteo(HttpClient(Source.OPEN_METEO, weather_stand_in.url))


@pytest.fixture
def eia(eia_stand_in: StandInClient) -> Eia:
    return Eia(HttpClient(Source.EIA, eia_stand_in.url), key(Source.EIA, EIA_KEY))


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
def refused_url() -> str:
    """A URL that refuses connections."""
    return "http://127.0.0.1:9"
