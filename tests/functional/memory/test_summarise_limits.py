"""Summaries cost what the chat's caps allow, wait while Claude is unavailable, and are given up one by one."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from local.stack import LocalStack
from pam.bootstrap import Bootstrap
from pam.chat.lifecycle.kill_switch import KillSwitch
from pam.memory.leased_requests import MAX_ATTEMPTS
from pam.memory.summariser import SummariserDependencies
from pam.platform import aws
from pam.platform.cost_limits import CostCaps, CostLimits
from pam.platform.dynamodb import DynamoTable
from pam.platform.metrics import Metric
from pam.platform.postgres import Database
from tests.functional.memory.conftest import MemoryReader, TestConversation
from tests.words import new_word

CAP = Decimal("0.05")
SOON = timedelta(seconds=5)


@pytest.fixture
def chat_table(stack: LocalStack, lambda_environment: None) -> DynamoTable:
    """The table in which costs are counted."""
    return Bootstrap(stack.environment_of("summarise_episodes")).chat_table


def marked(database: Database, text: str = "We drive a Sprinter.") -> tuple[TestConversation, str]:
    """Return a conversation with one message, and a word that only it has."""
    conversation, word = TestConversation(database), new_word()
    conversation.say(text, word)
    return conversation, word


def calls(claude: httpx.Client, word: str) -> int:
    """Return how often the model was asked for a summary of the messages with a word."""
    return int(claude.get("/_journal", params={"contains": word}).json()["requests"])


def inject(claude: httpx.Client, mode: str, word: str = "", **more: object) -> None:
    """Have requests with a word fail."""
    assert claude.put("/_control", json={"mode": mode, "contains": word} | more).status_code == 204


def assert_postponed(memory: MemoryReader, conversation: TestConversation, delay: timedelta) -> None:
    """The request is due in that time, and no attempt counts."""
    assert memory.episodes(conversation) == []
    [request] = memory.requests(conversation)
    assert (request["attempts"], request["lease"], request["is_quarantined"]) == (0, None, False)
    assert abs(request["due_at"] - datetime.now(UTC) - delay) < SOON


def until_tomorrow() -> timedelta:
    now = datetime.now(UTC)
    return datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1) - now


def test_cost_is_reserved_and_settled_with_that_of_turns(
    memory: MemoryReader,
    database: Database,
    summarise: Callable[..., None],
    chat_table: DynamoTable,
    claude: httpx.Client,
) -> None:
    """In the user's and the stage's day; also that of a call whose reply is refused."""
    conversation, word = marked(database)
    day = datetime.now(UTC).date().isoformat()
    summarise()
    item = chat_table.get(f"spend#{conversation.user_id}", day)
    assert item is not None
    assert 0 < item["held"] < CAP * 1_000_000
    assert not [name for name in item if name.startswith("turn#")], "no reservation is left"
    refused, word = marked(database)
    inject(claude, "max_tokens", word)
    summarise()
    item = chat_table.get(f"spend#{refused.user_id}", day)
    assert item is not None
    assert 0 < item["held"] < CAP * 1_000_000


def test_reached_cap_of_the_user_postpones_to_tomorrow(
    memory: MemoryReader,
    database: Database,
    summarise: Callable[..., None],
    dependencies: SummariserDependencies,
    chat_table: DynamoTable,
    claude: httpx.Client,
) -> None:
    """Turns count against it as well; other users' conversations go on."""
    limits = CostLimits(chat_table, CostCaps(CAP, CAP, Decimal(1_000_000)), lambda: datetime.now(UTC))
    conversation, word = marked(database)
    other, _ = marked(database)
    limits.reserve(conversation.user_id, uuid.uuid4())
    summarise(limits=limits)
    assert_postponed(memory, conversation, until_tomorrow())
    assert calls(claude, word) == 0
    assert len(memory.episodes(other)) == 1


def test_reached_cap_of_the_stage_postpones_to_tomorrow(
    memory: MemoryReader,
    database: Database,
    summarise: Callable[..., None],
    chat_table: DynamoTable,
) -> None:
    """The user's day isn't charged for it."""
    day = datetime(2031, 5, 1, 12, tzinfo=UTC)
    limits = CostLimits(chat_table, CostCaps(CAP, Decimal(1), CAP), lambda: day)
    conversation, _ = marked(database)
    limits.reserve(uuid.uuid4(), uuid.uuid4())
    summarise(limits=limits)
    assert_postponed(memory, conversation, timedelta(hours=12))
    item = chat_table.get(f"spend#{conversation.user_id}", day.date().isoformat())
    assert item is not None
    assert item["held"] == 0


