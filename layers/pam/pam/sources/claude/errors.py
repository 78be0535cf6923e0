"""Errors of the SDK and of HTTP as errors of the model."""

import math

import anthropic
import httpx2

from pam.sources.claude.reply import ModelError, ModelErrorKind

_BUSY_TYPES = {"rate_limit_error", "overloaded_error"}

# The account's own limit and its balance are reported as 400 or 429 and are told apart by their text alone.
_SPENT_TEXTS = ("specified api usage limits", "credit balance is too low", "spend_limit", "spend limit")
_TOO_LONG_TEXT = "prompt is too long"


def model_error(error: Exception, *, began: bool) -> ModelError:
    """Return the error's kind; `began` says whether the response had begun."""
    if isinstance(error, anthropic.APIStatusError):
        return _status_error(error, began=began)
    # The SDK wraps a timeout before the response, and none after it.
    cause = error.__cause__ if isinstance(error, anthropic.APITimeoutError) else error
    if isinstance(cause, httpx2.ReadTimeout):
        return ModelError(ModelErrorKind.SILENT, "no event in time")
    if began and not isinstance(error, anthropic.APIResponseValidationError):
        return ModelError(ModelErrorKind.CUT, type(error).__name__)
    return ModelError(ModelErrorKind.UNAVAILABLE, type(error).__name__)


def _status_error(error: anthropic.APIStatusError, *, began: bool) -> ModelError:
    # An error in the stream comes with the status 200 of its response: its type decides.
    kind = str(error.type or "")
    detail = f"{error.error_code} {error.message}".lower()
    if kind == "billing_error" or error.status_code == 402 or any(text in detail for text in _SPENT_TEXTS):
        return ModelError(ModelErrorKind.SPENT, kind)
    if kind == "request_too_large" or error.status_code == 413 or _TOO_LONG_TEXT in detail:
        return ModelError(ModelErrorKind.TOO_LONG, kind)
    if kind in _BUSY_TYPES or error.status_code in (429, 529):
        return ModelError(ModelErrorKind.BUSY, kind, _seconds(error.response.headers.get("retry-after")))
    if error.status_code == 408:
        return ModelError(ModelErrorKind.TIMED_OUT, kind)
    if error.status_code == 409:
        return ModelError(ModelErrorKind.CONFLICT, kind)
    if error.status_code == 200 or error.status_code >= 500:
        return ModelError(ModelErrorKind.CUT if began else ModelErrorKind.UNAVAILABLE, kind)
    detail = f"{error.status_code} {kind}, request {error.request_id}"
    return ModelError(ModelErrorKind.REFUSED, detail, status=error.status_code)


def _seconds(header: str | None) -> float | None:
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None
