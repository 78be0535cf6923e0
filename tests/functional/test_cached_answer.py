"""Answers in the cache whose fields an earlier release has stored differently."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest

from pam.answers.cached_answer import ComputedValue, read_through
from pam.answers.date_range import DateRange
from pam.answers.dependencies import UserDependencies
from pam.cache.user_cache import CachedAnswer
from pam.platform.postgres import DatabaseUnavailable

KEY = "a question"
STORED = {"from": "2026-11-01", "until": "2026-12-01"}
COMPUTED = DateRange(from_="2026-11-01", to="2026-12-01")


@pytest.fixture
def dependencies(build_dependencies: Callable[..., UserDependencies]) -> UserDependencies:
    """The services of a Lambda environment."""
    return build_dependencies()


@pytest.fixture
def user(dependencies: UserDependencies) -> uuid.UUID:
    """A user with a fresh answer of another shape in the cache."""
    user = uuid.uuid4()
    now = dependencies.clock()
    lookup = dependencies.cache.get(user, KEY)
    dependencies.cache.put(user, KEY, lookup, CachedAnswer(STORED, now), now + timedelta(minutes=5))
    assert dependencies.cache.get(user, KEY).fresh == CachedAnswer(STORED, now)
    return user


def test_cached_answer_of_another_shape_is_replaced(dependencies: UserDependencies, user: uuid.UUID) -> None:
    """It is a cache miss: the answer is computed and cached anew."""

    def compute() -> ComputedValue[DateRange]:
        now = dependencies.clock()
        return ComputedValue(COMPUTED, now, now + timedelta(minutes=5))

    found = [read_through(dependencies, user, KEY, DateRange, compute) for _ in range(2)]
    assert [(each.value, each.cached) for each in found] == [(COMPUTED, False), (COMPUTED, True)]


def test_cached_answer_of_another_shape_is_not_served_stale(dependencies: UserDependencies, user: uuid.UUID) -> None:
    """Without the database there is no answer."""

    def compute() -> ComputedValue[DateRange]:
        raise DatabaseUnavailable

    with pytest.raises(DatabaseUnavailable):
        read_through(dependencies, user, KEY, DateRange, compute)
