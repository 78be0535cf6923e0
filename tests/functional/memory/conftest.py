"""A summariser on the stack's parts, and the conversations that it reads."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from local.stack import LocalStack
from pam.bootstrap import Bootstrap
from pam.memory.exchanges import ExchangeMessage, store_exchange
from pam.memory.summariser import SummariserDependencies, SummariserJob, summarise_due
from pam.platform.cost_limits import CostCaps
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.users.profile import ensure_user
from tests.conftest import Traveller
from tests.functional.memory.remembered import Remembered

RUN_S = 280.0
LONG_AGO = timedelta(days=30)
AMPLE_CAPS = CostCaps(turn=Decimal("0.05"), user_day=Decimal(1000), stage_day=Decimal(1_000_000))


@dataclass
class TestConversation:
    """A conversation of one user, and its messages so far."""

    __test__ = False

    database: Database
    user_id: uuid.UUID = field(default_factory=uuid.uuid4)
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    at: datetime = field(default_factory=lambda: datetime.now(UTC) - LONG_AGO)
    """When the next message is sent."""

    def say(
        self, *texts: str, answer: str | None = "Noted.", after: timedelta = timedelta(minutes=1), wait: bool = True
    ) -> list[uuid.UUID]:
        """Store a turn for each text, each with PAM's answer where there is one; return the ids of the turns."""
        turns = []
        for text in texts:
            self.at += after
            messages = [ExchangeMessage("user", text, self.at)]
            if answer is not None:
                messages.append(ExchangeMessage("assistant", answer, self.at))
            turns.append(uuid.uuid4())
            with self.database.session(self.user_id, Deadline(10)) as connection:
                ensure_user(connection, self.user_id)
                connection.execute(
                    "insert into conversations (id, user_id, profile) values (%s, %s, '') on conflict do nothing",
                    (self.id, self.user_id),
                )
                store_exchange(connection, self.user_id, self.id, turns[-1], messages)
        return turns

    def another(self, **changes: Any) -> "TestConversation":
        """Return a further conversation of the same user."""
        return replace(self, id=uuid.uuid4(), **changes)


@dataclass
class MemoryReader:
    """Reads what is stored, with the rights of the owner of the tables."""

    connection: psycopg.Connection[dict[str, Any]]

    def episodes(self, conversation: TestConversation) -> list[dict[str, Any]]:
        """Return the conversation's episodes in their order."""
        return self.connection.execute(
            "select * from conversation_episodes where user_id = %s and conversation_id = %s order by id",
            [conversation.user_id, conversation.id],
        ).fetchall()

    def facts(self, user_id: uuid.UUID) -> list[dict[str, Any]]:
        """Return a user's facts, the current ones last."""
        return self.connection.execute(
            "select subject, value, standing, valid_from, valid_to, confidence, recorded_by,"
            " array(select turn_id from fact_sources s where s.user_id = facts.user_id and s.fact_id = facts.id"
            "        order by stated_at desc) as source_turn_ids from facts"
            " where user_id = %s order by valid_to nulls last, valid_from, subject",
            [user_id],
        ).fetchall()

    def current(self, user_id: uuid.UUID) -> dict[str, str]:
        """Return the current value of each subject."""
        return {fact["subject"]: fact["value"] for fact in self.facts(user_id) if fact["valid_to"] is None}

    def requests(self, conversation: TestConversation) -> list[dict[str, Any]]:
        """Return the conversation's request, if there is one."""
        return self.connection.execute(
            "select *, quarantined_at is not null as is_quarantined from summary_requests"
            " where user_id = %s and conversation_id = %s",
            [conversation.user_id, conversation.id],
        ).fetchall()

    def make_due(self, user_id: uuid.UUID) -> None:
        """Let the time pass after which requests are due, and leases of runs that were killed expire."""
        self.connection.execute(
            "update summary_requests set due_at = now() - interval '1 second', leased_until = null where user_id = %s",
            [user_id],
        )


@pytest.fixture
def memory(owner: psycopg.Connection) -> MemoryReader:
    """What is stored of all users; no earlier test's request is left."""
    owner.execute("delete from summary_requests")
    owner.row_factory = dict_row
    return MemoryReader(owner)


@pytest.fixture
def conversation(database: Database) -> TestConversation:
    """A conversation of a new user, which took place a month ago."""
    return TestConversation(database)


@pytest.fixture
def claude(stack: LocalStack) -> Iterator[httpx.Client]:
    """The stand-in for Claude, without the faults and scripts of a test afterwards."""
    with httpx.Client(base_url=stack.claude.url) as client:
        yield client
        client.delete("/_journal")
        client.delete("/_script")


@pytest.fixture
def dependencies(stack: LocalStack, lambda_environment: None) -> Iterator[SummariserDependencies]:
    """The services of the function, in this process."""
    made = Bootstrap(stack.environment_of("summarise_episodes"), cost_caps=AMPLE_CAPS).summariser_dependencies
    yield made
    made.database.close()


@pytest.fixture
def summarise(dependencies: SummariserDependencies) -> Callable[..., None]:
    """Run the summariser once, as a copy that starts no others."""

    def run(**replacements: Any) -> None:
        summarise_due(replace(dependencies, **replacements), SummariserJob(is_copy=True), Deadline(RUN_S))

    return run


def texts(count: int) -> Sequence[str]:
    """Return messages that state no fact."""
    return [f"The weather on day {number} was fine." for number in range(count)]


@pytest.fixture
def word() -> str:
    """A word that is in no other text."""
    return f"q{uuid.uuid4().hex[:12]}"


@pytest.fixture
def remembered(database: Database, owner: psycopg.Connection, traveller: Traveller) -> Remembered:
    """The memory of a new user."""
    return Remembered(database, owner, traveller.id)
