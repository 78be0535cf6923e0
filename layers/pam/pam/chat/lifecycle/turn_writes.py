"""The writes of a turn that is declared lost, from the ledger."""

from collections.abc import Mapping
from uuid import UUID

from pam.ledger.effects import Effect, effect_from_row
from pam.ledger.lost_turns import declare_lost
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.users.profile import ensure_user

_TIMEOUT_S = 5.0

# An undone write is no result of the turn any more.
_SELECT_EFFECTS = """
select call_id, id, told as result, undo is not null as can_be_undone, done_at
  from effects
 where user_id = %(user)s and turn_id = %(turn)s and undone_at is null
 order by done_at, id
"""


class TurnWrites:
    """The writes of all turns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def close(self, user_id: UUID, turn_id: UUID) -> Mapping[str, Effect]:
        """Declare a turn lost, so that it writes nothing more; return what it has written, by the tool call's id.

        It may be repeated. Raises `DatabaseUnavailable`.
        """
        scope = {"user": user_id, "turn": turn_id}
        with self._database.session(user_id, Deadline(_TIMEOUT_S)) as connection:
            ensure_user(connection, user_id)
            declare_lost(connection, user_id, turn_id)
            rows = connection.execute(_SELECT_EFFECTS, scope).fetchall()
        return {row["call_id"]: effect_from_row(row) for row in rows}
