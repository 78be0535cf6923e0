"""AWS clients: made once, quick to give up. `AWS_ENDPOINT_URL` points them at a stand-in."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

# A cache that answers late is worse than no cache: one short attempt more, then the caller goes without.
_CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2, "mode": "standard"})


@cache
def client(service: str) -> Any:
    """The shared boto3 client of a service. Opens no connection until it is used."""
    session: Any = boto3.session.Session()  # boto3-stubs know services by literals only
    return session.client(service, config=_CONFIG)
