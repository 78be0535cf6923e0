"""Perform writes and undo them. Each is recorded in the table `effects`, in the transaction of the write itself."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pam.cache.user_cache import UserCache
from pam.ledger.lost_turns import lock_turn
from pam.ledger.operation import UndoResult, WriteContext, WriteOperation
from pam.platform.clock import Clock
from pam.platform.deadline import Deadline
from pam.platform.errors import EFFECT_NOT_FOUND, TURN_LOST, UNDO_EXPIRED, PamError
from pam.platform.postgres import ConnectionLost, Database, Row
from pam.users.profile import ensure_user, read_profile
from pam.users.typed_at import resolve_typed_at

A = TypeVar("A")

UNDO_WINDOW = timedelta(minutes=10)

# The key is claimed before the write: a concurrent write with the same key waits here, and then finds the row.
_CLAIM_KEY = """
insert into effects (user_id, key, tool, done_at, turn_id, call_id)
values (%(user)s, %(key)s, %(operation)s, %(now)s, %(turn)s, %(call)s)
on conflict (user_id, key) do nothing
returning id
"""

_SELECT_EFFECT = """
select id, told as result, undo is not null as can_be_undone, done_at
  from effects
 where user_id = %(user)s and key = %(key)s
"""

_STORE_RESULT = "update effects set told = %(result)s, undo = %(undo)s where id = %(id)s and user_id = %(user)s"

# Before the effect, as by a deletion of memories, which changes the records of writes: neither waits for the other.
_LOCK_USER = "select id from users where id = %(user)s for no key update"

_LOCK_EFFECT = """
select tool as operation, told as result, undo, done_at, undone_at
  from effects
 where id = %(id)s and user_id = %(user)s
   for update
