"""Tools as the conversation calls them: on the real parts, with arguments as Claude writes them."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from local.stack import LocalStack
from pam.bootstrap import Bootstrap
from pam.ledger.effects import undo_effect
from pam.platform.clock import Clock, utc_now
from pam.platform.deadline import Deadline
from pam.tools.engine.definition import TOOL_TIMEOUT_S, Tool, ToolContext, ToolResult
from pam.tools.engine.execution import execute
from pam.tools.engine.parsing import parse_arguments
from pam.tools.engine.registry import ToolRegistry
from tests.functional.test_travel import StandIn, mapbox, open_meteo, shared_table

__all__ = ["mapbox", "open_meteo", "shared_table"]


@dataclass(frozen=True)
class Caller:
    """Somebody whose tools are called; `at` and `located` say where their device is."""

    call: ToolContext

    @property
    def id(self) -> uuid.UUID:
        return self.call.user_id

    def at(self, zone: str) -> "Caller":
        return Caller(replace(self.call, zone=ZoneInfo(zone)))

    def located(self, latitude: float, longitude: float) -> "Caller":
        return Caller(replace(self.call, location=(latitude, longitude)))

    def does(self, tool: Tool[Any], raw: str, *, key: str | None = None) -> ToolResult:
        """Runs the tool, under a key of its own unless one is given."""
        arguments = parse_arguments(tool, raw)
        call = replace(self.call, key=key or uuid.uuid4().hex, deadline=Deadline(tool.timeout_s))
        return execute(call, tool, arguments)

    def undoes(self, result: ToolResult, tool: Tool[Any]) -> str:
        assert result.effect is not None
        find, deadline = ToolRegistry([tool]).operation, Deadline(tool.timeout_s)
        return undo_effect(self.call.dependencies, self.id, result.effect.id, find, deadline).result.text


@pytest.fixture
def new_caller(lambda_environment: None) -> Callable[..., Caller]:
    """Makes callers whom the database has never seen, with a clock of one's own."""

    def make(clock: Clock = utc_now, user_id: uuid.UUID | None = None) -> Caller:
        travel = Bootstrap(clock=clock).travel_dependencies
        return Caller(ToolContext(travel, user_id or uuid.uuid4(), "", Deadline(TOOL_TIMEOUT_S)))

    return make


@pytest.fixture
def caller(new_caller: Callable[..., Caller]) -> Caller:
    """Somebody new."""
    return new_caller()


@pytest.fixture
def eia(stack: LocalStack, shared_table: Any) -> Iterator[StandIn]:
    """EIA's stand-in, well again afterwards."""
    stand_in = StandIn(stack.travel_sources.eia_url)
    stand_in.reset()
    yield stand_in
    stand_in.reset()
    shared_table.delete_item(Key={"key": "breaker|EIA"})
