"""Error responses of the API."""

from typing import Any

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    503: "api_error",
    529: "overloaded_error",
}


class ApiError(Exception):
    """An error response: status, message, and the stable code of its cause if there is one."""

    def __init__(self, status: int, message: str, *, code: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.retry_after = retry_after

    def body(self, request_id: str) -> dict[str, Any]:
        """Return `{type, error: {type, message, details?}, request_id}`, for a response or an `error` event."""
        error: dict[str, Any] = {"type": _TYPES[self.status], "message": self.message}
        if self.code:
            error["details"] = {"error_code": self.code}
        return {"type": "error", "error": error, "request_id": request_id}


def invalid_request(message: str, code: str | None = None) -> ApiError:
    """Return a 400 whose message begins with the field, as in `messages.0.content: ...`."""
    return ApiError(400, message, code=code)