"""

_STORE_UNDO = "update effects set undone_at = %(now)s where id = %(id)s and user_id = %(user)s"


class LedgerDependencies(Protocol):
    """The services that a write needs."""

    @property
    def database(self) -> Database: ...
    @property
    def cache(self) -> UserCache: ...
    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True)
class WriteOrigin:
    """The turn of a conversation, and the tool call in it, that a write belongs to."""

    turn_id: UUID
    call_id: str


@dataclass(frozen=True)
class Effect:
    """A write as it was recorded. `as_of` is ISO 8601 in the user's time zone.

    `undo_until` has the same offset; it is None for a write that can't be undone.
    """

    id: UUID
    text: str
    data: Mapping[str, Any]
    source: str
    simulated: bool
    as_of: str
    undo_until: datetime | None


@dataclass(frozen=True)
class UndoneEffect:
    """A write that was undone, and what its undo did."""

    result: UndoResult
    source: str
    simulated: bool
    as_of: str


def perform_write(
    dependencies: LedgerDependencies,
    user_id: UUID,
    key: str,
    operation: WriteOperation[A],
    arguments: A,
    deadline: Deadline,
    *,
    zone: ZoneInfo | None = None,
    origin: WriteOrigin | None = None,
    typed_at: datetime | None = None,
    check: Callable[[WriteContext], None] = lambda _: None,
) -> Effect:
    """Perform a write once for the key; return the recorded effect, which a repeated key returns again.

    `zone` is where the user is now, `typed_at` when they typed what is written. `check` may raise to prevent the write,
    in its transaction. With `origin` the write isn't done once its turn was declared lost (`turn_lost`). Raises
    `PamError`, and what the operation raises; then nothing is written, unless it is `ConnectionLost`.
    """

    def perform() -> Effect:
        return _perform(dependencies, user_id, key, operation, arguments, deadline, zone, origin, typed_at, check)

    try:
        return perform()
    except ConnectionLost:
        # The commit may have been done: the key finds its effect, waiting for a commit that is still under way.
        return perform()


def _perform(
    dependencies: LedgerDependencies,
    user_id: UUID,
    key: str,
    operation: WriteOperation[A],
    arguments: A,
    deadline: Deadline,
    zone: ZoneInfo | None,
    origin: WriteOrigin | None,
    typed_at: datetime | None,
    check: Callable[[WriteContext], None],
) -> Effect:
    now = dependencies.clock()
    scope = {
        "user": user_id,
        "key": key,
        "operation": operation.name,
        "now": now,
        "turn": origin and origin.turn_id,
        "call": origin and origin.call_id,
    }
    with dependencies.cache.write_fence(user_id), dependencies.database.session(user_id, deadline) as connection:
        ensure_user(connection, user_id)
        is_lost = None if origin is None else lock_turn(connection, user_id, origin.turn_id)
        claim = connection.execute(_CLAIM_KEY, scope)
        profile = read_profile(connection, user_id).in_zone(zone)
        claimed = claim.fetchone()
        if claimed is None:
            recorded = connection.execute(_SELECT_EFFECT, scope).fetchone()
            assert recorded is not None
            return effect_from_row(recorded)
        if is_lost is not None and is_lost():
            raise PamError(TURN_LOST, "This wasn't done: the question it belongs to has ended.")
        turn_id = None if origin is None else origin.turn_id
        context = WriteContext(connection, profile, now, resolve_typed_at(typed_at, now), turn_id)
        check(context)
        written = operation.write(context, arguments)
        result = {
            "text": written.text,
            "data": written.data,
            "source": written.source,
            "simulated": written.simulated,
            "as_of": now.astimezone(profile.zone).isoformat(timespec="seconds"),
        }
        stored = {
            "id": claimed["id"],
            "result": json.dumps(result),
            "undo": None if written.undo is None else json.dumps(written.undo),
        }
        connection.execute(_STORE_RESULT, scope | stored)
    recorded = {"id": claimed["id"], "result": result, "can_be_undone": written.undo is not None, "done_at": now}
    return effect_from_row(recorded)


def find_effect(dependencies: LedgerDependencies, user_id: UUID, key: str, deadline: Deadline) -> Effect | None:
    """Return the effect that was recorded under a key, None if there is none."""
    with dependencies.database.session(user_id, deadline) as connection:
        row = connection.execute(_SELECT_EFFECT, {"user": user_id, "key": key}).fetchone()
    return None if row is None else effect_from_row(row)


def undo_effect(
    dependencies: LedgerDependencies,
    user_id: UUID,
    effect_id: UUID,
    find_operation: Callable[[str], WriteOperation[Any] | None],
    deadline: Deadline,
) -> UndoneEffect:
    """Undo an effect of the last ten minutes; repeated, it changes nothing and returns the same.

    `find_operation` returns the operation of a name. Raises `PamError`: `effect_not_found`, `undo_expired`, and what
    the operation's undo raises.
    """
    now = dependencies.clock()
    scope = {"id": effect_id, "user": user_id}
    with dependencies.cache.write_fence(user_id), dependencies.database.session(user_id, deadline) as connection:
        profile = read_profile(connection, user_id)
        connection.execute(_LOCK_USER, scope)
        row = connection.execute(_LOCK_EFFECT, scope).fetchone()
        operation = find_operation(row["operation"]) if row and row["undo"] is not None else None
        if row is None or operation is None or operation.undo is None:
            raise effect_not_found()
        if row["undone_at"] is None and row["done_at"] + UNDO_WINDOW < now:
            raise PamError(UNDO_EXPIRED, "That was more than ten minutes ago, so it can't be undone any more.")
        undone_at = row["undone_at"] or now
        result = operation.undo(WriteContext(connection, profile, undone_at), row["undo"])
        connection.execute(_STORE_UNDO, scope | {"now": undone_at})
    return UndoneEffect(
        result=result,
        source=row["result"]["source"],
        simulated=row["result"].get("simulated", False),
        as_of=now.astimezone(profile.zone).isoformat(timespec="seconds"),
    )


def effect_not_found() -> PamError:
    """Return the error for an id that is unknown, malformed or another user's: the same, to reveal nothing."""
    return PamError(EFFECT_NOT_FOUND, "PAM knows of nothing like that to undo.")


def effect_from_row(row: Row) -> Effect:
    """Return the effect in a row of the columns id, result, can_be_undone and done_at."""
    result = row["result"]
    undo_until = row["done_at"] + UNDO_WINDOW if row["can_be_undone"] else None
    return Effect(
        id=row["id"],
        text=result["text"],
        data=result["data"],
        source=result["source"],
        simulated=result.get("simulated", False),
        as_of=result["as_of"],
        undo_until=undo_until and undo_until.astimezone(datetime.fromisoformat(result["as_of"]).tzinfo),
    )
