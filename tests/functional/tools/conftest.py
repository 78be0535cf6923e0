"""Tools as the conversation calls them: on the real parts, with arguments as Claude writes them."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from local.stack import LocalStack
from pam.answers.parts import Parts
from pam.answers.travel_parts import TravelParts, TravelSettings
from pam.platform.clock import Clock, utc_now
from pam.platform.settings import read_environment
from pam.tools.effects import perform, take_back
from pam.tools.run import parse_arguments
from pam.tools.tool import Call, Result, Tool
from tests.functional.test_travel import StandIn, mapbox, open_meteo, shared_table

__all__ = ["mapbox", "open_meteo", "shared_table"]


@dataclass(frozen=True)
class Caller:
    """Somebody whose tools are called; `at` and `located` say where their device is."""

    call: Call

    @property
    def id(self) -> uuid.UUID:
        return self.call.user_id

    def at(self, zone: str) -> "Caller":
        return Caller(replace(self.call, zone=ZoneInfo(zone)))

    def located(self, latitude: float, longitude: float) -> "Caller":
        return Caller(replace(self.call, location=(latitude, longitude)))

    def does(self, tool: Tool[Any], raw: str, *, key: str | None = None) -> Result:
        """Runs the tool, under a key of its own unless one is given."""
        arguments = parse_arguments(tool, raw)
        call = replace(self.call, key=key or uuid.uuid4().hex)
        return tool.read(call, arguments) if tool.read else perform(call, tool, arguments)

    def undoes(self, result: Result, tool: Tool[Any]) -> dict[str, Any]:
        assert result.effect_id is not None
        return take_back(self.call.travel.parts, self.id, result.effect_id, {tool.name: tool}.get)


@pytest.fixture
def new_caller(make_parts: Callable[..., Parts]) -> Callable[..., Caller]:
    """Makes callers whom the database has never seen, with a clock of one's own."""

    def make(clock: Clock = utc_now, user_id: uuid.UUID | None = None) -> Caller:
        travel = TravelParts.from_settings(make_parts(clock), read_environment(TravelSettings), clock)
        return Caller(Call(travel, user_id or uuid.uuid4(), ""))

    return make


@pytest.fixture
def caller(new_caller: Callable[..., Caller]) -> Caller:
    """Somebody new."""
    return new_caller()


@pytest.fixture
def eia(stack: LocalStack, shared_table: Any) -> Iterator[StandIn]:
    """EIA's stand-in, well again afterwards."""
    stand_in = StandIn(stack.upstreams.eia_url)
    stand_in.forget()
    yield stand_in
    stand_in.forget()
    shared_table.delete_item(Key={"key": "breaker|EIA"})
