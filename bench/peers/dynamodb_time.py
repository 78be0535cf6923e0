"""How long the stand-in for DynamoDB took for the requests of one process."""

import http.client
import time
from threading import Lock

from local.stand_ins.duration_header import DURATION_HEADER


class DynamoDBTime:
    """Collects the spans in which the stand-in worked, from the header on its responses to any client."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._spans: list[tuple[float, float]] = []

    def install(self) -> None:
        """Watch all responses that this process reads by `http.client`, as boto3 and urllib3 do."""
        begin, lock, spans = http.client.HTTPResponse.begin, self._lock, self._spans

        def begin_watched(self: http.client.HTTPResponse) -> None:
            begin(self)
            took_ms = self.headers.get(DURATION_HEADER)
            if took_ms is not None:
                now = time.monotonic()
                with lock:
                    spans.append((now - float(took_ms) / 1000, now))

        http.client.HTTPResponse.begin = begin_watched  # type: ignore[method-assign]

    def reset(self) -> None:
        """Forget the spans so far."""
        with self._lock:
            self._spans.clear()

    def between(self, start: float, end: float) -> float:
        """Return the seconds from `start` to `end` in which the stand-in worked on at least one request."""
        with self._lock:
            spans = sorted(self._spans)
        total, covered_until = 0.0, start
        for span_start, span_end in spans:
            span_start, span_end = max(span_start, covered_until), min(span_end, end)
            if span_end > span_start:
                total += span_end - span_start
                covered_until = span_end
        return total
