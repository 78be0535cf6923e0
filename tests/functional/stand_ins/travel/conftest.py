"""The stand-ins for the travel sources in their own process."""

from collections.abc import Iterator

import pytest

from local.stand_ins.travel.server import TravelStandIns
from tests.functional.stand_ins.client import StandInClient, client_of, running


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TravelStandIns]:
    stand_ins = TravelStandIns(tmp_path_factory.mktemp("travel") / "travel.log")
    with running(stand_ins):
        yield stand_ins


@pytest.fixture
def mapbox(stand_ins: TravelStandIns) -> Iterator[StandInClient]:
    with client_of(stand_ins.mapbox_url) as client:
        yield client


@pytest.fixture
def open_meteo(stand_ins: TravelStandIns) -> Iterator[StandInClient]:
    with client_of(stand_ins.open_meteo_url) as client:
        yield client


@pytest.fixture
def ecb(stand_ins: TravelStandIns) -> Iterator[StandInClient]:
    with client_of(stand_ins.ecb_url) as client:
        yield client


@pytest.fixture
def eia(stand_ins: TravelStandIns) -> Iterator[StandInClient]:
    with client_of(stand_ins.eia_url) as client:
        yield client
