"""Every fault has a word: the codes that a client may rely on, each written once.

`docs/errors.md` lists the same codes; a test holds the two together.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorCode:
    """A stable name for a kind of fault, and the HTTP status that it travels with."""

    code: str
    status: int


MALFORMED_JSON = ErrorCode("malformed_json", 400)
INVALID_IDEMPOTENCY_KEY = ErrorCode("invalid_idempotency_key", 400)
NOT_A_TRAVELLER = ErrorCode("not_a_traveller", 403)
NOT_FOUND = ErrorCode("not_found", 404)
EXPENSE_NOT_FOUND = ErrorCode("expense_not_found", 404)
EFFECT_NOT_FOUND = ErrorCode("effect_not_found", 404)
METHOD_NOT_ALLOWED = ErrorCode("method_not_allowed", 405)
REQUEST_IN_PROGRESS = ErrorCode("request_in_progress", 409)
UNDO_EXPIRED = ErrorCode("undo_expired", 409)
BODY_TOO_LARGE = ErrorCode("body_too_large", 413)
INVALID_REQUEST = ErrorCode("invalid_request", 422)
INVALID_AMOUNT = ErrorCode("invalid_amount", 422)
UNKNOWN_CATEGORY = ErrorCode("unknown_category", 422)
INVALID_DATE = ErrorCode("invalid_date", 422)
DATE_IN_FUTURE = ErrorCode("date_in_future", 422)
DATE_TOO_OLD = ErrorCode("date_too_old", 422)
INVALID_TEXT = ErrorCode("invalid_text", 422)
UNKNOWN_PERIOD = ErrorCode("unknown_period", 422)
INVALID_WINDOW = ErrorCode("invalid_window", 422)
INVALID_LIMIT = ErrorCode("invalid_limit", 422)
INVALID_CURSOR = ErrorCode("invalid_cursor", 422)
UNKNOWN_TIME_ZONE = ErrorCode("unknown_time_zone", 422)
UNKNOWN_CURRENCY = ErrorCode("unknown_currency", 422)
INVALID_QUANTITY = ErrorCode("invalid_quantity", 422)
LOCATION_NEEDED = ErrorCode("location_needed", 422)
NO_ROAD = ErrorCode("no_road", 422)
NO_PRICE_SOURCE = ErrorCode("no_price_source", 422)
UNKNOWN_PLACE = ErrorCode("unknown_place", 422)
AMBIGUOUS_PLACE = ErrorCode("ambiguous_place", 422)
IDEMPOTENCY_KEY_REUSED = ErrorCode("idempotency_key_reused", 422)
INTERNAL_ERROR = ErrorCode("internal_error", 500)
DATABASE_UNAVAILABLE = ErrorCode("database_unavailable", 503)
STORE_UNAVAILABLE = ErrorCode("store_unavailable", 503)
UPSTREAM_UNAVAILABLE = ErrorCode("upstream_unavailable", 503)
SOURCE_NOT_SET_UP = ErrorCode("source_not_set_up", 503)

ALL: tuple[ErrorCode, ...] = tuple(v for v in globals().values() if isinstance(v, ErrorCode))


class PamError(Exception):
    """A fault that a traveller may hear of: what went wrong, in a sentence, and what to do about it.

    Raised from validators too: pydantic lets it pass unchanged, so the code of a bad field survives.
    """

    def __init__(
        self, error: ErrorCode, message: str, *, field: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.error = error
        self.message = message
        self.field = field
        self.retry_after = retry_after

    def body(self) -> dict[str, str | int]:
        """The error as clients see it: `{code, message, field?, retry_after?}`; `retry_after` in seconds."""
        body: dict[str, str | int] = {"code": self.error.code, "message": self.message}
        if self.field is not None:
            body["field"] = self.field
        if self.retry_after is not None:
            body["retry_after"] = self.retry_after
        return body
