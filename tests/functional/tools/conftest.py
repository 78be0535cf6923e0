"""Tools as the conversation calls them: on the real services, with arguments as the model writes them."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from local.stack import LocalStack
from pam.bootstrap import Bootstrap
from pam.chat.lifecycle.confirmations import CONFIRMATION_TTL
from pam.ledger.effects import undo_effect
from pam.platform.clock import Clock, utc_now
from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.platform.postgres import Database
from pam.tools.engine.definition import Tool, ToolContext, ToolResult
from pam.tools.engine.execution import ApprovedWrite, execute, preview
from pam.tools.engine.parsing import parse_arguments
from pam.tools.engine.registry import ToolRegistry
from tests.functional.test_travel import StandIn, mapbox, open_meteo

__all__ = ["mapbox", "open_meteo"]


@dataclass
class ManualClock:
    """A clock that a test sets."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Caller:
    """A user whose tools are called; `in_zone` and `located` set where their device is, `typed` when they
    typed the question."""

    context: ToolContext

    @property
    def id(self) -> uuid.UUID:
        return self.context.user_id

    def in_zone(self, zone: str) -> "Caller":
        return Caller(replace(self.context, zone=ZoneInfo(zone)))

    def typed(self, at: datetime) -> "Caller":
        return Caller(replace(self.context, typed_at=at))

    def located(self, latitude: float, longitude: float) -> "Caller":
        return Caller(replace(self.context, location=(latitude, longitude)))

    def call(self, tool: Tool[Any], raw: str, *, key: str | None = None) -> ToolResult:
        """Run the tool, approved where it must be, with a key of its own unless one is given."""
        approved = self.approve(tool, raw) if tool.effect.requires_approval else None
        return self.call_approved(tool, raw, approved, key=key)

    def call_approved(
        self, tool: Tool[Any], raw: str, approved: ApprovedWrite | None, *, key: str | None = None
    ) -> ToolResult:
        """Run the tool as it was approved before."""
        context = replace(self.context, key=key or uuid.uuid4().hex, deadline=Deadline(tool.timeout_s))
        return execute(context, tool, parse_arguments(tool, raw), approved=approved)

    def approve(self, tool: Tool[Any], raw: str) -> ApprovedWrite:
        """Approve what a confirmation would show, for ten minutes."""
        expires_at = self.context.dependencies.clock() + CONFIRMATION_TTL
        return ApprovedWrite(preview(self.context, tool, parse_arguments(tool, raw)), expires_at)

    def preview(self, tool: Tool[Any], raw: str) -> str:
        """Return the text that a confirmation would show."""
        return self.approve(tool, raw).preview.text

    def undo(self, result: ToolResult, tool: Tool[Any]) -> str:
        """Undo the tool's write; return the text of the undo."""
        assert result.effect is not None
        find, deadline = ToolRegistry([tool]).operation, Deadline(tool.timeout_s)
        return undo_effect(self.context.dependencies, self.id, result.effect.id, find, deadline).result.text


def error_of(call: Callable[[], Any]) -> PamError:
    """Return the error that the call raises."""
    with pytest.raises(PamError) as raised:
        call()
    return raised.value


def read_expenses(owner: psycopg.Connection, caller: Caller) -> list[tuple[Decimal, str, str]]:
    return owner.execute(
        "select amount, category, currency from expenses where user_id = %s and undone_at is null", (caller.id,)
    ).fetchall()


def read_limits(owner: psycopg.Connection, caller: Caller) -> dict[str, Decimal]:
    rows = owner.execute("select category, monthly_limit from budgets where user_id = %s", (caller.id,)).fetchall()
    return dict(rows)


@pytest.fixture
def new_caller(lambda_environment: None) -> Iterator[Callable[..., Caller]]:
    """Make callers whom the database has never seen, with a clock of the test's own."""
    databases: list[Database] = []

    def make(clock: Clock = utc_now, user_id: uuid.UUID | None = None) -> Caller:
        dependencies = Bootstrap(clock=clock).travel_dependencies
        databases.append(dependencies.database)
        return Caller(ToolContext(dependencies, user_id or uuid.uuid4(), "", Deadline(60)))

    yield make
    for database in databases:
        database.close()


@pytest.fixture
def caller(new_caller: Callable[..., Caller]) -> Caller:
    """A new user."""
    return new_caller()


@pytest.fixture
def noon() -> ManualClock:
    """22 November 2026, noon in Denver."""
    return ManualClock(datetime(2026, 11, 22, 19, tzinfo=UTC))


@pytest.fixture
def insert_expenses(owner: psycopg.Connection) -> Callable[..., None]:
    """Insert expenses (amount, category, local time with offset, currency) past the tools."""

    def insert(caller: Caller, *expenses: tuple[str, str, str, str]) -> None:
        owner.execute("insert into users (id) values (%s) on conflict do nothing", (caller.id,))
        for amount, category, spent_at, currency in expenses:
            owner.execute(
                "insert into expenses (user_id, amount, category, spent_at, currency) values (%s, %s, %s, %s, %s)",
                (caller.id, amount, category, spent_at, currency),
            )

    return insert


@pytest.fixture
def eia(stack: LocalStack, shared_table: Any) -> Iterator[StandIn]:
    """EIA's stand-in, reset afterwards."""
    stand_in = StandIn(stack.travel_sources.eia_url)
    stand_in.reset()
    yield stand_in
    stand_in.reset()
    shared_table.delete_item(Key={"key": "breaker|EIA"})


@pytest.fixture
def community(new_caller: Callable[..., Caller], database: Database, owner: psycopg.Connection) -> Any:
    """Users with names of this test alone."""
    from tests.functional.tools.community import Community

    return Community(new_caller, database, owner, "T" + uuid.uuid4().hex[:12])
