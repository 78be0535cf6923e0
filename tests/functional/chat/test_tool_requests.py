"""Requests as travellers write them, with the calls that a model should make for them: every tool is used by some."""

import json
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import NamedTuple

import psycopg
import pytest

from local.stack import LocalStack
from pam.answers.dependencies import TravelDependencies
from pam.bootstrap import Bootstrap
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.safety.outcome import MIN_RESTRICTED_SCORE
from pam.safety.screen import screen
from pam.tools.catalog import TOOLS
from pam.tools.engine.definition import EffectKind, ToolContext
from tests.conftest import CHECKOUT
from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.claude_scripts import SHORT_ANSWER, step
from tests.functional.chat.frames import tool_states
from tests.functional.chat.in_process_backend import InProcessBackend, in_process_backend
from tests.functional.tools.conftest import Caller
from tests.functional.tools.examples import new_household

PATH = CHECKOUT / "bench" / "sentences" / "tool_requests.txt"
CONSUMING = re.compile(r"delete_|forget_|checkout|update_|add_vehicle")
"""Tools after which an example finds other rows than it needs."""


class ToolRequest(NamedTuple):
    """A request, and the tools that it needs."""

    tools: tuple[str, ...]
    text: str


@cache
def read_requests() -> tuple[ToolRequest, ...]:
    """Return the requests of the file, whose lines are `tool, tool | request`."""
    lines = [line.split("|", 1) for line in PATH.read_text().splitlines() if line and not line.startswith("#")]
    return tuple(ToolRequest(tuple(tools.strip().split(",")), text.strip()) for tools, text in lines)


class Traveller:
    """A user with rows of every kind and an open connection."""

    def __init__(
        self, stack: LocalStack, owner: psycopg.Connection, dependencies: TravelDependencies, database: Database
    ) -> None:
        self.user = ChatUser(stack, owner)
        ids = iter([self.user.id])

        def new_caller() -> Caller:
            return Caller(ToolContext(dependencies, next(ids, uuid.uuid4()), "", Deadline(60)))

        self.household = new_household(new_caller, database)

    def ask(self, backend: InProcessBackend, request: ToolRequest) -> tuple[dict[str, str], bool]:
        """Ask for what a request says, with the examples' figures in it.

        Return the last state of each of its tools, and whether the turn is restricted: the random words of the names
        make stage 1 take some requests for an attack, and others not.
        """
        user = self.user
        user.conversation_id, user.claude = None, user.claude.with_new_marker()
        calls = {name: json.loads(self.household.arguments(name)) for name in request.tools}
        uses = [{"type": "tool_use", "name": name, "input": arguments} for name, arguments in calls.items()]
        user.claude.script(step(*uses), SHORT_ANSWER)
        said = " ".join(str(value) for arguments in calls.values() for value in arguments.values())
        backend.table.delete(f"rate#{user.id}", "questions")
        text = f"{request.text} ({said}) {user.claude.marker}"
        frames = backend.ask(user, text)
        assert frames[-1]["type"] == "done", frames[-1]
        return dict(tool_states(frames)), screen(text).score >= MIN_RESTRICTED_SCORE


@pytest.fixture(scope="module")
def backend(stack: LocalStack, lambda_environment: None) -> Iterator[InProcessBackend]:
    """The chat's functions in this process."""
    with in_process_backend(stack) as backend:
        yield backend


@pytest.fixture(scope="module")
def traveller_for(stack: LocalStack, lambda_environment: None) -> Iterator[Callable[[ToolRequest], Traveller]]:
    """Return a function that finds a user whose rows nothing has used up yet."""
    dependencies = Bootstrap().travel_dependencies
    travellers: list[Traveller] = []
    with ExitStack() as opened:
        opened.callback(dependencies.database.close)
        database = Database(lambda: json.dumps(stack.postgres.app))
        opened.callback(database.close)
        owner = opened.enter_context(psycopg.connect(stack.postgres.owner, autocommit=True))

        def find(request: ToolRequest) -> Traveller:
            if not travellers:
                travellers.append(Traveller(stack, owner, dependencies, database))
                opened.enter_context(travellers[-1].user)
            found = travellers[-1]
            if any(CONSUMING.match(name) for name in request.tools):
                travellers.clear()
            return found

        yield find


def test_every_tool_is_requested_twice() -> None:
    """In at least 120 requests, some of which need several tools."""
    requests = read_requests()
    counts = Counter(name for request in requests for name in request.tools)
    assert len(requests) >= 120
    assert {name: counts[name] for name in TOOLS if counts[name] < 2} == {}
    assert counts.keys() <= TOOLS.keys()
    assert sum(len(request.tools) > 1 for request in requests) >= 12


@pytest.mark.parametrize("request_", read_requests(), ids=lambda request: "-".join(request.tools))
def test_scripted_calls_for_a_request_are_done_or_wait(
    backend: InProcessBackend,
    traveller_for: Callable[[ToolRequest], Traveller],
    request_: ToolRequest,
) -> None:
    """Readers and own writes are done; what others see or what costs waits for its confirmation.

    In a restricted turn own writes wait, too.
    """
    states, is_restricted = traveller_for(request_).ask(backend, request_)
    waiting = {
        name
        for name in request_.tools
        if TOOLS[name].effect.requires_approval or (is_restricted and TOOLS[name].effect is EffectKind.OWN)
    }
    assert states == {name: "waiting" if name in waiting else "done" for name in request_.tools}
