"""The open connections of each user, until they close or reach API Gateway's two hours."""

from datetime import timedelta
from uuid import UUID

from pam.platform.clock import Clock
from pam.platform.dynamodb import DynamoTable

MAX_CONNECTIONS_PER_USER = 20

# API Gateway closes a connection after two hours; `$disconnect` is best effort.
_CONNECTION_TTL = timedelta(hours=2, minutes=15)


class ConnectionRegistry:
    """Connections by user and connection id. Methods raise `DynamoUnavailable`."""

    def __init__(self, table: DynamoTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def add(self, user_id: UUID, connection_id: str) -> bool:
        """Register a connection; return False where the user has too many."""
        now = self._clock()
        connections = self._table.query(_partition(user_id))
        if sum(int(each["ttl"]) > now.timestamp() for each in connections) >= MAX_CONNECTIONS_PER_USER:
            return False
        self._table.put(
            (_partition(user_id), connection_id), {"connected_at": int(now.timestamp())}, now + _CONNECTION_TTL
        )
        return True

    def remove(self, user_id: UUID, connection_id: str) -> None:
        """Remove a connection that has closed."""
        self._table.delete(_partition(user_id), connection_id)


def _partition(user_id: UUID) -> str:
    return f"connections#{user_id}"
