"""The open connections of each user, until they close or reach API Gateway's two hours."""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from pam.platform.clock import Clock
from pam.platform.dynamodb import ConditionFailed, DynamoTable, DynamoUnavailable

MAX_CONNECTIONS_PER_USER = 20

# API Gateway closes a connection after two hours; `$disconnect` is best effort.
_CONNECTION_TTL = timedelta(hours=2, minutes=15)

_OPEN = "open"

_ALL = "connections#all"
"""The partition with an item for each open connection of any user, to count them."""


class ConnectionRegistry:
    """Connections by user and connection id: one item per user, so that one write counts and adds.

    Methods raise `DynamoUnavailable`. Every write may be repeated.
    """

    def __init__(self, table: DynamoTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def add(self, user_id: UUID, connection_id: str) -> bool:
        """Register a connection; return False where the user has too many."""
        is_added = self._add(user_id, connection_id)
        if is_added:
            expires_at = int((self._clock() + _CONNECTION_TTL).timestamp())
            with suppress(DynamoUnavailable):  # it only counts
                self._table.update((_ALL, connection_id), "set #ttl = :expires_at", {"expires_at": expires_at})
        return is_added

    def count(self) -> int:
        """Return how many connections of all users are open."""
        now = self._clock().timestamp()
        # DynamoDB may delete an item days after its ttl.
        return sum(item["ttl"] > now for item in self._table.query(_ALL))

    def _add(self, user_id: UUID, connection_id: str) -> bool:
        now = self._clock()
        expires_at = int((now + _CONNECTION_TTL).timestamp())
        key, names = (_partition(user_id), _OPEN), {"id": connection_id}
        while True:
            try:
                self._table.update(
                    key,
                    "set #connections.#id = :expires_at, #ttl = :expires_at",
                    {"expires_at": expires_at, "max": MAX_CONNECTIONS_PER_USER},
                    condition="size(#connections) < :max or attribute_exists(#connections.#id)",
                    names=names,
                )
                return True
            except ConditionFailed as failure:
                seen = {} if failure.item is None else failure.item["connections"]
            # The user's first connection, or some whose `$disconnect` never came have to make room.
            kept = {each: until for each, until in seen.items() if until > now.timestamp()}
            if connection_id not in kept and len(kept) >= MAX_CONNECTIONS_PER_USER:
                return False
            if seen and len(kept) == len(seen):
                continue  # another one closed meanwhile
            try:
                self._table.update(
                    key,
                    "set #connections = :connections, #ttl = :expires_at",
                    {"connections": kept | {connection_id: expires_at}, "expires_at": expires_at, "seen": seen},
                    condition="attribute_not_exists(#connections) or #connections = :seen",
                )
                return True
            except ConditionFailed:
                continue  # others have changed; or this is the repetition of a write that was done

    def remove(self, user_id: UUID, connection_id: str) -> None:
        """Remove a connection that has closed."""
        with suppress(DynamoUnavailable):
            self._table.delete(_ALL, connection_id)
        try:
            self._table.update(
                (_partition(user_id), _OPEN),
                "remove #connections.#id",
                condition="attribute_exists(#connections.#id)",
                names={"id": connection_id},
            )
        except ConditionFailed:
            return  # it was removed already, or had expired


def _partition(user_id: UUID) -> str:
    return f"connections#{user_id}"
