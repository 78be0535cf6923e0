"""One request to a source and its response: pooled connections, a deadline, and errors by their kind."""

import email.utils
import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import urllib3
from urllib3.exceptions import HTTPError, TimeoutError

from pam.platform.deadline import Deadline
from pam.sources.source import Source, SourceError, SourceErrorKind

MAX_CONNECTIONS = 8
"""Connections that are kept open; any beyond are opened for one request."""

MIN_REQUEST_S = 0.015
"""Without this time left no request is sent."""

_CONNECT_TIMEOUT_S = 0.5

# urllib3 logs whole URLs at DEBUG, and ours contain keys.
logging.getLogger("urllib3").setLevel(logging.INFO)


@dataclass(frozen=True)
class HttpReply:
    """A response of a source. The body is empty where it wasn't read."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class HttpExchange:
    """Requests to one source, each sent once, with one connection pool for each Lambda environment."""

    def __init__(self, source: Source, max_response_bytes: int, connect_timeout_s: float = _CONNECT_TIMEOUT_S) -> None:
        """Opens no connection."""
        self._source = source
        self._max_response_bytes = max_response_bytes
        self._connect_timeout_s = connect_timeout_s
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=MAX_CONNECTIONS, retries=False)

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        deadline: Deadline,
        *,
        body: bytes | None = None,
        statuses_read: Collection[int] = (200,),
    ) -> HttpReply:
        """Send a request and return its response, whatever its status. Redirects aren't followed.

        The body of a response is read where its status is in `statuses_read`. Raises `SourceError`: `down` without a
        connection, `slow` after the deadline, `malformed` where the body is truncated or too large.
        """
        left_s = deadline.left_s
        if left_s < MIN_REQUEST_S:
            raise self._error(SourceErrorKind.SLOW, "no time left for a request")
        # urllib3's own errors quote the URL, so none of them is raised as a cause.
        try:
            response = self._pool.request(
                method,
                url,
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(connect=min(left_s, self._connect_timeout_s), read=left_s),
                redirect=False,
                preload_content=False,
            )
        except TimeoutError as error:
            if isinstance(error, urllib3.exceptions.ConnectTimeoutError) and deadline.left_s > 0:
                raise self._error(SourceErrorKind.DOWN, "no connection in time") from None
            raise self._error(SourceErrorKind.SLOW, "no response in time") from None
        except HTTPError as error:
            raise self._error(SourceErrorKind.DOWN, type(error).__name__) from None
        complete = False
        try:
            if response.status not in statuses_read:
                return HttpReply(response.status, response.headers)
            content = self._read(response, deadline)
            complete = True
            return HttpReply(response.status, response.headers, content)
        finally:
            if complete:
                response.release_conn()
            else:
                response.close()

    def _read(self, response: urllib3.BaseHTTPResponse, deadline: Deadline) -> bytes:
        """Read the whole body before the deadline, however slowly it arrives."""
        body = bytearray()
        try:
            # `read1` returns what has arrived; `read` and `stream` would wait until a block is full.
            while part := response.read1(16 * 1024):
                body += part
                if len(body) > self._max_response_bytes:
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

    def _error(self, kind: SourceErrorKind, detail: str) -> SourceError:
        return SourceError(self._source, kind, detail)


def status_error(source: Source, reply: HttpReply) -> SourceError | None:
    """Return the error that a response's status means, with its `Retry-After`, or None for a 200."""
    status = reply.status
    if status == 200:
        return None
    retry_after = None
    if status in {401, 403}:
        kind = SourceErrorKind.UNAUTHORISED
    elif status == 404:
        kind = SourceErrorKind.NOT_FOUND
    elif status == 429 or status >= 500:
        kind = SourceErrorKind.LIMITED if status == 429 else SourceErrorKind.DOWN
        retry_after = parse_retry_after(reply.headers.get("retry-after"))
    else:
        kind = SourceErrorKind.REFUSED
    return SourceError(source, kind, f"status {status}", retry_after=retry_after)


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
