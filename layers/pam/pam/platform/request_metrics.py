"""How requests and questions end: counted by tier and outcome, and timed by tier and route."""

from collections.abc import Iterator
from contextlib import contextmanager

from pam.platform import errors
from pam.platform.dimensions import RequestOutcome, Tier
from pam.platform.errors import PamError
from pam.platform.metrics import Metric
from pam.platform.observability import count, measure, service_dimension

_STATUSES = {error.code: error.status for error in errors.ALL}


def record_answer(route: str, tier: int | None, milliseconds: float, *, is_question: bool = False) -> None:
    """Record a request that was answered: `route` has no values in it. One without a tier has no dimension for it.

    A question in words is counted and timed as such, too; it has a tier.
    """
    of_route = _of_tier(tier) | {"route": route}
    measure(Metric.RESPONSE_TIME, milliseconds, of_route)
    _count_end(RequestOutcome.ANSWERED, tier)
    if is_question:
        count(Metric.QUESTIONS_ANSWERED, of_route)
        measure(Metric.QUESTION_TIME, milliseconds, of_route)


def record_question_error(code: str, tier: Tier | None = None) -> None:
    """Record a question that ended with an error code: in `Requests` alone, with its tier where that is known.

    An error has no time: a refusal is quick, and would make answers look faster.
    """
    if code == errors.INTERNAL_ERROR.code:
        count(Metric.INTERNAL_ERROR, service_dimension())
    _count_error(_STATUSES.get(code, 500) < 500, tier)


def record_request_error(error: PamError | None, tier: int | None = None) -> None:
    """Record a request or a frame that ended with an error of this function; None is one that nobody foresaw."""
    is_refusal = error is not None and error.error.status < 500
    count(Metric.CLIENT_ERROR if is_refusal else Metric.SERVER_ERROR, service_dimension())
    if error is None:
        count(Metric.INTERNAL_ERROR, service_dimension())
    _count_error(is_refusal, tier)


def record_refusal() -> None:
    """Record a request that is refused with a status alone."""
    count(Metric.CLIENT_ERROR, service_dimension())
    _count_error(True, None)


@contextmanager
def recorded_errors() -> Iterator[None]:
    """Record an exception of a request, and raise it again: for those that Lambda reports to API Gateway."""
    try:
        yield
    except PamError as error:
        record_request_error(error)
        raise
    except Exception:
        record_request_error(None)
        raise


def _count_error(is_refusal: bool, tier: int | None) -> None:
    _count_end(RequestOutcome.REFUSED if is_refusal else RequestOutcome.FAILED, tier)


def _count_end(outcome: RequestOutcome, tier: int | None) -> None:
    count(Metric.REQUESTS, _of_tier(tier) | {"outcome": outcome})


def _of_tier(tier: int | None) -> dict[str, str]:
    return {} if tier is None else {"tier": str(int(tier))}
