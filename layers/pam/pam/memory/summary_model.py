"""The model call for a summary: made once more for an invalid reply, and its cost."""

import threading
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pam.memory.episode_windows import EpisodeMessage
from pam.memory.facts import Fact
from pam.memory.summary_prompt import summary_request
from pam.memory.summary_reply import EpisodeSummary, InvalidSummary, parse_summary
from pam.platform.deadline import Deadline
from pam.platform.observability import logger
from pam.sources.claude.client import ClaudeClient
from pam.sources.claude.pricing import TokenUsage
from pam.sources.claude.reply import ModelError, ModelReply

CALL_TIMEOUT_S = 40.0

_MAX_CALLS = 2


class SummaryModel:
    """Claude by the name of a model, as the writer of summaries."""

    def __init__(self, claude: ClaudeClient, model: str) -> None:
        self._claude = claude
        self._model = model

    def call(self, messages: Sequence[EpisodeMessage], facts: Sequence[Fact]) -> "SummaryCall":
        """Return the call for the summary of an episode, which isn't made yet."""
        return SummaryCall(self._claude, self._model, summary_request(self._model, messages, facts), messages)


class SummaryCall:
    """The call for one summary."""

    def __init__(
        self, claude: ClaudeClient, model: str, request: dict[str, Any], messages: Sequence[EpisodeMessage]
    ) -> None:
        self._claude = claude
        self._model = model
        self._request = request
        self._messages = messages
        self._usage = TokenUsage()

    @property
    def cost(self) -> Decimal:
        """Dollars so far, also of calls that failed."""
        return self._usage.cost(self._model)

    def summarise(self, deadline: Deadline, cost_cap: Decimal) -> EpisodeSummary:
        """Return the summary; ask once more for an invalid one where that stays within `cost_cap`.

        Raises `ModelError` and `InvalidSummary`.
        """
        for number in range(1, _MAX_CALLS + 1):
            try:
                return self._ask(deadline.at_most(CALL_TIMEOUT_S))
            except InvalidSummary as invalid:
                if number == _MAX_CALLS or 2 * self.cost > cost_cap:
                    raise
                logger.warning("summary asked for again", reason=str(invalid))
        raise AssertionError("the last call returns or raises")

    def _ask(self, deadline: Deadline) -> EpisodeSummary:
        reply = self._read(deadline)
        if reply.stop_reason != "end_turn":
            raise InvalidSummary(f"the reply ended by {reply.stop_reason}")
        return parse_summary(reply.text, self._messages)

    def _read(self, deadline: Deadline) -> ModelReply:
        try:
            for event in self._claude.stream(self._request, (), deadline, threading.Event()):
                if isinstance(event, ModelReply):
                    self._usage += event.usage
                    return event
        except ModelError as error:
            self._usage += error.partial.usage
            raise
        raise AssertionError("a stream that isn't stopped ends with its reply")
