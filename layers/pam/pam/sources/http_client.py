"""An HTTP client for sources: retries before a deadline, and responses parsed into models."""

import random
import time
from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, ValidationError

from pam.platform.deadline import Deadline
from pam.sources.http_exchange import HttpExchange, HttpReply, status_error
from pam.sources.source import SIMULATED_HEADER, Fetched, Source, SourceError, SourceErrorKind

# A forecast of 16 days by the hour has about 60 KB, the traffic on a road of 3,000 miles about 4 MB: some 25 bytes for
# each segment between two points of its geometry, which is every 30 metres.
MAX_RESPONSE_BYTES = 8 * 1024 * 1024

_MAX_ATTEMPTS = 3
_BACKOFF_S = 0.1
# With less time left, another attempt would only time out.
_MIN_ATTEMPT_S = 0.15
_RETRYABLE_STATUSES = {500, 502, 503, 504}
_HEADERS = {"accept": "application/json", "accept-encoding": "gzip", "user-agent": "pam"}
# Not `random.random`: environments restored from one snapshot would draw the same jitter.
_jitter = random.SystemRandom().random


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
        self._exchange = HttpExchange(source, MAX_RESPONSE_BYTES)
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
                reply = self._request(url, deadline)
            except _RetryableError as failure:
                pause_s = failure.pause_s
                if pause_s is None:
                    pause_s = self._jitter() * _BACKOFF_S * 2**attempt
                if attempt == _MAX_ATTEMPTS or deadline.left_s - pause_s < _MIN_ATTEMPT_S:
                    raise failure.error from None
                self._sleep(pause_s)
            else:
                simulated = reply.headers.get(SIMULATED_HEADER) == "true"
                name = f"{self._source} (simulated)" if simulated else str(self._source)
                return Fetched(parse_response(self._source, reply.body, model), name, simulated)
        raise AssertionError("unreachable")

    def _request(self, url: str, deadline: Deadline) -> HttpReply:
        """Return the response to one request, if its status is 200."""
        try:
            reply = self._exchange.send("GET", url, _HEADERS, deadline)
        except SourceError as error:
            if error.kind is SourceErrorKind.DOWN:
                raise _RetryableError(error) from None
            raise
        failure = status_error(self._source, reply)
        if failure is None:
            return reply
        if reply.status in _RETRYABLE_STATUSES or (reply.status == 429 and failure.retry_after is not None):
            raise _RetryableError(failure, failure.retry_after)
        raise failure


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
