"""What a conversation may cost, and how fast questions may come: counted in DynamoDB, so that all environments agree.

Talking can't move these: they are checked before Claude is asked, by code that reads no text.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from pam.chat.store import ChatTable, Conflict, Item
from pam.platform.clock import Clock
from pam.platform.errors import DAILY_LIMIT_REACHED, RATE_LIMITED, PamError

QUESTIONS_A_MINUTE = 30

_MICRO = 1_000_000


@dataclass(frozen=True)
class CostCaps:
    """In dollars: of one turn, of one traveller's day, and of a day of all travellers together."""

    turn: Decimal
    user_day: Decimal
    stage_day: Decimal


class ChatLimits:
    """Raises `PamError`: `rate_limited`, `daily_limit_reached`, `store_unavailable`."""

    def __init__(self, table: ChatTable, caps: CostCaps, clock: Clock) -> None:
        self.caps = caps
        self._table = table
        self._clock = clock

    def take_question(self, user_id: UUID) -> None:
        """Counts a question; refuses the one that is too many in a minute."""
        now = self._clock()
        try:
            self._table.update(
                f"rate#{user_id}",
                now.strftime("%Y-%m-%dT%H:%M"),
                "set #count = if_not_exists(#count, :none) + :one, #ttl = :ttl",
                {"none": 0, "one": 1, "most": QUESTIONS_A_MINUTE, "ttl": int((now + timedelta(hours=1)).timestamp())},
                condition="attribute_not_exists(#count) or #count < :most",
            )
        except Conflict:
            raise PamError(
                RATE_LIMITED, "That's a lot of questions at once. Give PAM a minute.", retry_after=60 - now.second
            ) from None

    def sums(self, user_id: UUID) -> tuple[tuple[str, str], tuple[str, str]]:
        """Key and item of what is spent today: by the traveller, and by everybody."""
        today = self._clock().date().isoformat()
        return (_of_user(user_id), today), (_STAGE, today)

    def check(self, users: Item | None, stages: Item | None) -> None:
        """Refuses where today's money is spent, as the items of `sums` say."""
        of_user, of_stage, until_tomorrow = _spent(users), _spent(stages), self._until_tomorrow()
        if of_user >= self.caps.user_day:
            raise PamError(
                DAILY_LIMIT_REACHED,
                "You've used up today's conversation with PAM. Quick questions about spending, fuel, weather and "
                "distances still work; the conversation is back tomorrow.",
                retry_after=until_tomorrow,
            )
        if of_stage >= self.caps.stage_day:
            raise PamError(
                DAILY_LIMIT_REACHED,
                "PAM's conversation has reached its limit for today. Quick questions about spending, fuel, weather "
                "and distances still work.",
                retry_after=until_tomorrow,
            )

    def charge(self, user_id: UUID, cost: Decimal) -> None:
        """Adds what was spent, in dollars, to today's sums."""
        now = self._clock()
        for key in (_of_user(user_id), _STAGE):
            self._table.update(
                key,
                now.date().isoformat(),
                "set #ttl = :ttl add #micro :cost",
                {"cost": int(cost * _MICRO), "ttl": int((now + timedelta(days=3)).timestamp())},
            )

    def _until_tomorrow(self) -> int:
        now = self._clock()
        return 86_400 - (now.hour * 60 + now.minute) * 60 - now.second


def _spent(item: Item | None) -> Decimal:
    return Decimal(item["micro"]) / _MICRO if item and "micro" in item else Decimal(0)


_STAGE = "spend#stage"


def _of_user(user_id: UUID) -> str:
    return f"spend#{user_id}"
