"""Limits of the chat: how often a user may ask, and what it may cost."""

from uuid import UUID

from pam.platform.clock import Clock
from pam.platform.cost_limits import CostCaps, CostLimits
from pam.platform.dynamodb import DynamoTable
from pam.platform.errors import RATE_LIMITED, PamError
from pam.platform.token_bucket import Rate, TokenBucket

MAX_QUESTIONS_PER_MINUTE = 30
"""Questions at once, and questions in each later minute."""


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
