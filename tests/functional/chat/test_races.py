"""Many parties that act at the same instant: one effect, and one outcome for all of them."""

import os
import random
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import psycopg
import pytest

from local.stack import LocalStack
from tests.conftest import Traveller
from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.claude_scripts import POST
from tests.functional.chat.frames import decision_on

ROUNDS = min(100, int(os.environ.get("PAM_CASES", "4")))
"""Confirmation races; `make soak` has a hundred."""

SOCKETS = 10
REPEATS = 50

T = TypeVar("T")


def at_once(count: int, act: Callable[[int], T]) -> list[T]:
    """Call a function in so many threads at the same instant; return what each returned."""
    barrier = threading.Barrier(count)

    def run(number: int) -> T:
        barrier.wait(30)
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def decide(user: ChatUser, decisions: Sequence[str]) -> list[dict[str, object]]:
    """Send a decision from each of as many sockets at once; return the outcome that each received."""
    user.claude.script(POST)
    sockets = [user.socket, *(user.connect_socket() for _ in decisions[1:])]
    frames = user.ask()

    def send(number: int) -> dict[str, object]:
        sockets[number].send("confirm", **decision_on(frames, decisions[number]))
        outcome: dict[str, object] = sockets[number].receive_until("confirmed", "error")[-1]
        return outcome

    return at_once(len(sockets), send)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(ROUNDS))
def test_decisions_at_once_have_one_outcome(stack: LocalStack, owner: psycopg.Connection, number: int) -> None:
    """The first one counts: who decided the same gets its outcome, others an error; a post is there if it approved."""
    decisions = random.Random(number).choices(("yes", "no"), (3, 1), k=SOCKETS)
    with ChatUser(stack, owner) as user:
        replies = decide(user, decisions)
        outcomes = [reply for reply in replies if reply["type"] == "confirmed"]
        (decision,) = {str(each["decision"]) for each in outcomes}
        assert [reply["type"] == "confirmed" for reply in replies] == [each == decision for each in decisions], replies
        assert {reply["code"] for reply in replies if reply["type"] == "error"} <= {"confirmation_used"}
        assert len({(each["seq"], each["text"]) for each in outcomes}) == 1, outcomes
        assert len(user.rows("posts", "author_id")) == (decision == "yes")


def test_fifty_writes_with_one_key_write_once(traveller: Traveller, owner: psycopg.Connection) -> None:
    """One is answered, and the others get its answer, or an error that says to wait."""
    key = str(uuid.uuid4())
    replies = at_once(REPEATS, lambda _: traveller.spends("45", key=key))
    done = [reply.json() for reply in replies if reply.status_code == 201]
    assert {reply.status_code for reply in replies} <= {201, 409}
    assert len({answer["expense"]["id"] for answer in done}) == 1
    assert traveller.spends("45", key=key).json()["expense"]["id"] == done[0]["expense"]["id"]
    counts = owner.execute(
        "select (select count(*) from expenses where user_id = %(user)s),"
        " (select count(*) from effects where user_id = %(user)s)",
        {"user": traveller.id},
    ).fetchone()
    assert counts == (1, 1)


def test_fifty_undos_undo_once(traveller: Traveller) -> None:
    """All report the same, and the other expense stays."""
    traveller.spends("10")
    href = traveller.spends("45").json()["undo"]["href"]
    replies = at_once(REPEATS, lambda _: traveller.http.delete(href))
    assert {(reply.status_code, reply.json()["text"]) for reply in replies} == {
        (200, "Your expense of $45.00 for fuel is taken back.")
    }
    assert traveller.summary()["total"] == "10.00"
