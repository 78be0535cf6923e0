"""HTTP to a source: connections are reused, time is bounded, and what comes back is parsed or refused."""

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
"""A stand-in sends it with `true`, so that what it says is never taken for the real thing."""

# The largest honest answer is a forecast of 16 days by the hour, about 60 KB.
MAX_RESPONSE_BYTES = 1024 * 1024

MAX_CONNECTIONS = 8
"""Connections that are kept open: who asks for more at once opens them anew each time."""

_CONNECT_S = 0.5
_TRIES = 3
_BACKOFF_S = 0.1
# With less than this left, another try would only be cut off.
_LEAST_S = 0.15
_PASSING = {500, 502, 503, 504}
# Not `random.random`: environments restored from one snapshot would all pause equally long.
_CHANCE = random.SystemRandom().random

# urllib3 writes whole addresses at DEBUG, and in ours there are keys.
logging.getLogger("urllib3").setLevel(logging.INFO)


class ResponseModel(BaseModel):
    """What a source sends: fields that we don't read are ignored, those that we read have their exact type."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, allow_inf_nan=False)


M = TypeVar("M", bound=ResponseModel)


class HttpClient:
    """GETs from one source, with one pool of connections for each Lambda environment."""

    def __init__(
        self,
        source: Source,
        base_url: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = _CHANCE,
    ) -> None:
        """Opens no connection. `sleep` and `chance` (uniform in [0, 1)) are a test's to replace."""
        self._source = source
        self._base_url = base_url.rstrip("/")
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=MAX_CONNECTIONS, retries=False)
        self._sleep = sleep
        self._chance = chance

    def get(self, path: str, query: Sequence[tuple[str, str]], model: type[M], deadline: Deadline) -> Fetched[M]:
        """The answer as `model`, and who gave it.

        Tries again, with full jitter, after a failed connection, a 429 whose `Retry-After` fits the deadline,
        and a 500, 502, 503 or 504. Raises `UpstreamFault` of any kind but `missing_key`.
        """
        url = f"{self._base_url}{path}?{urlencode(query)}"
        for tried in range(1, _TRIES + 1):
            try:
                body, headers = self._try(url, deadline)
            except _Passing as passing:
                pause = passing.pause_s
                if pause is None:
                    pause = self._chance() * _BACKOFF_S * 2**tried
                if tried == _TRIES or deadline.left_s - pause < _LEAST_S:
                    raise passing.fault from None
                self._sleep(pause)
            else:
                simulated = headers.get(SIMULATED_HEADER) == "true"
                who = f"{self._source} (simulated)" if simulated else str(self._source)
                return Fetched(self._parse(body, model), who)
        raise AssertionError("unreachable")

    def _try(self, url: str, deadline: Deadline) -> tuple[bytes, urllib3.HTTPHeaderDict]:
        """One request. urllib3's own errors quote the address, so none of them is passed on as a cause."""
        left = deadline.left_s
        if left < _LEAST_S / 10:
            raise self._fault(SourceErrorKind.SLOW, "no time left to ask")
        try:
            response = self._pool.request(
                "GET",
                url,
                headers={"accept": "application/json", "accept-encoding": "gzip", "user-agent": "pam"},
                timeout=urllib3.Timeout(connect=min(left, _CONNECT_S), read=left),
                redirect=False,
                preload_content=False,
            )
        except TimeoutError as late:
            if isinstance(late, urllib3.exceptions.ConnectTimeoutError) and deadline.left_s > 0:
                raise _Passing(self._fault(SourceErrorKind.DOWN, "no connection in time")) from None
            raise self._fault(SourceErrorKind.SLOW, "no answer in time") from None
        except HTTPError as lost:
            raise _Passing(self._fault(SourceErrorKind.DOWN, type(lost).__name__)) from None
        whole = False
        try:
            self._judge(response)
            body = self._read(response, deadline)
            whole = True
        finally:
            if whole:
                response.release_conn()
            else:
                response.close()
        return body, response.headers

    def _judge(self, response: urllib3.BaseHTTPResponse) -> None:
        status = response.status
        if status == 200:
            return
        detail = f"status {status}"
        if status in {401, 403}:
            raise self._fault(SourceErrorKind.UNAUTHORISED, detail)
        if status == 404:
            raise self._fault(SourceErrorKind.NOT_FOUND, detail)
        retry_after = _retry_after_s(response.headers.get("retry-after"))
        if status == 429:
            fault = self._fault(SourceErrorKind.LIMITED, detail, retry_after)
            raise fault if retry_after is None else _Passing(fault, retry_after)
        if status in _PASSING:
            raise _Passing(self._fault(SourceErrorKind.DOWN, detail, retry_after), retry_after)
        raise self._fault(SourceErrorKind.DOWN if status > 500 else SourceErrorKind.REFUSED, detail)

    def _read(self, response: urllib3.BaseHTTPResponse, deadline: Deadline) -> bytes:
        """The whole body, however slowly it drips and however large it claims to be."""
        body = bytearray()
        try:
            # `read1` returns what has come; `read` and `stream` would wait until a block is full.
            while part := response.read1(16 * 1024):
                body += part
                if len(body) > MAX_RESPONSE_BYTES:
                    raise self._fault(SourceErrorKind.MALFORMED, "larger than any answer should be")
                if deadline.left_s == 0:
                    raise self._fault(SourceErrorKind.SLOW, "not whole in time")
                wire = getattr(response.connection, "sock", None)  # None once the body is whole
                if wire is not None:
                    wire.settimeout(deadline.left_s + 0.001)  # 0 would mean: don't wait at all
        except TimeoutError:
            raise self._fault(SourceErrorKind.SLOW, "not whole in time") from None
        except HTTPError as cut:
            raise self._fault(SourceErrorKind.MALFORMED, type(cut).__name__) from None
        return bytes(body)

    def _parse(self, body: bytes, model: type[M]) -> M:
        try:
            return model.model_validate_json(body)
        except ValidationError as misfit:
            first = misfit.errors(include_url=False, include_context=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise self._fault(SourceErrorKind.MALFORMED, f"{first['type']} at {where or 'the top'}") from None

    def _fault(self, kind: SourceErrorKind, detail: str, retry_after: float | None = None) -> SourceError:
        return SourceError(self._source, kind, detail, retry_after=retry_after)


class _Passing(Exception):
    """A fault after which another try makes sense, at once or in `pause_s` seconds."""

    def __init__(self, fault: SourceError, pause_s: float | None = None) -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.pause_s = pause_s


def _retry_after_s(header: str | None) -> float | None:
    """Seconds of a `Retry-After` (RFC 9110: a number, or a date), or None without a sensible one."""
    if header is None:
        return None
    if header.strip().isascii() and header.strip().isdigit():
        return float(min(int(header.strip()[:9]), 86_400))
    try:
        then = email.utils.parsedate_to_datetime(header).timestamp()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, then - time.time()), 86_400.0)
