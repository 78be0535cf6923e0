"""The distribution of a backlog: the schedule's run invokes further copies of its function."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pam.platform.observability import logger

CONVERSATIONS_PER_COPY = 100
"""Due conversations for which one more copy is started: a run summarises some hundreds."""


class SummariserCopies:
    """Invokes copies of the summariser, without waiting for them."""

    def __init__(self, client: Any, function: str, max_runs: int) -> None:
        """`max_runs` are the runs at once that Lambda allows, the one that starts the copies included."""
        self._client = client
        self._function = function
        self._max_runs = max_runs

    def start(self, due: int) -> int:
        """Start copies for a number of due conversations; return how many. Where it fails, the next run tries again."""
        wanted = min(self._max_runs - 1, -(-due // CONVERSATIONS_PER_COPY) - 1)
        for number in range(wanted):
            try:
                self._client.invoke(
                    FunctionName=self._function, InvocationType="Event", Payload=json.dumps({"is_copy": True})
                )
            except (BotoCoreError, ClientError):
                logger.warning("copy not started", exc_info=True)
                return number
        return wanted
