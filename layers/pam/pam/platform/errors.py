"""The error codes that clients rely on, each defined once. A test compares them with `docs/errors.md`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ErrorCode:
    """A stable code, and the HTTP status that it is sent with."""

    code: str
    status: int


MALFORMED_JSON = ErrorCode("malformed_json", 400)
INVALID_IDEMPOTENCY_KEY = ErrorCode("invalid_idempotency_key", 400)
INVALID_SUBJECT = ErrorCode("invalid_subject", 403)
NOT_FOUND = ErrorCode("not_found", 404)
EFFECT_NOT_FOUND = ErrorCode("effect_not_found", 404)
EXPENSE_NOT_FOUND = ErrorCode("expense_not_found", 404)
MESSAGE_NOT_FOUND = ErrorCode("message_not_found", 404)
MEMORY_NOT_FOUND = ErrorCode("memory_not_found", 404)
PRODUCT_NOT_FOUND = ErrorCode("product_not_found", 404)
ORDER_NOT_FOUND = ErrorCode("order_not_found", 404)
EVENT_NOT_FOUND = ErrorCode("event_not_found", 404)
VEHICLE_NOT_FOUND = ErrorCode("vehicle_not_found", 404)
CONFIRMATION_NOT_FOUND = ErrorCode("confirmation_not_found", 404)
POST_NOT_FOUND = ErrorCode("post_not_found", 404)
USER_NOT_FOUND = ErrorCode("user_not_found", 404)
FRIENDSHIP_NOT_FOUND = ErrorCode("friendship_not_found", 404)
METHOD_NOT_ALLOWED = ErrorCode("method_not_allowed", 405)
REQUEST_IN_PROGRESS = ErrorCode("request_in_progress", 409)
TURN_RUNNING = ErrorCode("turn_running", 409)
UNDO_EXPIRED = ErrorCode("undo_expired", 409)
MODIFIED_SINCE = ErrorCode("modified_since", 409)
SELECTION_EXPIRED = ErrorCode("selection_expired", 409)
CART_CHANGED = ErrorCode("cart_changed", 409)
OUT_OF_STOCK = ErrorCode("out_of_stock", 409)
CONFIRMATION_EXPIRED = ErrorCode("confirmation_expired", 409)
CONFIRMATION_USED = ErrorCode("confirmation_used", 409)
CONFIRMATION_MISMATCH = ErrorCode("confirmation_mismatch", 409)
EVENT_FULL = ErrorCode("event_full", 409)
BODY_TOO_LARGE = ErrorCode("body_too_large", 413)
INVALID_REQUEST = ErrorCode("invalid_request", 422)
INVALID_AMOUNT = ErrorCode("invalid_amount", 422)
AMBIGUOUS_AMOUNT = ErrorCode("ambiguous_amount", 422)
UNKNOWN_CATEGORY = ErrorCode("unknown_category", 422)
UNKNOWN_SAVING_KIND = ErrorCode("unknown_saving_kind", 422)
UNKNOWN_FORMAT = ErrorCode("unknown_format", 422)
ACCOUNT_NOT_CONFIRMED = ErrorCode("account_not_confirmed", 422)
INVALID_DATE = ErrorCode("invalid_date", 422)
DATE_IN_FUTURE = ErrorCode("date_in_future", 422)
DATE_TOO_OLD = ErrorCode("date_too_old", 422)
INVALID_TYPED_AT = ErrorCode("invalid_typed_at", 422)
ENTRY_TOO_OLD = ErrorCode("entry_too_old", 422)
AMBIGUOUS_DATE = ErrorCode("ambiguous_date", 422)
DATE_IN_PAST = ErrorCode("date_in_past", 422)
INVALID_TIME = ErrorCode("invalid_time", 422)
NONEXISTENT_TIME = ErrorCode("nonexistent_time", 422)
AMBIGUOUS_TIME = ErrorCode("ambiguous_time", 422)
INVALID_END = ErrorCode("invalid_end", 422)
AMBIGUOUS_EVENT = ErrorCode("ambiguous_event", 422)
AMBIGUOUS_PRODUCT = ErrorCode("ambiguous_product", 422)
CART_EMPTY = ErrorCode("cart_empty", 422)
CART_FULL = ErrorCode("cart_full", 422)
CART_CURRENCY = ErrorCode("cart_currency", 422)
INVALID_TEXT = ErrorCode("invalid_text", 422)
UNKNOWN_PERIOD = ErrorCode("unknown_period", 422)
INVALID_WINDOW = ErrorCode("invalid_window", 422)
INVALID_LIMIT = ErrorCode("invalid_limit", 422)
INVALID_CURSOR = ErrorCode("invalid_cursor", 422)
UNKNOWN_TIME_ZONE = ErrorCode("unknown_time_zone", 422)
UNKNOWN_CURRENCY = ErrorCode("unknown_currency", 422)
UNKNOWN_LOCALE = ErrorCode("unknown_locale", 422)
INVALID_QUANTITY = ErrorCode("invalid_quantity", 422)
AMBIGUOUS_UNIT = ErrorCode("ambiguous_unit", 422)
INVALID_ODOMETER = ErrorCode("invalid_odometer", 422)
FUEL_MISMATCH = ErrorCode("fuel_mismatch", 422)
AMBIGUOUS_VEHICLE = ErrorCode("ambiguous_vehicle", 422)
LOCATION_NEEDED = ErrorCode("location_needed", 422)
NO_ROUTE = ErrorCode("no_route", 422)
NO_PRICE_SOURCE = ErrorCode("no_price_source", 422)
UNKNOWN_PLACE = ErrorCode("unknown_place", 422)
AMBIGUOUS_PLACE = ErrorCode("ambiguous_place", 422)
PLACE_TOO_LARGE = ErrorCode("place_too_large", 422)
ARRIVES_TOO_LATE = ErrorCode("arrives_too_late", 422)
UNKNOWN_RECIPIENT = ErrorCode("unknown_recipient", 422)
AMBIGUOUS_RECIPIENT = ErrorCode("ambiguous_recipient", 422)
RECIPIENT_NOT_ALLOWED = ErrorCode("recipient_not_allowed", 422)
NAME_TAKEN = ErrorCode("name_taken", 422)
PROFILE_NEEDED = ErrorCode("profile_needed", 422)
PLACE_IS_PRIVATE = ErrorCode("place_is_private", 422)
IDEMPOTENCY_KEY_REUSED = ErrorCode("idempotency_key_reused", 422)
MESSAGE_LIMIT_REACHED = ErrorCode("message_limit_reached", 429)
EXPORT_LIMIT_REACHED = ErrorCode("export_limit_reached", 429)
RATE_LIMITED = ErrorCode("rate_limited", 429)
QUEUE_FULL = ErrorCode("queue_full", 429)
DAILY_LIMIT_REACHED = ErrorCode("daily_limit_reached", 429)
INTERNAL_ERROR = ErrorCode("internal_error", 500)
DATABASE_UNAVAILABLE = ErrorCode("database_unavailable", 503)
STORE_UNAVAILABLE = ErrorCode("store_unavailable", 503)
SOURCE_UNAVAILABLE = ErrorCode("source_unavailable", 503)
SOURCE_NOT_CONFIGURED = ErrorCode("source_not_configured", 503)
CHAT_DISABLED = ErrorCode("chat_disabled", 503)
MODEL_BUSY = ErrorCode("model_busy", 503)
MODEL_UNAVAILABLE = ErrorCode("model_unavailable", 503)
MODEL_INTERRUPTED = ErrorCode("model_interrupted", 502)
MODEL_REFUSED = ErrorCode("model_refused", 422)
NO_ANSWER = ErrorCode("no_answer", 502)
CONVERSATION_TOO_LONG = ErrorCode("conversation_too_long", 422)
TURN_TIMED_OUT = ErrorCode("turn_timed_out", 422)
COST_EXCEEDED = ErrorCode("cost_exceeded", 422)
TURN_LOST = ErrorCode("turn_lost", 500)
TOOL_DISABLED = ErrorCode("tool_disabled", 503)
UNTRUSTED_RECIPIENT = ErrorCode("untrusted_recipient", 422)
UNTRUSTED_LINK = ErrorCode("untrusted_link", 422)
MESSAGE_REFUSED = ErrorCode("message_refused", 422)
ANSWER_WITHHELD = ErrorCode("answer_withheld", 502)
CHAT_SUSPENDED = ErrorCode("chat_suspended", 429)
UNKNOWN_TOOL = ErrorCode("unknown_tool", 422)
TOOL_TIMED_OUT = ErrorCode("tool_timed_out", 504)
EXPORT_TOO_LARGE = ErrorCode("export_too_large", 422)
TOOL_RESULT_TOO_LARGE = ErrorCode("tool_result_too_large", 422)

ALL: tuple[ErrorCode, ...] = tuple(v for v in globals().values() if isinstance(v, ErrorCode))


@dataclass(frozen=True)
class ErrorChoice:
    """One of the meanings that an input can have: how it reads, and the value of the field that means only this."""

    text: str
    value: str


class PamError(Exception):
    """An error for users: a code, and a sentence that says what went wrong and what to do.

    Where `field_is_known` is false, the name of the field is the client's own, and isn't logged.

    Validators raise it, too: pydantic passes it on unchanged, so that the code of an invalid field is preserved.
    """

    def __init__(
        self,
        error: ErrorCode,
        message: str,
        *,
        field: str | None = None,
        field_is_known: bool = True,
        retry_after: int | None = None,
        choices: Sequence[ErrorChoice] = (),
    ) -> None:
        super().__init__(message)
        self.error = error
        self.message = message
        self.field = field
        self.field_is_known = field_is_known
        self.retry_after = retry_after
        self.choices = tuple(choices)

    def body(self) -> dict[str, Any]:
        """Return `{code, message, field?, retry_after?, choices?}`; `retry_after` is in seconds."""
        body: dict[str, Any] = {"code": self.error.code, "message": self.message}
        if self.field is not None:
            body["field"] = self.field
        if self.retry_after is not None:
            body["retry_after"] = self.retry_after
        if self.choices:
            body["choices"] = [vars(choice) for choice in self.choices]
        return body
