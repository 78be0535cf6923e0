"""Caps on the cost of model calls, counted in DynamoDB so that all environments agree. No text can change them.

A cost is reserved at the cap of a turn before the model is called, keyed by what it is for, so that a repeated write
counts once; the real cost replaces it when it is known.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from pam.platform.clock import Clock
from pam.platform.dynamodb import ConditionFailed, DynamoTable
from pam.platform.errors import CHAT_SUSPENDED, DAILY_LIMIT_REACHED, PamError
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger

_MICRODOLLARS = 1_000_000
_COST_TTL = timedelta(days=3)
_STAGE = "spend#stage"


@dataclass(frozen=True)
class CostCaps:
    """Caps in US dollars: of one turn, of one user's day, and of a day of the whole stage. Days are UTC."""

    turn: Decimal
    user_day: Decimal
    stage_day: Decimal


@dataclass(frozen=True)
class Reservation:
    """The share of the daily caps of a turn, or of another work with an id, on the UTC day of its start."""

    user_id: UUID
    turn_id: UUID
    day: str


class StageLimitReached(PamError):
    """The cap of the whole stage's day is reached: no user's work can go on."""


class CostLimits:
    """The daily cost caps. Methods raise `DynamoUnavailable`."""

    def __init__(self, table: DynamoTable, caps: CostCaps, clock: Clock) -> None:
        self.caps = caps
        self._table = table
        self._clock = clock

    def reserve(self, user_id: UUID, turn_id: UUID) -> Reservation:
        """Reserve a turn's cap from the user's and the stage's day, or from neither.

        Raises `PamError` (`daily_limit_reached`), that of the stage as `StageLimitReached`.
        """
        reservation = self.reserve_user(user_id, turn_id)
        try:
            self.reserve_stage(reservation)
        except PamError:
            self.settle(reservation, Decimal(0))
            raise
        return reservation

    def settle(self, reservation: Reservation, cost: Decimal) -> None:
        """Replace the reservation by the real cost in US dollars, once. Where that fails it stays: it is the more."""
        for settle in (self.settle_user, self.settle_stage):
            try:
                settle(reservation, cost)
            except PamError:
                logger.warning("cost not settled", exc_info=True)

    def reserve_user(self, user_id: UUID, turn_id: UUID) -> Reservation:
        """Reserve a turn's cap from the user's day.

        Raises `PamError`: `daily_limit_reached`, or `chat_suspended` while the user is suspended.
        """
        reservation = Reservation(user_id, turn_id, self._clock().date().isoformat())
        if not self._reserve(_user_key(reservation.user_id, reservation.day), reservation, self.caps.user_day):
            count(Metric.COST_CAP_REACHED, {"scope": "user"})
            raise PamError(
                DAILY_LIMIT_REACHED,
                "You've used up today's conversation with PAM. Quick questions about spending, fuel, weather and "
                "distances still work; the conversation is back tomorrow.",
                retry_after=self._seconds_until_tomorrow(),
            )
        return reservation

    def reserve_stage(self, reservation: Reservation) -> None:
        """Reserve the turn's cap from the stage's day. Raises `StageLimitReached` (`daily_limit_reached`)."""
        if not self._reserve((_STAGE, reservation.day), reservation, self.caps.stage_day):
            count(Metric.COST_CAP_REACHED, {"scope": "stage"})
            raise StageLimitReached(
                DAILY_LIMIT_REACHED,
                "PAM's conversation has reached its limit for today. Quick questions about spending, fuel, weather "
                "and distances still work.",
                retry_after=self._seconds_until_tomorrow(),
            )

    def settle_user(self, reservation: Reservation, cost: Decimal) -> None:
        """Replace the reservation from the user's day by the real cost in US dollars, once."""
        self._settle(_user_key(reservation.user_id, reservation.day), reservation, cost)

    def settle_stage(self, reservation: Reservation, cost: Decimal) -> None:
        """Replace the reservation from the stage's day by the real cost in US dollars, once."""
        self._settle((_STAGE, reservation.day), reservation, cost)

    def stage_percent(self) -> float:
        """Return how much of the stage's cap on this day's cost is used or reserved, in percent."""
        item = self._table.get(_STAGE, self._clock().date().isoformat()) or {}
        return float(100 * Decimal(item.get("held", 0)) / _micro(self.caps.stage_day))

    def _reserve(self, key: tuple[str, str], reservation: Reservation, cap: Decimal) -> bool:
        """Hold the turn's cap, if what is held already is below `cap`: one turn at most exceeds it."""
        now = int(self._clock().timestamp())
        try:
            self._table.update(
                key,
                "set #turn = :amount, #held = if_not_exists(#held, :zero) + :amount, #ttl = :ttl",
                {
                    "amount": _micro(self.caps.turn),
                    "zero": 0,
                    "cap": _micro(cap),
                    "ttl": self._ttl(),
                    "now": now,
                },
                condition="attribute_not_exists(#turn) and (attribute_not_exists(#held) or #held < :cap)"
                " and (attribute_not_exists(#suspended_until) or #suspended_until <= :now)",
                names=_names(reservation),
            )
        except ConditionFailed as failure:
            item = failure.item or {}
            # The turn's own reservation: this is the repetition of a write that was done.
            if _names(reservation)["turn"] in item:
                return True
            suspended_s = int(item.get("suspended_until", 0)) - now
            if suspended_s > 0:
                raise PamError(
                    CHAT_SUSPENDED,
                    "PAM's conversation pauses for a while, since several messages read like attempts to misuse it. "
                    "Quick questions about spending, fuel, weather and distances still work.",
                    retry_after=suspended_s,
                ) from None
            return False
        return True

    def suspend_user(self, user_id: UUID, until: datetime) -> None:
        """Refuse the user's reservations until then, at the latest until the UTC day ends."""
        ends_at = min(until.timestamp(), self._clock().timestamp() + self._seconds_until_tomorrow())
        expression = "set #suspended_until = :until, #ttl = :ttl"
        self._table.update(self._user_day(user_id), expression, {"until": int(ends_at), "ttl": self._ttl()})

    def _user_day(self, user_id: UUID) -> tuple[str, str]:
        return _user_key(user_id, self._clock().date().isoformat())

    def _ttl(self) -> int:
        return int((self._clock() + _COST_TTL).timestamp())

    def _settle(self, key: tuple[str, str], reservation: Reservation, cost: Decimal) -> None:
        with suppress(ConditionFailed):  # it is settled already
            self._table.update(
                key,
                "set #held = #held + :difference remove #turn",
                {"difference": _micro(cost) - _micro(self.caps.turn)},
                condition="attribute_exists(#turn)",
                names=_names(reservation),
            )

    def _seconds_until_tomorrow(self) -> int:
        now = self._clock()
        return 86_400 - (now.hour * 60 + now.minute) * 60 - now.second


def _user_key(user_id: UUID, day: str) -> tuple[str, str]:
    return f"spend#{user_id}", day


def _names(reservation: Reservation) -> dict[str, str]:
    return {"turn": f"turn#{reservation.turn_id}"}


def _micro(dollars: Decimal) -> int:
    return round(dollars * _MICRODOLLARS)
