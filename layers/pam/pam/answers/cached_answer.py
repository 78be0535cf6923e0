"""Answers from a user's own data: from the cache, from the database, or, when that is down, the last one cached."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from pam.answers.dependencies import UserDependencies
from pam.answers.json_values import from_json, to_json
from pam.answers.user_answer import Figures, UserAnswer
from pam.cache.user_cache import FRESH_FOR, CachedAnswer
from pam.platform.deadline import Deadline
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger
from pam.platform.postgres import Connection, DatabaseUnavailable
from pam.users.periods import midnight
from pam.users.profile import Profile, read_profile

T = TypeVar("T")

RETRY_CONVERSION_AFTER = timedelta(minutes=1)
"""How long an answer is cached that leaves out an amount without an exchange rate."""


@dataclass(frozen=True)
class ComputedValue(Generic[T]):
    """A value from the database, the aware instant it was read at, and until when it may be cached."""

    value: T
    as_of: datetime
    fresh_until: datetime


@dataclass(frozen=True)
class CachedValue(Generic[T]):
    """A value, and whether it comes from the cache; with its age in seconds only where it is stale."""

    value: T
    cached: bool
    age_s: int | None = None


class UserQuery(Protocol):
    """A question about a user's own data. Two with the same `key` have the same answer."""

    @property
    def key(self) -> str: ...


Q = TypeVar("Q", bound=UserQuery)
F = TypeVar("F", bound=Figures)
A = TypeVar("A", bound=UserAnswer)


def cached_answer(
    dependencies: UserDependencies,
    user_id: UUID,
    query: Q,
    deadline: Deadline,
    answer_type: type[A],
    read: Callable[[Connection, Profile, Q, datetime], F],
    render: Callable[[F], A],
) -> A:
    """Return the answer to a query: cached, or rendered from what `read` returns from one transaction.

    Where an amount lacks an exchange rate, amounts are converted first if rates can be had; an answer that leaves one
    out is cached for `RETRY_CONVERSION_AFTER` only. Raises what `read` raises; `DatabaseUnavailable` only where no
    answer of the last days is cached.
    """

    def read_figures() -> F:
        with dependencies.database.session(user_id, deadline) as connection:
            return read(connection, read_profile(connection, user_id), query, dependencies.clock())

    def compute() -> ComputedValue[A]:
        figures = read_figures()
        if not figures.is_converted and _convert(dependencies, user_id, deadline):
            figures = read_figures()
        fresh_for = FRESH_FOR if figures.is_converted else RETRY_CONVERSION_AFTER
        # After midnight "today" and "this month" are other days, though nothing was written.
        tomorrow = midnight(figures.today + timedelta(days=1), figures.profile.zone)
        return ComputedValue(
            render(figures), figures.as_of.astimezone(figures.profile.zone), min(figures.as_of + fresh_for, tomorrow)
        )

    found = read_through(dependencies, user_id, f"{answer_type.__name__}|{query.key}", answer_type, compute)
    if found.age_s is not None:
        return replace(found.value, cached=True, stale=True, age_s=found.age_s, reason="database_unavailable")
    return replace(found.value, cached=True) if found.cached else found.value


def _convert(dependencies: UserDependencies, user_id: UUID, deadline: Deadline) -> bool:
    from pam.answers.exchange_rates import convert_stored_amounts  # which most users' answers don't load

    return convert_stored_amounts(dependencies, user_id, deadline)


def read_through(
    dependencies: UserDependencies,
    user_id: UUID,
    key: str,
    kind: type[T],
    compute: Callable[[], ComputedValue[T]],
) -> CachedValue[T]:
    """Return the cached value where nothing was written since, else a computed one, which is cached.

    Raises what `compute` raises; `DatabaseUnavailable` only where no value of the last days is cached.
    """
    lookup = dependencies.cache.get(user_id, key)
    if lookup.fresh is not None and (value := _restore(kind, lookup.fresh)) is not None:
        count(Metric.ANSWER_CACHED)
        return CachedValue(value, cached=True)
    try:
        computed = compute()
    except DatabaseUnavailable:
        if lookup.last is None or (value := _restore(kind, lookup.last)) is None:
            raise
        count(Metric.ANSWER_STALE)
        logger.warning("database unavailable, a stale answer is used", exc_info=True)
        age_s = int((dependencies.clock() - lookup.last.as_of).total_seconds())
        return CachedValue(value, cached=True, age_s=max(0, age_s))
    count(Metric.ANSWER_COMPUTED)
    entry = CachedAnswer(to_json(computed.value), computed.as_of)
    dependencies.cache.put(user_id, key, lookup, entry, computed.fresh_until)
    return CachedValue(computed.value, cached=False)


def _restore(kind: type[T], entry: CachedAnswer) -> T | None:
    """Return a cached value; None for one that an earlier version of PAM has cached in another shape."""
    try:
        return from_json(kind, entry.body)
    except ValueError:
        return None