def test_kill_switch_stops_summaries_while_it_is_off(
    memory: MemoryReader, database: Database, summarise: Callable[..., None], claude: httpx.Client
) -> None:
    """Nothing is claimed; a parameter that can't be read counts as on."""
    conversation, word = marked(database)
    parameter = f"/test/{conversation.user_id}"
    ssm = aws.client("ssm")
    ssm.put_parameter(Name=parameter, Value="off", Type="String")
    summarise(check_enabled=KillSwitch(ssm, parameter).check)
    assert (memory.requests(conversation)[0]["attempts"], calls(claude, word)) == (0, 0)
    summarise(check_enabled=KillSwitch(ssm, "/test/missing-parameter").check)
    assert len(memory.episodes(conversation)) == 1


@pytest.mark.parametrize(
    ("mode", "retry_after", "delay_s"),
    [
        ("429", 90, 90), ("529", 7, 7), ("529", None, 60), ("503", None, 60), ("500", None, 60), ("401", None, 60),
        ("408", None, 60), ("overloaded_in_stream", None, 60), ("spend_cap", None, 3600),
        ("credit_balance", None, 3600),
    ],
)  # fmt: skip
def test_unavailable_model_postpones(
    memory: MemoryReader,
    database: Database,
    summarise: Callable[..., None],
    claude: httpx.Client,
    mode: str,
    retry_after: float | None,
    delay_s: float,
) -> None:
    """However often it is: that is no fault of the conversation, which is summarised afterwards."""
    conversation, word = marked(database)
    inject(claude, mode, word, **({} if retry_after is None else {"retry_after": retry_after}))
    for _ in range(MAX_ATTEMPTS + 1):
        memory.make_due(conversation.user_id)
        summarise()
    assert_postponed(memory, conversation, timedelta(seconds=delay_s))
    inject(claude, "ok", word)
    memory.make_due(conversation.user_id)
    summarise()
    assert len(memory.episodes(conversation)) == 1


def test_run_ends_while_the_model_is_unavailable(
    memory: MemoryReader, database: Database, summarise: Callable[..., None], claude: httpx.Client
) -> None:
    """A backlog isn't sent to a service that is down: the rest stays due as it was."""
    user = TestConversation(database)
    conversations = [user.another() for _ in range(10)]  # of one user: one at a time
    for conversation in conversations:
        conversation.say("The weather was fine.")
    inject(claude, "529")
    summarise()
    assert claude.get("/_journal").json()["requests"] < len(conversations)
    assert {memory.requests(each)[0]["attempts"] for each in conversations} == {0}


@pytest.mark.parametrize("mode", ["max_tokens", "refusal", "prompt_too_long", "cut_in_text"])
def test_poison_conversation_is_quarantined_alone(
    memory: MemoryReader, database: Database, summarise: Callable[..., None], claude: httpx.Client, mode: str
) -> None:
    """An invalid reply is asked for twice at each attempt; the others are summarised meanwhile."""
    poison, word = marked(database)
    inject(claude, mode, word)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        other, _ = marked(database)
        summarise()
        [request] = memory.requests(poison)
        assert (request["attempts"], request["is_quarantined"]) == (attempt, False)
        assert request["due_at"] > datetime.now(UTC) + timedelta(minutes=4)
        assert len(memory.episodes(other)) == 1
        memory.make_due(poison.user_id)
    summarise()
    assert memory.requests(poison)[0]["is_quarantined"]
    assert memory.episodes(poison) == memory.facts(poison.user_id) == []
    is_repeated = mode in ("max_tokens", "refusal")
    assert calls(claude, word) == MAX_ATTEMPTS * (2 if is_repeated else 1)
    inject(claude, "ok", word)
    poison.say("The weather was fine.")
    memory.make_due(poison.user_id)
    summarise()
    assert memory.episodes(poison) == [], "a new message costs no further attempts"
    # As docs/operations.md says.
    memory.connection.execute(
        "update summary_requests set quarantined_at = null, attempts = 0, due_at = now()"
        " where quarantined_at is not null"
    )
    summarise()
    assert len(memory.episodes(poison)) == 1


def test_reply_that_is_invalid_once_is_asked_for_again(
    memory: MemoryReader, database: Database, summarise: Callable[..., None], claude: httpx.Client
) -> None:
    """In the same attempt."""
    conversation, word = marked(database)
    inject(claude, "max_tokens", word, times=1)
    summarise()
    assert len(memory.episodes(conversation)) == 1
    assert calls(claude, word) == 2


def test_quarantine_is_recorded_as_the_alarm_reads_it(
    stack: LocalStack, memory: MemoryReader, database: Database
) -> None:
    """With the name and the dimension of the alarm."""
    conversation, _ = marked(database)
    memory.connection.execute("update summary_requests set attempts = %s", [MAX_ATTEMPTS])
    assert stack.functions["summarise_episodes"].invoke({}).function_error is None
    assert memory.requests(conversation)[0]["is_quarantined"]
    lines = stack.functions["summarise_episodes"].log.read_text().splitlines()
    written = [json.loads(line) for line in lines if line.startswith("{") and Metric.SUMMARY_QUARANTINED in line]
    assert {line["service"] for line in written} == {"summarise_episodes"}
    assert sum(written[-1][Metric.SUMMARY_QUARANTINED]) == 1
