"""The API keys of sources."""

import json

import pytest
from botocore.exceptions import EndpointConnectionError

from local.stand_ins.travel.server import MAPBOX_KEY
from pam.platform.deadline import Deadline
from pam.sources.api_key import ApiKey
from pam.sources.http_client import HttpClient
from pam.sources.mapbox import Mapbox
from pam.sources.source import Source, SourceError, SourceErrorKind
from tests.functional.sources.conftest import DENVER, MOAB, error_of
from tests.functional.stand_ins.client import StandInClient


@pytest.mark.parametrize("text", ['{"key": ""}', '{"key": "  "}', "{}", "[]", "not json", '{"key": 5}'])
def test_missing_key_sends_no_request(mapbox_stand_in: StandInClient, text: str) -> None:
    """An empty secret, as after the first deployment, is an error of its own kind."""
    mapbox = Mapbox(HttpClient(Source.MAPBOX, mapbox_stand_in.url), ApiKey(Source.MAPBOX, lambda: text))
    error, _ = error_of(lambda deadline: mapbox.road([DENVER, MOAB], deadline))
    assert (error.kind, mapbox_stand_in.journal()["requests"]) == (SourceErrorKind.MISSING_KEY, 0)
    assert "Mapbox" in str(error)
    assert "not json" not in str(error)


def test_unreadable_secret_is_a_missing_key() -> None:
    """Secrets Manager is unreachable, or denies access."""

    def unreachable() -> str:
        raise EndpointConnectionError(endpoint_url="https://secrets")

    with pytest.raises(SourceError) as raised:
        ApiKey(Source.EIA, unreachable).get()
    assert raised.value.kind is SourceErrorKind.MISSING_KEY


def test_key_is_cached_for_five_minutes_or_until_it_is_refused(mapbox_stand_in: StandInClient) -> None:
    """The refused request itself is made again with a replaced key, and later ones use it."""
    keys = iter(["refused", MAPBOX_KEY, "later"])
    at = 1000.0
    api_key = ApiKey(Source.MAPBOX, lambda: json.dumps({"key": next(keys)}), lambda: at)
    mapbox = Mapbox(HttpClient(Source.MAPBOX, mapbox_stand_in.url), api_key)
    for _ in range(3):
        mapbox.road([DENVER, MOAB], Deadline(2))
    assert api_key.get() == MAPBOX_KEY
    at += 301
    assert api_key.get() == "later"


def test_refused_key_that_was_not_replaced_is_an_error_after_one_request(mapbox_stand_in: StandInClient) -> None:
    """The secret is read again, and the source isn't asked again with the same key."""
    reads: list[str] = []
    api_key = ApiKey(Source.MAPBOX, lambda: reads.append("read") or '{"key": "refused"}')
    mapbox = Mapbox(HttpClient(Source.MAPBOX, mapbox_stand_in.url), api_key)
    error, _ = error_of(lambda deadline: mapbox.road([DENVER, MOAB], deadline))
    assert error.kind is SourceErrorKind.UNAUTHORISED
    assert (len(reads), mapbox_stand_in.journal()["requests"]) == (2, 1)


def test_cached_key_is_used_while_the_secret_can_not_be_read() -> None:
    """Until a source refuses it."""
    is_down = False
    at = 1000.0

    def secret() -> str:
        if is_down:
            raise EndpointConnectionError(endpoint_url="https://secrets")
        return '{"key": "valid"}'

    api_key = ApiKey(Source.EIA, secret, lambda: at)
    assert api_key.get() == "valid"
    is_down = True
    at += 301
    assert api_key.get() == "valid"
    with pytest.raises(SourceError) as raised:
        api_key.renew("valid")
    assert raised.value.kind is SourceErrorKind.MISSING_KEY
