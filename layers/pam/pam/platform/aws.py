"""AWS clients with short timeouts, one per service and environment. `AWS_ENDPOINT_URL` redirects them to a stand-in."""

import threading
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

# The service validates parameters itself, and botocore composes its User-Agent anew for each request: together a tenth
# of a worker's CPU (`make bench NAME=peers`).
_LEAN: dict[str, Any] = {"parameter_validation": False, "user_agent": "pam"}

# A write depends on these stores: it is retried once, then refused.
_STANDARD = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2, "mode": "standard"}, **_LEAN)

# For the shared cache: an answer has two seconds in all, so a slow cache is worse than none.
_FAST = Config(connect_timeout=0.3, read_timeout=0.7, retries={"total_max_attempts": 1, "mode": "standard"}, **_LEAN)

# Links are signed by the current algorithm, for the bucket's own region; a file is sent without a second pass over it.
_FILES = Config(
    connect_timeout=1,
    read_timeout=5,
    retries={"total_max_attempts": 2, "mode": "standard"},
    signature_version="s3v4",
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    **_LEAN,
)

# Creating a client isn't thread-safe within a session, and a session per client would load botocore's data again.
_lock = threading.Lock()


@cache
def _session() -> Any:  # boto3-stubs know services by literals only
    return boto3.session.Session()


@cache
def client(service: str, *, fast_timeout: bool = False) -> Any:
    """Return the shared client of a service. It connects on first use."""
    with _lock:
        return _session().client(service, config=_FAST if fast_timeout else _STANDARD)


@cache
def file_client() -> Any:
    """Return the shared client of S3."""
    with _lock:
        return _session().client("s3", config=_FILES)


@cache
def client_at(service: str, endpoint: str) -> Any:
    """Return the shared client of a service with its own endpoint, such as a WebSocket API's connections."""
    with _lock:
        return _session().client(service, endpoint_url=endpoint, config=_STANDARD)
