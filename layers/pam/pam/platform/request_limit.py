"""The limit on a user's HTTP requests and WebSocket frames together, over all functions.

A request is counted in this environment first, which costs nothing; only a user who exceeds an environment's small
share is counted in DynamoDB. So a user gets the limit, and at most a share more for each environment that answers them.
Decision record 0028 gives the reasons.
"""

from collections import OrderedDict
from math import ceil
from uuid import UUID

from pam.platform.clock import Clock
from pam.platform.dynamodb import DynamoTable, DynamoUnavailable
from pam.platform.errors import RATE_LIMITED, PamError
from pam.platform.observability import logger
from pam.platform.token_bucket import Rate, TokenBucket

_BURST_SHARE = 1 / 30
_RATE_SHARE = 1 / 12
"""An environment's shares of the limit: small at once, since many requests at once have as many environments."""

_MAX_USERS = 10_000


class RequestLimit:
    """Requests of each user: half of `per_minute` at once, and `per_minute` in each minute after that."""

    def __init__(self, table: DynamoTable, per_minute: int, clock: Clock) -> None:
        """`table` has the key attributes of the user cache: the user and the item."""
        rate = Rate(per_minute // 2, refill_s=60 / per_minute)
        self._bucket = TokenBucket(table, rate, clock)
        self._share = Rate(max(1, round(rate.burst * _BURST_SHARE)), rate.refill_s / _RATE_SHARE)
        self._clock = clock
        self._full_at: OrderedDict[UUID, float] = OrderedDict()
        """When each user's share of this environment is whole again, in the order of their last requests."""

    def take(self, user_id: UUID) -> None:
        """Count a request. Raises `PamError` (`rate_limited`)."""
        if self._take_share(user_id):
            return
        try:
            wait_s = self._bucket.take((str(user_id), "requests"))
        except DynamoUnavailable:
            # The share of this environment is all that a user gets while the others' can't be known.
            logger.warning("requests not counted", exc_info=True)
            wait_s = ceil(self._share.refill_s)
        if wait_s:
            raise PamError(RATE_LIMITED, "That's a lot at once. Give PAM a moment, then try again.", retry_after=wait_s)

    def _take_share(self, user_id: UUID) -> bool:
        now = self._clock().timestamp()
        full_at = max(self._full_at.get(user_id, 0.0), now) + self._share.refill_s
        if full_at > now + self._share.burst * self._share.refill_s:
            return False
        self._full_at[user_id] = full_at
        self._full_at.move_to_end(user_id)
        if len(self._full_at) > _MAX_USERS:
            self._full_at.popitem(last=False)
        return True
