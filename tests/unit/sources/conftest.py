"""Adapters with an HTTP client that returns given bodies, without a network."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pam.platform.deadline import Deadline
from pam.sources.api_key import ApiKey
from pam.sources.ecb import Ecb
from pam.sources.eia import Eia
from pam.sources.http_client import HttpClient, parse_response
from pam.sources.mapbox import Mapbox
from pam.sources.open_meteo import OpenMeteo
from pam.sources.source import Fetched, Source

WIRE = Path(__file__).parent / "wire"


def wire(name: str) -> Any:
    """Return a documented response as JSON."""
    return json.loads((WIRE / f"{name}.json").read_text("utf-8"))


class FakeHttpClient(HttpClient):
    """Parses the next body for each request."""

    def __init__(self, source: Source, *bodies: bytes) -> None:
        super().__init__(source, "http://source")
        self.source = source
        self._bodies = list(bodies)
        self.paths: list[str] = []
        self.queries: list[dict[str, str]] = []

    def get(self, path: str, query: Sequence[tuple[str, str]], model: Any, deadline: Deadline) -> Fetched[Any]:
        self.paths.append(path)
        self.queries.append(dict(query))
        return Fetched(parse_response(self.source, self._bodies.pop(0), model), str(self.source), simulated=False)


def respond(source: Source, *bodies: Any) -> FakeHttpClient:
    """Return a client whose responses have these bodies."""
    return FakeHttpClient(source, *(body if isinstance(body, bytes) else json.dumps(body).encode() for body in bodies))


def api_key(source: Source) -> ApiKey:
    return ApiKey(source, lambda: '{"key": "secret"}')


def mapbox_of(http: FakeHttpClient) -> Mapbox:
    return Mapbox(http, api_key(Source.MAPBOX))


def eia_of(http: FakeHttpClient) -> Eia:
    return Eia(http, api_key(Source.EIA))


def ecb_of(http: FakeHttpClient) -> Ecb:
    return Ecb(http)


def open_meteo_of(http: FakeHttpClient) -> OpenMeteo:
    return OpenMeteo(http)
