"""Claude's faults, each in a conversation of its own: what the traveller is told, what was done, and what comes next.

Whatever goes wrong, the frames are whole and kept, nothing is done twice, and the conversation's next question is
accepted by the strict stand-in and answered. The cases are played several at once, in the background.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from local.claude.faults import UNKNOWN_TOOL
from local.stack import LocalStack
from tests.functional.chat.conftest import step, text, use
from tests.functional.chat.scenes import Frames, Scene, lines, said, told

AT_ONCE = 4

SUMMARY = "get_spending_summary"
EXPENSE = "create_expense"

look = use(SUMMARY)
pay = use(EXPENSE, amount=45, category="fuel")


def broken(mode: str, *blocks: dict[str, Any], times: int | None = 1, **more: Any) -> dict[str, Any]:
    """A reply that fails `times` times, or always, and then is what it is."""
    return step(*(blocks or [text("Here you are.")]), fault={"mode": mode, "times": times} | more)


@dataclass(frozen=True)
class Case:
    """What Claude does, and what is to come of it."""

    name: str
    replies: tuple[dict[str, Any], ...]
    requests: int
    """Model calls, failed ones too: no fault is asked for more often than it may help."""
    ends: str = "done"
    """`done`, or the code of the error."""
    says: str = "Here you are."
    """The whole text of an answer; of an error, something that its sentence says."""
    streamed: str = ""
    """Before an error: the text that was told and stays."""
    retry_after: int | None = None
    truncated: bool = False
    tools: tuple[tuple[str, str], ...] = ()
    """Name and last state of each line."""
    expenses: int = 0
    kept: tuple[str, ...] = ()
    """What the next question's request has of this one."""
    dropped: tuple[str, ...] = ()
    """What it doesn't have."""


BUSY = "Claude is very busy"
AWAY = "can't reach Claude"
BROKE_OFF = "broke off"
ADDED = "Added $45.00 for fuel."

CASES = (
    Case("429 with a short wait", (broken("429", retry_after=1),), 2),
    Case("429 with a wait of 0", (broken("429", retry_after=0),), 2),
    Case("429 without a wait", (broken("429"),), 2),
    Case("429 without a wait, always", (broken("429", times=None),), 3, "model_busy", BUSY, retry_after=20),
    Case("429 with a long wait", (broken("429", times=None, retry_after=120),), 1, "model_busy", BUSY, retry_after=120),
)


@dataclass(frozen=True)
class Played:
    """All that a case left behind."""

    frames: Frames
    asked: list[dict[str, Any]]
    expenses: list[dict[str, Any]]
    effects: list[dict[str, Any]]
    turns: list[dict[str, Any]]
    following: dict[str, Any]


def play(case: Case, stack: LocalStack, owner: psycopg.Connection) -> Played:
    with Scene(stack, owner) as scene:
        scene.claude.says(*case.replies)
        frames = scene.ask()
        asked, expenses, effects = scene.claude.asked(), scene.rows("expenses"), scene.rows("effects")
        turns = scene.rows("turns")
        following = scene.goes_on()
        scene.messages()
        return Played(frames, asked, expenses, effects, turns, following)


Playing = Callable[[Case], Played]


@pytest.fixture(scope="module")
def playing(stack: LocalStack, request: pytest.FixtureRequest) -> Iterator[Playing]:
    """Begins all cases that are to be tested, and waits for the one that is asked for."""
    chosen = [item.callspec.params["case"] for item in request.session.items if item.originalname == "test_fault"]
    with psycopg.connect(stack.postgres.owner, autocommit=True) as owner, ThreadPoolExecutor(AT_ONCE) as pool:
        begun: dict[str, Future[Played]] = {case.name: pool.submit(play, case, stack, owner) for case in chosen}
        yield lambda case: begun[case.name].result()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_fault(case: Case, playing: Playing) -> None:
    """The traveller is told as the case says, what was done is done once, and the conversation goes on."""
    played = playing(case)
    last = played.frames[-1]
    if case.ends == "done":
        assert last["type"] == "done", last
        assert last["text"] == case.says
        assert last["truncated"] is case.truncated
    else:
        assert last["type"] == "error", last
        assert last["code"] == case.ends
        assert case.says in last["message"]
        assert last.get("retry_after") == case.retry_after
        assert told(played.frames) == case.streamed
    assert tuple(lines(played.frames)) == case.tools
    assert len(played.asked) == case.requests
    assert len(played.expenses) == len(played.effects) == case.expenses
    assert [turn["ended"] for turn in played.turns] == [case.ends]
    following = said(played.following)
    assert "What now?" in following
    for words in (case.streamed, *case.kept):
        assert words in following
    for words in case.dropped:
        assert words not in following
