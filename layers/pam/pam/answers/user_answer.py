"""One traveller's answer: from the cache, from the database, or, when that is down, the last one known."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID

from pam.answers.dependencies import UserDependencies
from pam.cache.user_cache import FRESH_FOR, CachedAnswer
from pam.platform.deadline import Deadline
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger
from pam.platform.postgres import MAX_STATEMENT_TIMEOUT_S, Connection, DatabaseUnavailable
from pam.users.periods import midnight
from pam.users.profile import Profile, read_profile


@dataclass(frozen=True)
class ComputedAnswer:
    """Fresh from the database: the answer, the instant it was read at, and until when it may be kept.

    `as_of` and `fresh_until` are aware.
    """

    body: dict[str, Any]
    as_of: datetime
    fresh_until: datetime


@dataclass(frozen=True)
class UserAnswer:
    """What is told: the figures in `body`, and how far they can be trusted."""

    body: dict[str, Any]
    as_of: datetime
    cached: bool
    age_s: int | None = None  # only where the answer is stale

    @property
    def etag(self) -> str:
        """The same for the same figures, whenever they were read."""
        digest = hashlib.sha256(json.dumps([self.body, self.age_s is None], sort_keys=True).encode())
        return f'"{digest.hexdigest()[:32]}"'

    def as_json(self) -> dict[str, Any]:
        """The body with its tier, its `as_of` and, where the database couldn't be asked, its age."""
        told = self.body | {
            "tier": 1,
            "as_of": self.as_of.isoformat(timespec="seconds"),
            "cached": self.cached,
            "stale": self.age_s is not None,
        }
        if self.age_s is not None:
            told |= {"age_s": self.age_s, "reason": "database_unavailable"}
        return told


class Figures(Protocol):
    """What the domain reads for a question: whose it is, and the day and instant it was read on."""

    @property
    def profile(self) -> Profile: ...
    @property
    def today(self) -> date: ...
    @property
    def as_of(self) -> datetime: ...
    def as_json(self) -> dict[str, Any]: ...


F = TypeVar("F", bound=Figures)


def answer_from_figures(
    parts: UserDependencies,
    user_id: UUID,
    key: str,
    read: Callable[[Connection, Profile, datetime], F],
    tell: Callable[[F], dict[str, Any]],
) -> UserAnswer:
    """The private answer under `key`, read by `read` in one transaction; `tell` gives its sentence and the like."""

    def compute() -> ComputedAnswer:
        with parts.database.session(user_id, Deadline(MAX_STATEMENT_TIMEOUT_S)) as connection:
            figures = read(connection, read_profile(connection, user_id), parts.clock())
        body = figures.as_json() | {"source": figures.profile.expenses_source} | tell(figures)
        as_of = figures.as_of.astimezone(figures.profile.zone)
        # "Today" and "this month" mean something else after midnight, though nothing was written.
        tomorrow = midnight(figures.today + timedelta(days=1), figures.profile.zone)
        return ComputedAnswer(body, as_of, min(figures.as_of + FRESH_FOR, tomorrow))

    return cached_answer(parts, user_id, key, compute)


def cached_answer(
    parts: UserDependencies, user_id: UUID, key: str, compute: Callable[[], ComputedAnswer]
) -> UserAnswer:
    """The cached answer where nothing was written since, else a computed one, which is kept.

    Raises what `compute` raises; `DatabaseUnavailable` only where no answer of the last days is known.
    """
    look = parts.cache.look(user_id, key)
    if look.usable is not None:
        count(Metric.ANSWER_CACHED)
        return UserAnswer(look.usable.body, look.usable.as_of, cached=True)
    try:
        computed = compute()
    except DatabaseUnavailable:
        if look.last is None:
            raise
        count(Metric.ANSWER_STALE)
        logger.warning("answered from before", exc_info=True)
        age_s = int((parts.clock() - look.last.as_of).total_seconds())
        return UserAnswer(look.last.body, look.last.as_of, cached=True, age_s=max(0, age_s))
    count(Metric.ANSWER_COMPUTED)
    parts.cache.keep(user_id, key, look, CachedAnswer(computed.body, computed.as_of), computed.fresh_until)
    return UserAnswer(computed.body, computed.as_of, cached=False)
