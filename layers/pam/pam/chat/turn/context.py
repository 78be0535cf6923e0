"""The context of a question: an ordered list of providers, each with a token budget and a metric.

All providers are started before the first is awaited. Queries of one transaction are pipelined, so they travel in one
round trip; a provider that asks another service overlaps with them. A provider that fails or is late is left out.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from pam.answers.converted_sum import excluded_amounts
from pam.chat.profile_block import profile_lines
from pam.ledger.undone_effects import send_undone_query
from pam.memory.preferences import MAX_TOKENS, fetch_preferences, preference_line, send_preferences_query
from pam.money.amounts import to_cents
from pam.money.budgets import BudgetState, fetch_month_budgets, send_month_budgets_query
from pam.platform.deadline import Deadline
from pam.platform.envelope import CHARS_PER_TOKEN, SHORTENED, prompt_length
from pam.platform.errors import PamError
from pam.platform.metrics import Metric
from pam.platform.observability import count, logger, measure
from pam.platform.postgres import Connection, DatabaseUnavailable
from pam.travel.rig import SELECT_RIG, rig_from_row
from pam.users.formatting import format_money
from pam.users.profile import Profile

_MAX_UNDONE = 10


@dataclass(frozen=True)
class ContextRequest:
    """What providers may use. `connection` is in an open, pipelined transaction of the user."""

    connection: Connection
    user_id: UUID
    conversation_id: UUID
    zone: ZoneInfo | None
    now: datetime
    deadline: Deadline
    question: "Future[str]"
    """The question's text, as soon as the turn is this worker's; cancelled where it isn't."""


@dataclass(frozen=True)
class ReadState:
    """What is known when a provider is awaited. The prompt has the messages of `turns` anyway."""

    profile: Profile
    turns: frozenset[UUID] = frozenset()


Finish = Callable[[ReadState], list[str]]
"""Waits for a provider's result and returns it as lines of the prompt, most important first."""


class ContextProvider(Protocol):
    """One section of the context."""

    section: str
    max_tokens: int
    metric: Metric
    """The tokens of the section."""

    def start(self, request: ContextRequest) -> Finish:
        """Send what is needed without waiting for it."""


class ProfileProvider:
    """The user's settings and vehicle."""

    section = "traveller"
    max_tokens = 400
    metric = Metric.CONTEXT_PROFILE_TOKENS

    def start(self, request: ContextRequest) -> Finish:
        rig = request.connection.execute(SELECT_RIG, {"user": request.user_id})
        return lambda state: profile_lines(state.profile, rig_from_row(rig.fetchone()))


class PreferencesProvider:
    """What the traveller prefers in every answer. Similarity to a question doesn't find it."""

    section = "preferences"
    max_tokens = MAX_TOKENS
    metric = Metric.CONTEXT_PREFERENCES_TOKENS

    def start(self, request: ContextRequest) -> Finish:
        cursor = send_preferences_query(request.connection, request.user_id)
        return lambda _: [preference_line(fact) for fact in fetch_preferences(cursor)]


class FactsProvider:
    """Facts that a question is likely to need; each saves a tool call. This month's budgets."""

    section = "facts"
    max_tokens = 800
    metric = Metric.CONTEXT_FACTS_TOKENS

    def start(self, request: ContextRequest) -> Finish:
        cursor = send_month_budgets_query(request.connection, request.user_id, request.zone, request.now)

        def finish(state: ReadState) -> list[str]:
            profile = state.profile
            budgets = fetch_month_budgets(cursor)
            rates = frozenset[str]().union(*(budget.spending.rate_sources for budget in budgets))
            sources = ", ".join([profile.expenses_source, *sorted(rates)])
            lines = [_budget_line(budget, profile) for budget in budgets]
            return [f"Budgets of this month so far ({sources}):", *lines] if lines else []

        return finish


