"""Reports for operators, from real turns: what they cost, what travellers say, and which answers were wrong."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from local import cli
from local.stack import LocalStack
from monitoring.feedback import MAX_DISTANCE, read_user_metrics
from monitoring.operator import parse_month, read_costs, read_feedback
from tests.conftest import Traveller
from tests.functional.chat.chat_socket import open_socket
from tests.functional.chat.claude_scripts import ClaudeScripts, text
from tests.functional.chat.waiting import wait_until
from tests.functional.monitoring.pam_command import pam

FAST_QUESTION = "How much did I spend on gas this month?"


def test_costs_are_those_of_the_turns(
    stack: LocalStack, http: httpx.Client, traveller: Traveller, claude: ClaudeScripts
) -> None:
    """A turn's cost is in its user's, to the microdollar, and a fast answer has none."""
    with open_socket(traveller.http) as socket:
        claude.script(text("Quiet in November."))
        last = socket.ask(f"How is the desert? {claude.marker}")[-1]
        socket.ask(FAST_QUESTION)
    # A fast answer is stored after it was sent.
    wait_until(lambda: {"1", "3"} <= http.get("/costs.json").json()["by_tier"].keys())
    report = http.get("/costs.json").json()
    assert report["by_user"][str(traveller.id)] == last["cost_usd"]
    assert float(report["total"]) >= float(last["cost_usd"]) > 0
    assert report["by_tier"]["1"] == "0.000000"
    # A fast answer of an earlier test may be stored between the two readings.
    wait_until(lambda: http.get("/costs.json").json() == read_costs(stack.postgres.owner, datetime.now(UTC)))


def test_wrong_answers_are_listed_with_their_turn(
    stack: LocalStack,
    http: httpx.Client,
    traveller: Traveller,
    claude: ClaudeScripts,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Question, answer, tier and turn: over HTTP, from the database, and by the command."""
    with open_socket(traveller.http) as socket:
        claude.script(text("The site has hookups."))
        message_id = socket.ask(f"Does it have hookups? {claude.marker}")[-1]["message_id"]
    body = {"message_id": message_id, "verdict": "wrong"}
    assert traveller.http.post("/v1/feedback", json=body).status_code == 200
    (found,) = (each for each in http.get("/feedback.json").json()["answers"] if each["turn_id"] == message_id)
    assert (found["tier"], found["answer"]) == (3, "The site has hookups.")
    assert found["question"].startswith("Does it have hookups?")
    assert message_id in {each["turn_id"] for each in read_feedback(stack.postgres.owner, datetime.now(UTC))["answers"]}
    for arguments in (["--base-url", stack.url], ["--database", stack.postgres.owner]):
        code, printed, _ = pam(capsys, "feedback", *arguments)
        assert code == cli.ANSWERED
        assert f"turn {message_id}" in printed and "answered: The site has hookups." in printed


@pytest.fixture
def another_month(owner: psycopg.Connection) -> Iterator[str]:
    """A month in which one user's question was answered, and another one failed after a call of Claude."""
    user, conversation = uuid.uuid4(), uuid.uuid4()
    owner.execute("insert into users (id) values (%s)", [user])
    owner.execute("insert into conversations (id, user_id, profile) values (%s, %s, '')", [conversation, user])
    for tier, ended, cost in (
        (3, "done", 1500),
        (3, "model_unavailable", 500),
        (1, "done", 0),
        (3, "turn_timed_out", 0),
    ):
        owner.execute(
            "insert into turns (id, user_id, conversation_id, tier, model, ended, cost_microdollars, created_at)"
            " values (%s, %s, %s, %s, 'm', %s, %s, '2031-05-31 23:59:59Z')",
            [uuid.uuid4(), user, conversation, tier, ended, cost],
        )
    yield "2031-05"
    owner.execute("delete from users where id = %s", [user])


def test_costs_of_a_month_count_its_answered_questions(stack: LocalStack, another_month: str) -> None:
    """Failed turns are in the total, and in no comparison with the baseline."""
    report = read_costs(stack.postgres.owner, parse_month(another_month))
    assert (report["questions"], report["total"], report["baseline"]) == (2, "0.002000", "0.030000")
    assert report["by_tier"] == {"3": "0.002000", "1": "0.000000"}
    assert report["without_tiers"] == "0.004000"


