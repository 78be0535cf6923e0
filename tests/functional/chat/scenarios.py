"""Acts: tests that are played several at once, each with people, words and lines of its own.

An scenario is a function of a `ScenarioContext`; what fails in it fails in the test that waits for it.
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

AT_ONCE = 3


class ScenarioContext:
    """What an scenario has. All that it opens is closed when the scenario is over."""

    def __init__(self, stack: LocalStack, owner: psycopg.Connection, table: DynamoTable, opened: ExitStack) -> None:
        self.stack = stack
        self.owner = owner
        self.table = table
        """The conversations' table, to look into and to alter."""
        self._opened = opened

    def new_user(self) -> ChatUser:
        """Somebody new, at a socket."""
        return self._opened.enter_context(ChatUser(self.stack, self.owner))

    @cached_property
    def backend(self) -> InProcessBackend:
        """The functions in this process, on lines that may be cut."""
        return self._opened.enter_context(in_process_backend(self.stack))


Scenario = Callable[[ScenarioContext], None]


class ScenarioList(list[Scenario]):
    """The acts of a module, in the order in which they begin; called with an scenario, it takes it on."""

    def __call__(self, scenario: Scenario) -> Scenario:
        self.append(scenario)
        return scenario


def scenario_name(scenario: Scenario) -> str:
    """Its name in the list of tests."""
    return str(getattr(scenario, "name", "") or scenario.__name__)


@contextmanager
def run_scenarios(
    stack: LocalStack, table: DynamoTable, acts: Sequence[Scenario]
) -> Iterator[Callable[[Scenario], None]]:
    """Begins to play the acts, and gives what waits for one of them."""
    with (
        psycopg.connect(stack.postgres.owner, autocommit=True) as owner,
        ThreadPoolExecutor(AT_ONCE, "scenario") as pool,
    ):

        def play(scenario: Scenario) -> None:
            with ExitStack() as opened:
                scenario(ScenarioContext(stack, owner, table, opened))

        played = [(scenario, pool.submit(play, scenario)) for scenario in acts]

        def wait(for_act: Scenario) -> None:
            next(future for scenario, future in played if scenario is for_act).result()

        try:
            yield wait
        finally:
            pool.shutdown(cancel_futures=True)
