"""Error responses of the API: `{"error": {"code", "message", "status", "details"?}}`."""

import json
from typing import Any

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}

MESSAGES = {
    401: "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential.",
    403: "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or "
    "other form of API consumer identity to call this API.",
    404: "Requested entity was not found.",
    429: "You exceeded your current quota, please check your plan and billing details.",
    500: "An internal error has occurred. Please retry.",
    503: "The model is overloaded. Please try again later.",
    504: "Deadline expired before operation could complete.",
}


class ApiError(Exception):
    """An error response. `retry_after` is in seconds: a header, and a detail of the body."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        details: tuple[dict[str, Any], ...] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self._details = details
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"retry-after": f"{self.retry_after:.0f}"}

    def body(self) -> bytes:
        details = list(self._details)
        if self.retry_after is not None:
            delay = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{self.retry_after:g}s"}
            details.append(delay)
        error: dict[str, Any] = {"code": self.code, "message": str(self), "status": _STATUSES[self.code]}
        return json.dumps({"error": error | ({"details": details} if details else {})}).encode()


def invalid_argument(message: str) -> ApiError:
    """Return a 400."""
    return ApiError(400, message)


def invalid_key() -> ApiError:
    """Return the error for a key that isn't one: a 400, and no 401."""
    message = "API key not valid. Please pass a valid API key."
    reason = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"},
    }
    localized = {"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": message}
    return ApiError(400, message, details=(reason, localized))


def quota_exceeded(model: str, operation: str, metric: str, limit: int, retry_after: float) -> ApiError:
    """Return the 429 for a limit per minute of an operation, such as `embed_content`."""
    violation = {
        "quotaMetric": f"generativelanguage.googleapis.com/{operation}_{metric}",
        "quotaId": f"{operation.title().replace('_', '')}{metric.title().replace('_', '')}PerMinutePerProjectPerModel",
        "quotaDimensions": {"location": "global", "model": model},
        "quotaValue": str(limit),
    }
    failure = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}
    return ApiError(429, MESSAGES[429], details=(failure,), retry_after=retry_after)
