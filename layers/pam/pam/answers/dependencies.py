"""The services that answers are computed with, built by `pam.bootstrap`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pam.cache.user_cache import UserCache
from pam.platform.clock import Clock
from pam.platform.idempotency import IdempotencyStore
from pam.platform.postgres import Database

if TYPE_CHECKING:  # functions that need no sources don't load their modules
    from pam.answers.exchange_rates import ExchangeRates
    from pam.answers.travel_sources import TravelSources
    from pam.memory.copies import MessageCopies
    from pam.platform.object_store import ObjectStore


@dataclass(frozen=True)
class UserDependencies:
    """The services behind answers from a user's own data."""

    database: Database
    cache: UserCache
    idempotency: IdempotencyStore
    clock: Clock
    exchange_rates: "Callable[[], ExchangeRates]"
    """Built on first use: most users have expenses in one currency only."""
    message_copies: "Callable[[], MessageCopies]"
    """Built on first use: only deletions need them."""
    files: "Callable[[], ObjectStore]"
    """Built on first use: only exports and deletions need it."""


@dataclass(frozen=True)
class TravelDependencies(UserDependencies):
    """The same with the sources of places, roads, weather and prices."""

    sources: "TravelSources"
