"""The summariser's throughput: one run of the function on conversations of different users, as after an outage.

The model is the stand-in with the latency profile `seed`: an ASSUMPTION, not a measurement of Claude, and its replies
are about as long as its own rules make them. `backlog_hours` follows from it: a summary for each of 100,000 travellers,
by as many runs at once as the template allows. Each run is started again every five minutes and claims nothing in its
last part, which is kept for summaries under way.
"""

import json
import tempfile
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from bench.figures import Figure
from local.stack import LocalStack
from pam.memory.exchanges import ExchangeMessage, store_exchange
from pam.memory.summariser import MAX_AT_ONCE, MIN_LEFT_S
from pam.platform.deadline import RESPONSE_RESERVE_S, Deadline
from pam.platform.postgres import Database
from pam.users.profile import ensure_user

CONVERSATIONS = 160
TURNS = 10
TRAVELLERS = 100_000

_SENTENCES = (
    "We drive a Sprinter and travel with two dogs, and the awning was stuck again this morning.",
    "How much propane do we need for a week at a campground without hookups near the river?",
    "The water pump failed, so we bought a new one in town and put a strainer in front of it.",
)


def run() -> dict[str, Figure]:
    """Measure on a stack of its own, with one run of the function, as the copy of another."""
    with (
        tempfile.TemporaryDirectory() as state,
        LocalStack(Path(state), claude_profile="seed") as stack,
        psycopg.connect(stack.postgres.owner, autocommit=True) as owner,
    ):
        name, function = "summarise_episodes", stack.functions["summarise_episodes"]
        assert function.invoke({}).function_error is None  # starts the environment
        database = Database(lambda: json.dumps(stack.postgres.app))
        for _ in range(CONVERSATIONS):
            _store_conversation(database)
        database.close()
        began = time.perf_counter()
        assert function.invoke({"is_copy": True}).function_error is None
        per_second = CONVERSATIONS / (time.perf_counter() - began)
        assert owner.execute("select count(*) from conversation_episodes").fetchone() == (CONVERSATIONS,)
        [definition] = (each for each in stack.template.functions.values() if each.code.name == name)
        [schedule] = (each for each in stack.template.schedules if each.function == definition.logical_id)
        runs = int(stack.environment_of(name)["SUMMARISER_MAX_RUNS"])
    claiming_s = definition.timeout - RESPONSE_RESERVE_S - MIN_LEFT_S
    per_hour = per_second * runs * claiming_s * 3600 / schedule.interval_s
    rate = f"of {runs} runs, each claiming for {claiming_s:g} s of {schedule.interval_s:g}"
    return {
        "summaries_per_second": Figure(round(per_second, 2), "", f"of one run, {MAX_AT_ONCE} model calls at once"),
        "summaries_per_hour": Figure(round(per_hour), "", rate),
        "backlog_hours": Figure(round(TRAVELLERS / per_hour, 1), "h", "until 100,000 travellers have a summary each"),
    }


def _store_conversation(database: Database) -> None:
    user, conversation = uuid.uuid4(), uuid.uuid4()
    at = datetime.now(UTC) - timedelta(days=1)
    with database.session(user, Deadline(30)) as connection:
        ensure_user(connection, user)
        connection.execute("insert into conversations (id, user_id, profile) values (%s, %s, '')", (conversation, user))
        for turn in range(TURNS):
            text = _SENTENCES[turn % len(_SENTENCES)]
            messages = [ExchangeMessage("user", text, at), ExchangeMessage("assistant", "I see. " + text, at)]
            store_exchange(connection, user, conversation, uuid.uuid4(), messages)
