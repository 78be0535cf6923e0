"""Errors of the API as errors of the source."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pam.sources.http_exchange import HttpReply, status_error
from pam.sources.source import Source, SourceError, SourceErrorKind

STATUSES_READ = (200, 400, 429)
"""Bodies of these errors have details that their status lacks."""

_INVALID_KEY = "API_KEY_INVALID"


def reply_error(reply: HttpReply) -> SourceError | None:
    """Return the error that a response means, or None for a 200."""
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
