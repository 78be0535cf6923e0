"""A user's share of the workers: few turns of a user run at once, over all conversations, and later ones wait."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from pam.platform.clock import Clock
from pam.platform.dynamodb import ConditionFailed, DynamoTable, Item

MAX_RUNNING_PER_USER = 3

MAX_WAITING_PER_USER = 10
"""Turns at the head of their conversations that wait for a permit."""

STALLED_AFTER = timedelta(seconds=15)
"""Where no permit has changed hands for so long, a holder may be lost: it is time to look."""

_PERMITS_TTL = timedelta(days=1)
_PERMITS = "permits"


@dataclass(frozen=True)
class Permits:
    """The permits of one user. `holders` maps a turn with a permit to the turn that had it before, or to ""."""

    holders: Mapping[str, str] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    changed_at: float = field(default=0.0, compare=False)
    """Unix time at which a permit was last acquired or released."""

    def acquire(self, turn: str, *, is_accepted: bool) -> "Permits":
        """Give the turn a permit, or make it the last that waits; unchanged where too many wait.

        A turn that `is_accepted` already may always wait.
        """
        if turn in self.holders or turn in self.waiting:
            return self
        if len(self.holders) < MAX_RUNNING_PER_USER and not self.waiting:
            return Permits({**self.holders, turn: ""}, ())
        if len(self.waiting) >= MAX_WAITING_PER_USER and not is_accepted:
            return self
        return Permits(self.holders, (*self.waiting, turn))

    def release(self, turn: str) -> "Permits":
        """Remove the turn; its permit goes to the one that has waited longest."""
        waiting = tuple(each for each in self.waiting if each != turn)
        if turn not in self.holders:
            return Permits(self.holders, waiting)
        holders = {holder: by for holder, by in self.holders.items() if holder != turn}
        if waiting:
            holders[waiting[0]] = turn
        return Permits(holders, waiting[1:])

    def position(self, turn: str) -> int | None:
        """Return 0 for a turn with a permit, 1 for the one that waits for the next one, None for any other turn."""
        if turn in self.holders:
            return 0
        return self.waiting.index(turn) + 1 if turn in self.waiting else None

    def successor(self, turn: str) -> str | None:
        """Return the turn that has the permit that `turn` released."""
        return next((holder for holder, by in self.holders.items() if by == turn), None)


@dataclass(frozen=True)
class PermitPosition:
    """A turn's position: 0 has a permit, 1 is next, None is refused. `is_stalled` where no permit changes hands."""

    position: int | None
    is_stalled: bool


class TurnPermits:
    """The permits of all users. Methods raise `DynamoUnavailable`. Every write may be repeated.

    A user with one turn at a time costs one write to acquire and one to release.
    """

    def __init__(self, table: DynamoTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def acquire(self, user_id: UUID, turn: UUID, *, is_accepted: bool) -> PermitPosition:
        """Give the turn a permit or let it wait for one. It is refused where too many wait, unless it `is_accepted`."""
        permits = self._change(user_id, Permits(), lambda permits: permits.acquire(str(turn), is_accepted=is_accepted))
        position = permits.position(str(turn))
        is_stalled = position != 0 and permits.changed_at < (self._clock() - STALLED_AFTER).timestamp()
        return PermitPosition(position, is_stalled)

    def release(self, user_id: UUID, turn: UUID) -> UUID | None:
        """Remove a turn that has ended; return the one that now has its permit and has to be started."""
        permits = self._change(user_id, Permits({str(turn): ""}), lambda permits: permits.release(str(turn)))
        successor = permits.successor(str(turn))
        return None if successor is None else UUID(successor)

    def holders(self, user_id: UUID) -> list[UUID]:
        """Return the turns that have a permit."""
        return [UUID(turn) for turn in _parse(self._table.get(_partition(user_id), _PERMITS)).holders]

    def is_waiting(self, user_id: UUID, turn: UUID) -> bool:
        """Return whether the turn waits for a permit."""
        return str(turn) in _parse(self._table.get(_partition(user_id), _PERMITS)).waiting

    def _change(self, user_id: UUID, guess: Permits, change: Callable[[Permits], Permits]) -> Permits:
        """Write and return the changed permits. `guess` is what they probably are, which saves a read."""
        seen = guess
        while True:
            changed = change(seen)
            if changed == seen:
                return seen
            changed_at = seen.changed_at if changed.holders == seen.holders else self._clock().timestamp()
            condition = "#holders = :seen_holders and #waiting = :seen_waiting"
            if seen == Permits():
                condition = f"attribute_not_exists(#holders) or ({condition})"
            try:
                self._table.update(
                    (_partition(user_id), _PERMITS),
                    "set #holders = :holders, #waiting = :waiting, #changed_at = :changed_at, #ttl = :ttl",
                    {
                        "holders": dict(changed.holders),
                        "waiting": list(changed.waiting),
                        "changed_at": changed_at,
                        "seen_holders": dict(seen.holders),
                        "seen_waiting": list(seen.waiting),
                        "ttl": int((self._clock() + _PERMITS_TTL).timestamp()),
                    },
                    condition=condition,
                )
                return replace(changed, changed_at=changed_at)
            except ConditionFailed as failure:
                seen = _parse(failure.item)  # others' change; or this is the repetition of a write that was done


def _parse(item: Item | None) -> Permits:
    return Permits() if item is None else Permits(item["holders"], tuple(item["waiting"]), float(item["changed_at"]))


def _partition(user_id: UUID) -> str:
    return f"permits#{user_id}"
