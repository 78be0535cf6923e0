"""Limits of the chat: how often a user may ask, what it may cost, and how many messages may fail their check."""

from datetime import timedelta
from uuid import UUID

from pam.platform.clock import Clock
from pam.platform.cost_limits import CostCaps, CostLimits
from pam.platform.dynamodb import DynamoTable
from pam.platform.errors import RATE_LIMITED, PamError
from pam.platform.observability import logger
from pam.platform.token_bucket import Rate, TokenBucket

MAX_QUESTIONS_PER_MINUTE = 30
"""Questions at once, and questions in each later minute."""

MAX_FAILED_CHECKS = 10
"""Messages of a user's UTC day that fail their safety check before model calls are suspended."""

SUSPENSION = timedelta(hours=1)


class ChatLimits(CostLimits):
    """The cost caps, and the rate limit on questions. Methods raise `DynamoUnavailable`."""

    def __init__(self, table: DynamoTable, caps: CostCaps, clock: Clock) -> None:
        super().__init__(table, caps, clock)
        rate = Rate(MAX_QUESTIONS_PER_MINUTE, refill_s=60 / MAX_QUESTIONS_PER_MINUTE)
        self._questions = TokenBucket(table, rate, clock)

    def take_question(self, user_id: UUID, message_id: UUID) -> None:
        """Count a question, once for each message id. Raises `PamError` (`rate_limited`)."""
        wait_s = self._questions.take((f"rate#{user_id}", "questions"), str(message_id))
        if wait_s:
            raise PamError(RATE_LIMITED, "That's a lot of questions at once. Give PAM a moment.", retry_after=wait_s)

    def record_failed_check(self, user_id: UUID) -> None:
        """Count a message that failed its safety check; after `MAX_FAILED_CHECKS` of a day, suspend the user."""
        item = self._table.update(
            self._user_day(user_id),
            "set #failed_checks = if_not_exists(#failed_checks, :zero) + :one, #ttl = :ttl",
            {"zero": 0, "one": 1, "ttl": self._ttl()},
        )
        if int(item["failed_checks"]) % MAX_FAILED_CHECKS == 0:
            self.suspend_user(user_id, self._clock() + SUSPENSION)
            logger.warning("user suspended for failed safety checks")
