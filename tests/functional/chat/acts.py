"""Acts: tests that are played several at once, each with people, words and lines of its own.

An act is a function of a `Stage`; what fails in it fails in the test that waits for it.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cached_property

import psycopg

from local.stack import LocalStack
from pam.chat.store import ChatTable
from tests.functional.chat.backstage import Backstage, backstage
from tests.functional.chat.scenes import Scene

AT_ONCE = 3


class Stage:
    """What an act has. All that it opens is closed when the act is over."""

    def __init__(self, stack: LocalStack, owner: psycopg.Connection, table: ChatTable, opened: ExitStack) -> None:
        self.stack = stack
        self.owner = owner
        self.table = table
        """The conversations' table, to look into and to alter."""
        self._opened = opened

    def scene(self) -> Scene:
        """Somebody new, at a socket."""
        return self._opened.enter_context(Scene(self.stack, self.owner))

    @cached_property
    def behind(self) -> Backstage:
        """The functions in this process, on lines that may be cut."""
        return self._opened.enter_context(backstage(self.stack))


Act = Callable[[Stage], None]


class Programme(list[Act]):
    """The acts of a module, in the order in which they begin; called with an act, it takes it on."""

    def __call__(self, act: Act) -> Act:
        self.append(act)
        return act


def name_of(act: Act) -> str:
    """Its name in the list of tests."""
    return str(getattr(act, "name", "") or act.__name__)


@contextmanager
def playing(stack: LocalStack, table: ChatTable, acts: Sequence[Act]) -> Iterator[Callable[[Act], None]]:
    """Begins to play the acts, and gives what waits for one of them."""
    with psycopg.connect(stack.postgres.owner, autocommit=True) as owner, ThreadPoolExecutor(AT_ONCE, "act") as pool:

        def play(act: Act) -> None:
            with ExitStack() as opened:
                act(Stage(stack, owner, table, opened))

        played = [(act, pool.submit(play, act)) for act in acts]

        def wait(for_act: Act) -> None:
            next(future for act, future in played if act is for_act).result()

        try:
            yield wait
        finally:
            pool.shutdown(cancel_futures=True)
