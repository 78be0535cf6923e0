"""An HTTP client for sources: pooled connections, a deadline, retries, and responses parsed into models."""

import email.utils
import logging
import random
import time
from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import urlencode

import urllib3
from pydantic import BaseModel, ConfigDict, ValidationError
from urllib3.exceptions import HTTPError, TimeoutError

from pam.platform.deadline import Deadline
from pam.sources.source import Fetched, Source, SourceError, SourceErrorKind

SIMULATED_HEADER = "x-simulated"
"""The response header in which a stand-in sends `true`, so that its data is never taken for real data."""

# The largest response is a forecast of 16 days by the hour, about 60 KB.
MAX_RESPONSE_BYTES = 1024 * 1024

MAX_CONNECTIONS = 8
"""Connections that are kept open; any beyond are opened for one request."""

_CONNECT_TIMEOUT_S = 0.5
_MAX_ATTEMPTS = 3
_BACKOFF_S = 0.1
# With less time left, another attempt would only time out.
_MIN_ATTEMPT_S = 0.15
_RETRYABLE_STATUSES = {500, 502, 503, 504}
# Not `random.random`: environments restored from one snapshot would draw the same jitter.
_jitter = random.SystemRandom().random

# urllib3 logs whole URLs at DEBUG, and ours contain keys.
logging.getLogger("urllib3").setLevel(logging.INFO)


class ResponseModel(BaseModel):
    """A source's response: fields that we don't read are ignored, those that we read have their exact type."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, allow_inf_nan=False)


M = TypeVar("M", bound=ResponseModel)


class HttpClient:
    """GET requests to one source, with one connection pool for each Lambda environment."""

    def __init__(
        self,
        source: Source,
        base_url: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = _jitter,
    ) -> None:
        """Opens no connection. `sleep` and `jitter` (uniform in [0, 1)) are replaced by tests."""
        self._source = source
        self._base_url = base_url.rstrip("/")
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=MAX_CONNECTIONS, retries=False)
        self._sleep = sleep
        self._jitter = jitter

    def get(self, path: str, query: Sequence[tuple[str, str]], model: type[M], deadline: Deadline) -> Fetched[M]:
        """Return the response parsed as `model`.

        Retries, with full jitter, after a failed connection, a 429 whose `Retry-After` ends before the deadline,
        and a 500, 502, 503 or 504. Raises `SourceError` of any kind but `missing_key`.
        """
        url = f"{self._base_url}{path}?{urlencode(query)}"
        for attempt in range(1, _MAX_ATTEMPTS + 1):
            try:
                body, headers = self._request(url, deadline)
            except _RetryableError as failure:
                pause_s = failure.pause_s
                if pause_s is None:
                    pause_s = self._jitter() * _BACKOFF_S * 2**attempt
                if attempt == _MAX_ATTEMPTS or deadline.left_s - pause_s < _MIN_ATTEMPT_S:
                    raise failure.error from None
                self._sleep(pause_s)
            else:
                simulated = headers.get(SIMULATED_HEADER) == "true"
                name = f"{self._source} (simulated)" if simulated else str(self._source)
                return Fetched(parse_response(self._source, body, model), name, simulated)
        raise AssertionError("unreachable")

    def _request(self, url: str, deadline: Deadline) -> tuple[bytes, urllib3.HTTPHeaderDict]:
        """Send one request. urllib3's own errors quote the URL, so none of them is raised as a cause."""
        left_s = deadline.left_s
        if left_s < _MIN_ATTEMPT_S / 10:
            raise self._error(SourceErrorKind.SLOW, "no time left for a request")
        try:
            response = self._pool.request(
                "GET",
                url,
                headers={"accept": "application/json", "accept-encoding": "gzip", "user-agent": "pam"},
                timeout=urllib3.Timeout(connect=min(left_s, _CONNECT_TIMEOUT_S), read=left_s),
                redirect=False,
                preload_content=False,
            )
        except TimeoutError as error:
            if isinstance(error, urllib3.exceptions.ConnectTimeoutError) and deadline.left_s > 0:
                raise _RetryableError(self._error(SourceErrorKind.DOWN, "no connection in time")) from None
            raise self._error(SourceErrorKind.SLOW, "no response in time") from None
        except HTTPError as error:
            raise _RetryableError(self._error(SourceErrorKind.DOWN, type(error).__name__)) from None
        complete = False
        try:
            self._check_status(response)
            body = self._read(response, deadline)
            complete = True
        finally:
            if complete:
                response.release_conn()
            else:
                response.close()
        return body, response.headers

    def _check_status(self, response: urllib3.BaseHTTPResponse) -> None:
        status = response.status
        if status == 200:
            return
        detail = f"status {status}"
        if status in {401, 403}:
            raise self._error(SourceErrorKind.UNAUTHORISED, detail)
        if status == 404:
            raise self._error(SourceErrorKind.NOT_FOUND, detail)
        retry_after = parse_retry_after(response.headers.get("retry-after"))
        if status == 429:
            error = self._error(SourceErrorKind.LIMITED, detail, retry_after)
            raise error if retry_after is None else _RetryableError(error, retry_after)
        if status in _RETRYABLE_STATUSES:
            raise _RetryableError(self._error(SourceErrorKind.DOWN, detail, retry_after), retry_after)
        raise self._error(SourceErrorKind.DOWN if status > 500 else SourceErrorKind.REFUSED, detail)

    def _read(self, response: urllib3.BaseHTTPResponse, deadline: Deadline) -> bytes:
        """Read the whole body before the deadline, however slowly it arrives."""
        body = bytearray()
        try:
            # `read1` returns what has arrived; `read` and `stream` would wait until a block is full.
            while part := response.read1(16 * 1024):
                body += part
                if len(body) > MAX_RESPONSE_BYTES:
                    raise self._error(SourceErrorKind.MALFORMED, "too large")
                if deadline.left_s == 0:
                    raise self._error(SourceErrorKind.SLOW, "not complete in time")
                sock = getattr(response.connection, "sock", None)  # None once the body is complete
                if sock is not None:
                    sock.settimeout(deadline.left_s + 0.001)  # 0 would mean non-blocking
        except TimeoutError:
            raise self._error(SourceErrorKind.SLOW, "not complete in time") from None
        except HTTPError as error:
            raise self._error(SourceErrorKind.MALFORMED, type(error).__name__) from None
        return bytes(body)

    def _error(self, kind: SourceErrorKind, detail: str, retry_after: float | None = None) -> SourceError:
        return SourceError(self._source, kind, detail, retry_after=retry_after)


class _RetryableError(Exception):
    """An error after which another attempt may succeed, in `pause_s` seconds where the source named them."""

    def __init__(self, error: SourceError, pause_s: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.pause_s = pause_s


def parse_response(source: Source, body: bytes, model: type[M]) -> M:
    """Return the body as `model`. Raises `SourceError` (`malformed`), which names the first invalid field."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        location = ".".join(str(part) for part in first["loc"])
        detail = f"{first['type']} at {location or 'the top'}"
        raise SourceError(source, SourceErrorKind.MALFORMED, detail) from None


def parse_retry_after(header: str | None) -> float | None:
    """Return the seconds of a `Retry-After` (RFC 9110: a number or a date), or None where it has no valid value."""
    if header is None:
        return None
    if header.strip().isascii() and header.strip().isdigit():
        return float(min(int(header.strip()[:9]), 86_400))
    try:
        then = email.utils.parsedate_to_datetime(header).timestamp()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, then - time.time()), 86_400.0)
