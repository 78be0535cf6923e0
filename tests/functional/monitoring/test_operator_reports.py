"""Reports for operators, from real turns: what they cost, what travellers say, and which answers were wrong."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from local import cli
from local.stack import LocalStack
from monitoring.feedback import MAX_DISTANCE, read_user_metrics
from monitoring.operator import read_costs, read_feedback
from tests.conftest import Traveller
from tests.functional.chat.chat_socket import open_socket
from tests.functional.chat.claude_scripts import ClaudeScripts, text
from tests.functional.chat.waiting import wait_until

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
    assert report == read_costs(stack.postgres.owner, datetime.now(UTC))


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
        with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
            patch.setattr("sys.argv", ["pam", "feedback", *arguments])
            cli.main()
        assert ended.value.code == 0
        printed = capsys.readouterr().out
        assert f"turn {message_id}" in printed and "answered: The site has hookups." in printed


@pytest.mark.parametrize("name", ["costs", "feedback"])
def test_commands_print_json(stack: LocalStack, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """One line, for other programs."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr("sys.argv", ["pam", name, "--json", "--base-url", stack.url])
        cli.main()
    assert json.loads(capsys.readouterr().out)["since"]


def test_unreachable_database_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """With the exit code of a PAM that isn't reachable."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr("sys.argv", ["pam", "costs", "--database", "host=127.0.0.1 port=1 dbname=x"])
        cli.main()
    assert ended.value.code == cli.UNREACHABLE


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
