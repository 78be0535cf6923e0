"""Who is connected: each socket of a traveller, until it closes or API Gateway's two hours are over."""

from datetime import timedelta
from uuid import UUID

from pam.chat.store import ChatTable
from pam.platform.clock import Clock

# API Gateway closes a socket after two hours; `$disconnect` is best effort.
_KEPT_FOR = timedelta(hours=2, minutes=15)

MOST_SOCKETS = 20
"""Of one traveller at once: far more than tabs that anybody uses."""


class Connections:
    """Sockets by traveller and connection id. Raises `PamError` (`store_unavailable`)."""

    def __init__(self, table: ChatTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def add(self, user_id: UUID, connection_id: str) -> bool:
        """Notes a socket; False where this traveller has too many."""
        now = self._clock()
        open_ones = [each for each in self._table.items(_key(user_id), "", "") if int(each["ttl"]) > now.timestamp()]
        if len(open_ones) >= MOST_SOCKETS:
            return False
        self._table.put(_key(user_id), connection_id, {"connected_at": int(now.timestamp())}, now + _KEPT_FOR)
        return True

    def remove(self, user_id: UUID, connection_id: str) -> None:
        """Forgets a socket that has closed."""
        self._table.delete(_key(user_id), connection_id)


def _key(user_id: UUID) -> str:
    return f"connections#{user_id}"
