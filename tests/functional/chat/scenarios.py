"""Scenarios: tests of a module that run several at once, since they wait most of the time.

A failure in a scenario is raised in the test that waits for it.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cached_property

import psycopg

from local.stack import LocalStack
from pam.platform.dynamodb import DynamoTable
from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.in_process_backend import InProcessBackend, in_process_backend

MAX_CONCURRENT = 3


class ScenarioContext:
    """The resources of one scenario. All that it opens is closed when the scenario ends."""

    def __init__(self, stack: LocalStack, owner: psycopg.Connection, table: DynamoTable, opened: ExitStack) -> None:
        self.stack = stack
        self.owner = owner
        """A connection to Postgres that sees all rows."""
        self.table = table
        """The chat table."""
        self._opened = opened

    def new_user(self) -> ChatUser:
        """Return a new user with an open connection."""
        return self._opened.enter_context(ChatUser(self.stack, self.owner))

    @cached_property
    def backend(self) -> InProcessBackend:
        """The chat's functions in this process, on connections that can be broken."""
        return self._opened.enter_context(in_process_backend(self.stack))


Scenario = Callable[[ScenarioContext], None]


class ScenarioList(list[Scenario]):
    """The scenarios of a module in the order of their start. As a decorator it adds one."""

    def __call__(self, scenario: Scenario) -> Scenario:
        self.append(scenario)
        return scenario


def scenario_name(scenario: Scenario) -> str:
    """Return the name of a scenario in the list of tests."""
    return str(getattr(scenario, "name", "") or scenario.__name__)


@contextmanager
def start_scenarios(
    stack: LocalStack, table: DynamoTable, scenarios: Sequence[Scenario]
) -> Iterator[Callable[[Scenario], None]]:
    """Start scenarios in threads; yield a function that waits for one of them and raises its failure."""
    with (
        psycopg.connect(stack.postgres.owner, autocommit=True) as owner,
        ThreadPoolExecutor(MAX_CONCURRENT, "scenario") as pool,
    ):

        def run(scenario: Scenario) -> None:
            with ExitStack() as opened:
                scenario(ScenarioContext(stack, owner, table, opened))

        started = [(scenario, pool.submit(run, scenario)) for scenario in scenarios]

        def wait_for(scenario: Scenario) -> None:
            next(future for each, future in started if each is scenario).result()

        try:
            yield wait_for
        finally:
            pool.shutdown(cancel_futures=True)
