"""AWS clients: made once, quick to give up. `AWS_ENDPOINT_URL` points them at a stand-in."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

# A write waits for its ledger and its fences: one short attempt more, then it's refused.
_PATIENT = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2, "mode": "standard"})

# A shared cache that answers late is worse than none: the whole answer has two seconds, the source's included.
_QUICK = Config(connect_timeout=0.3, read_timeout=0.7, retries={"total_max_attempts": 1, "mode": "standard"})


@cache
def client(service: str, *, quick: bool = False) -> Any:
    """The shared boto3 client of a service. Opens no connection until it is used."""
    session: Any = boto3.session.Session()  # boto3-stubs know services by literals only
    return session.client(service, config=_QUICK if quick else _PATIENT)


@cache
def client_at(service: str, endpoint: str) -> Any:
    """A client of a service that has an address of its own, such as a WebSocket API's connections."""
    session: Any = boto3.session.Session()
    return session.client(service, endpoint_url=endpoint, config=_PATIENT)