def vector(angle: float) -> list[float]:
    """Return a vector of length 1 whose cosine distance to `vector(0)` is `angle`."""
    cosine = 1 - angle
    return [cosine, (1 - cosine**2) ** 0.5, *[0.0] * 1534]


@pytest.fixture
def ask_at(owner: psycopg.Connection) -> Callable[..., None]:
    """Store a question with a vector, so many hours ago."""

    def ask(user: uuid.UUID, hours: float, distance: float, model: str = "m") -> None:
        conversation, turn = uuid.uuid4(), uuid.uuid4()
        owner.execute("insert into conversations (id, user_id, profile) values (%s, %s, '')", [conversation, user])
        at = datetime.now(UTC) - timedelta(hours=hours)
        owner.execute(
            "insert into exchanges (user_id, conversation_id, turn_id, role, passage, content, sent_at, words, length,"
            " embedding, embedding_model, embedding_dimensions)"
            " values (%s, %s, %s, 'user', 0, 'x', %s, 'x:1', 1, %s::halfvec, %s, 1536)",
            [user, conversation, turn, at, str(vector(distance)), model],
        )

    return ask


def test_figures_of_travellers(owner: psycopg.Connection, ask_at: Callable[..., None]) -> None:
    """Forgotten, repeated and slow: each of what it can be said of."""
    # In a future in which the other tests have no rows.
    user, other = uuid.uuid4(), uuid.uuid4()
    for each in (user, other):
        owner.execute("insert into users (id) values (%s)", [each])
    start = -1_000_000.0  # hours from now
    since = datetime.now(UTC) - timedelta(hours=start + 1)
    near = MAX_DISTANCE - 0.01
    ask_at(user, start, 0)
    ask_at(user, start - 24 * 6.9, near)  # within the week, the same
    ask_at(user, start - 24 * 6.9 - 1, 1)  # another question
    ask_at(user, start - 24 * 30, 0)  # later than a week
    ask_at(other, start - 1, 0)  # another traveller
    ask_at(user, start - 2, 0, model="other")  # of another model
    turns = [uuid.uuid4() for _ in range(8)]
    conversation = uuid.uuid4()
    owner.execute("insert into conversations (id, user_id, profile) values (%s, %s, '')", [conversation, user])
    at = since + timedelta(hours=2)
    for number, turn in enumerate(turns):
        owner.execute(
            "insert into turns (id, user_id, conversation_id, tier, ended, created_at)"
            " values (%s, %s, %s, %s, 'done', %s)",
            [turn, user, conversation, 1 if number > 5 else 3, at],
        )
    verdicts = ["forgot", "fine", "slow", "wrong", None, None, "forgot", None]
    for turn, verdict, number in zip(turns, verdicts, range(8), strict=True):
        if verdict:
            owner.execute(
                "insert into feedback values (%s, %s, %s, %s, %s)", [user, turn, 1 if number > 5 else 3, verdict, at]
            )
    # Answers of before, and turns without one, are in neither part of a figure.
    for ended, created_at in (("done", since - timedelta(hours=1)), ("model_unavailable", at)):
        turn = uuid.uuid4()
        owner.execute(
            "insert into turns (id, user_id, conversation_id, tier, ended, created_at) values (%s, %s, %s, 3, %s, %s)",
            [turn, user, conversation, ended, created_at],
        )
        owner.execute("insert into feedback values (%s, %s, 3, 'slow', %s)", [user, turn, at])
    with psycopg.connect(owner.info.dsn) as connection:
        figures = read_user_metrics(connection, since)
    owner.execute("delete from users where id = any(%s)", [[user, other]])
    assert figures.recall_accuracy == 75  # one of Claude's four judged answers forgot; a fast one has no memory
    assert figures.repeated_questions == pytest.approx(100 / 6)
    assert figures.slow_complaints == 12.5  # one of eight answers


def test_figures_without_data_are_unknown(owner: psycopg.Connection) -> None:
    """Not zero: nobody has judged anything."""
    with psycopg.connect(owner.info.dsn) as connection:
        figures = read_user_metrics(connection, datetime.now(UTC) + timedelta(days=3650))
    assert set(figures.as_json().values()) == {None}
