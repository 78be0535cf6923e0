"""The record of security events: what was flagged, restricted or taken out, and never a text.

The app's role can insert events, and neither read nor change them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pam.platform.deadline import Deadline
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger
from pam.platform.postgres import Database, DatabaseUnavailable


class EventKind(StrEnum):
    """What an event is about."""

    MESSAGE = "message"
    """A message that stage 1 flagged."""
    ANSWER = "answer"
    """Something that the scan took out of an answer."""
    TOOL = "tool"
    """A write that the policy refused."""


@dataclass(frozen=True)
class SecurityEvent:
    """One event. `text_hash` is the keyed hash of the text, `rules` the names of what it matched."""

    kind: EventKind
    text_hash: str | None
    score: float | None
    rules: Sequence[str]
    verdict: str | None
    outcome: str
    latency_ms: int | None


_INSERT = """
insert into security_events (user_id, turn_id, occurred_at, kind, text_hash, score, rules, verdict, outcome, latency_ms)
values (
  %(user)s, %(turn)s, %(at)s, %(kind)s, %(text_hash)s, %(score)s, %(rules)s, %(verdict)s, %(outcome)s, %(latency_ms)s
)
"""

_SELECT_ALLOWANCE = """
select 1 from screen_allowances where text_hash = %(text_hash)s and expires_at > %(now)s
"""


class SecurityEvents:
    """The store of security events, and of reviewed messages that aren't judged."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def try_add(
        self, user_id: UUID, turn_id: UUID, at: datetime, events: Sequence[SecurityEvent], deadline: Deadline
    ) -> None:
        """Store events of a turn. Where Postgres is unavailable they are in the metrics and the log only."""
        if not events:
            return
        try:
            with self._database.session(user_id, deadline) as connection:
                for event in events:
                    values = vars(event) | {"rules": list(event.rules), "kind": event.kind.value}
                    connection.execute(_INSERT, values | {"user": user_id, "turn": turn_id, "at": at})
        except DatabaseUnavailable:
            count(Metric.SECURITY_EVENTS_LOST)
            logger.warning("security events not stored", exc_info=True, kinds=[event.kind for event in events])

    def is_allowed(self, user_id: UUID, text_hash: str, now: datetime, deadline: Deadline) -> bool:
        """Return whether a reviewer has allowed messages with this hash, and that hasn't expired."""
        try:
            with self._database.session(user_id, deadline) as connection:
                row = connection.execute(_SELECT_ALLOWANCE, {"text_hash": text_hash, "now": now}).fetchone()
        except DatabaseUnavailable:
            return False
        return row is not None
