"""How requests and questions end: counted by tier and outcome, and timed by tier and route."""

from pam.platform import errors
from pam.platform.metrics import Metric
from pam.platform.observability import count, measure, service_dimension

CHAT_TIER = 3
"""The tier of what Claude answers."""

_STATUSES = {error.code: error.status for error in errors.ALL}


def record_request(route: str, tier: int | None, milliseconds: float, *, error_code: str | None = None) -> None:
    """Record the end of a request: `route` has no values in it. An error without a known tier has no dimension for it.

    The time is that of answers only: a refusal is quick, and would make them look faster.
    """
    of_tier = {} if tier is None else {"tier": str(tier)}
    if error_code is None:
        outcome = "answered"
        measure(Metric.RESPONSE_TIME, milliseconds, of_tier | {"route": route})
    else:
        outcome = "failed" if _STATUSES.get(error_code, 500) >= 500 else "refused"
    count(Metric.REQUESTS, of_tier | {"outcome": outcome})


def count_error(error: errors.PamError | None) -> None:
    """Count an error of this function that a client gets; None is one that nobody foresaw."""
    is_refusal = error is not None and error.error.status < 500
    count(Metric.CLIENT_ERROR if is_refusal else Metric.SERVER_ERROR, service_dimension())