_SELECT_NOTES = """
select note from notes
 where user_id = %(user)s and conversation_id = %(id)s and told_in is null
 order by created_at, id limit 20
"""


class NotesProvider:
    """Events of the conversation beside Claude since its last question."""

    section = "notes"
    max_tokens = 6000
    metric = Metric.CONTEXT_NOTES_TOKENS

    def start(self, request: ContextRequest) -> Finish:
        scope = {"user": request.user_id, "id": request.conversation_id}
        cursor = request.connection.execute(_SELECT_NOTES, scope)
        return lambda _: [row["note"] for row in cursor.fetchall()]


class UndoneProvider:
    """Writes that the traveller has undone since the conversation's last question, by a button or in a list."""

    section = "undone"
    max_tokens = 600
    metric = Metric.CONTEXT_UNDONE_TOKENS

    def start(self, request: ContextRequest) -> Finish:
        cursor = send_undone_query(request.connection, request.user_id, request.conversation_id, _MAX_UNDONE)
        return lambda _: [row["text"] for row in cursor.fetchall()]


def default_providers() -> tuple[ContextProvider, ...]:
    """Return the providers that read the transaction's connection, in the order of their sections in the prompt."""
    return (ProfileProvider(), PreferencesProvider(), FactsProvider(), NotesProvider(), UndoneProvider())


def start_providers(providers: Sequence[ContextProvider], request: ContextRequest) -> list[Finish]:
    """Start all providers. Raises `DatabaseUnavailable`."""
    return [_start(provider, request) for provider in providers]


def _start(provider: ContextProvider, request: ContextRequest) -> Finish:
    try:
        return provider.start(request)
    except DatabaseUnavailable:
        raise
    except PamError:
        _record_failure(provider)
        return lambda _: []


def finish_providers(
    providers: Sequence[ContextProvider], started: Sequence[Finish], state: ReadState
) -> dict[str, list[str]]:
    """Return the sections' lines within their budgets. Raises `DatabaseUnavailable`."""
    return {
        provider.section: _finish(provider, finish, state) for provider, finish in zip(providers, started, strict=True)
    }


def _finish(provider: ContextProvider, finish: Finish, state: ReadState) -> list[str]:
    try:
        lines = _within_budget(finish(state), provider.max_tokens)
    except DatabaseUnavailable:
        raise
    except (PamError, FutureTimeout, CancelledError):
        _record_failure(provider)
        return []
    measure(provider.metric, round(sum(map(prompt_length, lines)) / CHARS_PER_TOKEN))
    return lines


def _record_failure(provider: ContextProvider) -> None:
    count(Metric.CONTEXT_FAILED)
    logger.warning("context provider failed", section=provider.section, exc_info=True)


def _within_budget(lines: list[str], max_tokens: int) -> list[str]:
    left = int(max_tokens * CHARS_PER_TOKEN)
    kept = []
    for line in lines:
        length = prompt_length(line)
        if length > left:
            kept.append(_prefix(line, left) + SHORTENED)
            break
        kept.append(line)
        left -= length
    return kept


def _prefix(line: str, length: int) -> str:
    """Return the longest beginning of a line that isn't longer than `length` in the prompt."""
    fitting = bisect_right(range(1, min(len(line), length) + 1), length, key=lambda end: prompt_length(line[:end]))
    return line[:fitting]


def _budget_line(budget: BudgetState, profile: Profile) -> str:
    spent, limit, left = (
        format_money(to_cents(amount), budget.currency, profile)
        for amount in (budget.spent, budget.limit, abs(budget.left))
    )
    line = f"- {budget.category}: {spent} of {limit}"
    excluded = excluded_amounts(budget.spending, profile) if budget.spending.excluded else ""
    outside = f" (without {excluded}, for which there is no exchange rate yet)" if excluded else ""
    if budget.state == "over":
        return f"{line}, over by {left}{outside}"
    return f"{line}, {left} left{', close to its limit' if budget.state == 'near' else ''}{outside}"
