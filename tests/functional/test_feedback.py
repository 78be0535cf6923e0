"""What travellers say of answers: recorded with the turn and its tier, changed, and of their own answers only."""

import uuid
from collections.abc import Callable

import httpx
import psycopg
import pytest

from local.stack import LocalStack
from tests.conftest import Traveller
from tests.functional.chat.chat_socket import open_socket
from tests.functional.chat.claude_scripts import ClaudeScripts, text
from tests.functional.chat.waiting import wait_until
from tests.functional.test_observability import metrics_of

FAST_QUESTION = "How much did I spend on gas this month?"


def give(traveller: Traveller, message_id: str, verdict: str) -> httpx.Response:
    return traveller.http.post("/v1/feedback", json={"message_id": message_id, "verdict": verdict})


def ask_fast(traveller: Traveller, owner: psycopg.Connection) -> str:
    """Ask, and return the message id. A fast answer is stored after it was sent."""
    with open_socket(traveller.http) as socket:
        message_id = str(socket.ask(FAST_QUESTION)[-1]["message_id"])
    wait_until(lambda: owner.execute("select 1 from turns where id = %s", [message_id]).fetchone() is not None)
    return message_id


def rows(owner: psycopg.Connection, traveller: Traveller) -> list[tuple[str, int, str]]:
    found = owner.execute("select turn_id, tier, verdict from feedback where user_id = %s", [traveller.id])
    return [(str(turn), tier, verdict) for turn, tier, verdict in found.fetchall()]


def test_verdict_on_a_fast_answer_has_its_tier(traveller: Traveller, owner: psycopg.Connection) -> None:
    """An answer without Claude has a turn, too."""
    message_id = ask_fast(traveller, owner)
    reply = give(traveller, message_id, "fine")
    assert (reply.status_code, reply.json()["verdict"], reply.json()["tier_of_answer"]) == (200, "fine", 1)
    assert rows(owner, traveller) == [(message_id, 1, "fine")]


def test_verdict_on_claude_s_answer_may_change_and_is_counted_when_it_does(
    stack: LocalStack, traveller: Traveller, owner: psycopg.Connection
) -> None:
    """The same one again changes nothing; another one replaces it."""
    with open_socket(traveller.http) as socket, httpx.Client(base_url=stack.claude.url, timeout=30) as http:
        claude = ClaudeScripts(http)
        claude.script(text("Moab."))
        message_id = socket.ask(f"Where was I in May? {claude.marker}")[-1]["message_id"]
    for verdict, counted in (("wrong", 1), ("wrong", 0), ("forgot", 1)):
        sums = metrics_of(stack, "feedback", lambda verdict=verdict: give(traveller, message_id, verdict))
        assert sums.get("Feedback", 0) == counted
    assert rows(owner, traveller) == [(message_id, 3, "forgot")]


def test_answer_over_http_has_a_message_id_only_where_its_turn_is_stored(
    stack: LocalStack, traveller: Traveller
) -> None:
    """Not for an answer from the cache while Postgres is down: a verdict on it would find no turn."""
    question = {"text": FAST_QUESTION, "conversation_id": str(uuid.uuid4())}
    message_id = traveller.http.post("/v1/ask", json=question).json()["message_id"]
    assert give(traveller, message_id, "fine").status_code == 200
    stack.postgres.stop()
    try:
        answered = traveller.http.post("/v1/ask", json=question)
    finally:
        stack.postgres.start()
    assert answered.status_code == 200, answered.text
    assert answered.json()["tier"] == 1 and "message_id" not in answered.json()


def test_question_that_ended_with_an_error_has_no_answer_to_judge(
    traveller: Traveller, owner: psycopg.Connection
) -> None:
    """Its turn is stored, for its cost."""
    message_id = ask_fast(traveller, owner)
    owner.execute("update turns set ended = 'model_unavailable' where id = %s", [message_id])
    reply = give(traveller, message_id, "slow")
    assert (reply.status_code, reply.json()["code"]) == (404, "message_not_found")
    assert rows(owner, traveller) == []


@pytest.mark.parametrize("verdict", ["fine", "slow", "wrong", "forgot"])
def test_nobody_judges_another_s_answer(
    new_traveller: Callable[[], Traveller], owner: psycopg.Connection, verdict: str
) -> None:
    """To others an answer doesn't exist."""
    one, other = new_traveller(), new_traveller()
    message_id = ask_fast(one, owner)
    reply = give(other, message_id, verdict)
    assert (reply.status_code, reply.json()["code"]) == (404, "message_not_found")
    assert rows(owner, one) == rows(owner, other) == []


@pytest.mark.parametrize("body", [{}, {"verdict": "fine"}, {"message_id": str(uuid.uuid4()), "verdict": "bad"}])
def test_invalid_feedback_is_refused(traveller: Traveller, body: dict[str, str]) -> None:
    """Without an id, or with a verdict that there isn't."""
    assert traveller.http.post("/v1/feedback", json=body).status_code == 422


def test_feedback_goes_with_its_account(traveller: Traveller, owner: psycopg.Connection) -> None:
    """No verdict stays when the account is deleted."""
    message_id = ask_fast(traveller, owner)
    assert give(traveller, message_id, "slow").status_code == 200
    deleted = traveller.http.delete("/v1/account", params={"confirm": "delete-my-account"})
    assert deleted.status_code == 200, deleted.text
    assert rows(owner, traveller) == []
