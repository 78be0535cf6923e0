"""The HTTP transport of the SDK: our connections, deadline and errors in place of those of `requests`.

By itself, the SDK follows redirects with the API key in a header, repeats a request after a 401, reads proxies and
credentials from the environment, and waits for a slow body without a limit.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

import requests
from requests.adapters import BaseAdapter

from pam.platform.deadline import Deadline
from pam.sources.http_exchange import HttpExchange, HttpReply, status_error
from pam.sources.source import Source, SourceError, SourceErrorKind

# A hundred vectors of 3,072 numbers, each on a line of its own, take 8 MB.
_MAX_RESPONSE_BYTES = 16 * 1024 * 1024

_CONNECT_TIMEOUT_S = 2.0

# Bodies of these errors have details that their status lacks.
_STATUSES_READ = (200, 400, 429)

_INVALID_KEY = "API_KEY_INVALID"

# The SDK logs whole requests at DEBUG, and ours are what users wrote.
logging.getLogger("google").setLevel(logging.INFO)


class GeminiTransport(BaseAdapter):
    """Sends each request once. Thread-safe. Raises `SourceError` for all but complete responses with a 200."""

    def __init__(self) -> None:
        """Opens no connection."""
        super().__init__()
        self._exchange = HttpExchange(Source.GEMINI, _MAX_RESPONSE_BYTES, _CONNECT_TIMEOUT_S)

    def send(self, request: requests.PreparedRequest, *_: Any, timeout: Any = None, **__: Any) -> requests.Response:
        """Send the request; `timeout` is in seconds, and limits the whole response. Other options are ignored."""
        assert request.method is not None
        assert request.url is not None
        reply = self._exchange.send(
            request.method,
            request.url,
            {name: str(value) for name, value in request.headers.items()},
            Deadline(float(timeout)),
            body=_encoded(request.body),
            statuses_read=_STATUSES_READ,
        )
        error = _error_of(reply)
        if error is not None:
            raise error
        response = requests.Response()
        response.status_code = reply.status
        response.headers.update(reply.headers)
        response._content = reply.body
        response.request, response.url = request, request.url
        return response

    def close(self) -> None:
        """Do nothing: idle connections end with the environment."""


def _encoded(body: Any) -> bytes | None:
    """Return the body of a request of the SDK: JSON as text, or none."""
    return body.encode() if isinstance(body, str) else body


def _error_of(reply: HttpReply) -> SourceError | None:
    error = status_error(Source.GEMINI, reply)
    if error is None:
        return None
    details = list(_details(reply.body))
    # An invalid key is a 400, told apart from other invalid requests by its reason alone.
    if reply.status == 400 and any(each.get("reason") == _INVALID_KEY for each in details):
        return SourceError(Source.GEMINI, SourceErrorKind.UNAUTHORISED, "status 400, invalid key")
    if error.kind is SourceErrorKind.LIMITED and error.retry_after is None:
        delays = (_seconds(each["retryDelay"]) for each in details if "retryDelay" in each)
        error.retry_after = next(delays, None)
    return error


def _details(body: bytes) -> Iterator[Mapping[str, Any]]:
    """Yield the details of an error: `{"error": {"details": [...]}}`."""
    try:
        found = json.loads(body)["error"]["details"]
    except (ValueError, LookupError, TypeError):
        return
    if isinstance(found, list):
        yield from (each for each in found if isinstance(each, dict))


def _seconds(duration: Any) -> float | None:
    """Return the seconds of a protobuf duration as JSON, such as `37.5s`; at most a day."""
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)s", str(duration))
    return min(float(match[1]), 86_400.0) if match else None
