"""The scheduled summariser: turns conversations that have paused, or are long, into episodes with facts."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from pam.memory.episode_windows import OpenWindow
from pam.memory.episodes import MessagesChanged, finish_without_episode, read_episode, store_episode
from pam.memory.summariser_copies import SummariserCopies
from pam.memory.summary_model import CALL_TIMEOUT_S, SummaryModel
from pam.memory.summary_reply import InvalidSummary
from pam.memory.summary_requests import LeaseLost, SummaryRequest, SummaryRequests
from pam.platform.cost_limits import CostLimits, StageLimitReached
from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger, measure
from pam.platform.postgres import Database
from pam.sources.claude.reply import ModelError, ModelErrorKind

MAX_AT_ONCE = 8
"""Conversations that one invocation summarises at once: nearly all of the time it waits for the model."""

MIN_LEFT_S = 2 * CALL_TIMEOUT_S + 15
"""Seconds that a summary may take, with its repetition: a run that has less left claims no other request."""

_MAX_MODEL_ERRORS = 3
"""Model calls without a reply after which a run ends: the next one tries again."""

_RETRY_AFTER = timedelta(minutes=1)
_SPENT_RETRY_AFTER = timedelta(hours=1)
_FAILED_RETRY_AFTER = timedelta(minutes=5)
"""After the first failed attempt; doubled with each further one."""


class SummariserJob(BaseModel):
    """The function's event: the schedule's, or the one by which it starts copies of itself."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    is_copy: bool = False


@dataclass(frozen=True)
class SummariserDependencies:
    """The services of the summariser. `check_enabled` raises `PamError` while the kill switch is off."""

    database: Database
    model: SummaryModel
    limits: CostLimits
    check_enabled: Callable[[], None]
    copies: SummariserCopies


class _Outcome(StrEnum):
    SUMMARISED = "summarised"
    UNCHANGED = "unchanged"
    """There is no complete window (any more), or another run has the request."""
    POSTPONED = "postponed"
    FAILED = "failed"


@dataclass(frozen=True)
class _Result:
    outcome: _Outcome
    facts: int = 0
    dropped: int = 0


def summarise_due(dependencies: SummariserDependencies, job: SummariserJob, deadline: Deadline) -> None:
    """Summarise what is due of all users until nothing is, or the deadline is near.

    The schedule's run starts copies for a backlog. Raises `DatabaseUnavailable`; requests under way are due again when
    their leases expire.
    """
    requests = SummaryRequests(dependencies.database)
    measure(Metric.SUMMARY_QUARANTINED, requests.quarantine(deadline))
    due = requests.count_due(deadline)
    measure(Metric.SUMMARY_BACKLOG, due)
    if not due:
        return
    if not job.is_copy:
        dependencies.copies.start(due)
    run = _Run(dependencies, requests, deadline)
    with ThreadPoolExecutor(min(MAX_AT_ONCE, due), "summary") as pool:
        threads = [pool.submit(run.work) for _ in range(min(MAX_AT_ONCE, due))]
    _record([result for thread in threads for result in thread.result()])


def _record(results: list[_Result]) -> None:
    outcomes = Counter(result.outcome for result in results)
    measure(Metric.EPISODES_SUMMARISED, outcomes[_Outcome.SUMMARISED])
    measure(Metric.SUMMARY_POSTPONED, outcomes[_Outcome.POSTPONED])
    measure(Metric.SUMMARY_FAILED, outcomes[_Outcome.FAILED])
    measure(Metric.FACTS_RECORDED, sum(result.facts for result in results))
    measure(Metric.FACTS_DROPPED, sum(result.dropped for result in results))


class _Run:
    """The run of one invocation. Its threads take one request after another."""

    def __init__(self, dependencies: SummariserDependencies, requests: SummaryRequests, deadline: Deadline) -> None:
        self._dependencies = dependencies
        self._requests = requests
        self._deadline = deadline
        self._model_errors = threading.Semaphore(_MAX_MODEL_ERRORS - 1)
        self._stop = threading.Event()

    def work(self) -> list[_Result]:
        """Attend to requests until none is due, or the run ends. Raises `DatabaseUnavailable`."""
        results = []
        while self._may_claim() and (request := self._requests.claim(self._deadline)) is not None:
            results.append(self._attend(request))
        return results

    def _may_claim(self) -> bool:
        if self._stop.is_set() or self._deadline.left_s <= MIN_LEFT_S:
            return False
        try:
            self._dependencies.check_enabled()
        except PamError:
            return False
        return True

    def _attend(self, request: SummaryRequest) -> _Result:
        """Summarise the next episode of a conversation; a request that isn't done is due again later."""
        try:
            return self._summarise(request)
        except LeaseLost:
            logger.warning("lease of a summary lost")
            return _Result(_Outcome.UNCHANGED)
        except MessagesChanged:
            return self._postpone(request, timedelta(0))
        except ModelError as error:
            count(Metric.MODEL_ERROR, {"kind": str(error.kind)})
            logger.warning("model call failed", kind=error.kind, detail=str(error))
            if _is_fault_of_conversation(error):
                return self._fail(request)
            if not self._model_errors.acquire(blocking=False):
                self._stop.set()
            return self._postpone(request, _retry_delay(error))
        except InvalidSummary:
            logger.warning("summary refused", exc_info=True)
            return self._fail(request)
        except PamError as error:
            logger.info("summary postponed", error_code=error.error.code)
            if isinstance(error, StageLimitReached):
                self._stop.set()
            delay = _RETRY_AFTER if error.retry_after is None else timedelta(seconds=error.retry_after)
            return self._postpone(request, delay)
        except Exception:
            logger.exception("summary failed")
            return self._fail(request)

    def _summarise(self, request: SummaryRequest) -> _Result:
        database, limits = self._dependencies.database, self._dependencies.limits
        deadline = self._deadline.at_most(MIN_LEFT_S)
        episode = read_episode(database, request, deadline)
        if episode.window is None or isinstance(episode.window, OpenWindow):
            finish_without_episode(database, request, deadline)
            return _Result(_Outcome.UNCHANGED)
        call = self._dependencies.model.call(episode.window, episode.facts)
        reservation = limits.reserve(request.user_id, request.lease)
        try:
            summary = call.summarise(deadline, limits.caps.turn)
        finally:
            limits.settle(reservation, call.cost)
        recorded = store_episode(database, request, episode.window, summary, deadline)
        return _Result(_Outcome.SUMMARISED, recorded, summary.dropped)

    def _postpone(self, request: SummaryRequest, delay: timedelta) -> _Result:
        self._requests.postpone(request, delay, self._deadline)
        return _Result(_Outcome.POSTPONED)

    def _fail(self, request: SummaryRequest) -> _Result:
        delay = _FAILED_RETRY_AFTER * 2 ** (request.attempts - 1)
        self._requests.fail(request, delay, self._deadline)
        return _Result(_Outcome.FAILED)


def _is_fault_of_conversation(error: ModelError) -> bool:
    """Return whether another attempt fails as well, while those of other conversations don't."""
    match error.kind:
        case ModelErrorKind.TOO_LONG | ModelErrorKind.CUT | ModelErrorKind.SILENT:
            return True
        case ModelErrorKind.REFUSED:
            return error.status == 400
    return False


def _retry_delay(error: ModelError) -> timedelta:
    if error.retry_after is not None:
        return timedelta(seconds=error.retry_after)
    return _SPENT_RETRY_AFTER if error.kind is ModelErrorKind.SPENT else _RETRY_AFTER
