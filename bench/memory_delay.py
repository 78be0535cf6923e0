"""What memory adds to the time to the first text: the same questions with recall and without it, in turn.

The worker runs in this process, with the real Postgres, stand-ins for DynamoDB, Claude (profile `zero`) and Gemini, and
a server that frames are posted to. The user has a thousand exchanges, none of which fits the questions: a longer prompt
would take Claude's stand-in longer. So each turn is removed from memory after it. Storing it is in both variants: that
comes after the text. Recall searches beside the other reads of a turn. A question about the world is searched by its
words; only one about the user's own past waits for its embedding, which MiniLM takes from the same machine; with Gemini
that is a request over the internet, for which a turn waits 400 ms at most.
"""

import os
import tempfile
import time
import uuid
from contextlib import ExitStack, redirect_stdout
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import httpx
import psycopg
from psycopg.rows import TupleRow

from bench.figures import Figure, median_ms
from bench.memories import create_memory, create_pool, make_texts, open_owner
from bench.peers.sink import Sink
from local.stack import LocalStack
from pam.bootstrap import Bootstrap
from pam.chat.lifecycle.queue import ConversationQueue
from pam.chat.turn.context import default_providers
from pam.chat.turn.worker import TurnJob, WorkerDependencies, run_turn

ROUNDS = 60
EXCHANGES = 1_000

_WARM_UP = 5
_QUESTIONS = {"world": "How do I level the rig on soft ground?", "past": "Where did we level the rig last spring?"}
_ANSWER = "Chock both wheels on the low side first, then raise that side with blocks until the bubble is centred."
_CONNECTION = "sink"
_LAMBDA_CONTEXT: Any = SimpleNamespace(get_remaining_time_in_millis=lambda: 120_000)


def run() -> dict[str, Figure]:
    """Measure on a stack of its own, which ends with the measurement."""
    with ExitStack() as resources:
        state = resources.enter_context(tempfile.TemporaryDirectory())
        stack = resources.enter_context(LocalStack(Path(state), claude_profile="zero"))
        sink = resources.enter_context(Sink())
        reply = {"content": [{"type": "text", "text": _ANSWER}]}
        script = [{"match": {"text_contains": text}, "replies": [reply]} for text in _QUESTIONS.values()]
        httpx.put(f"{stack.claude.url}/_script", json=script).raise_for_status()
        user = uuid.uuid4()
        with open_owner(stack.postgres.owner) as connection:
            create_pool(connection, make_texts())
            create_memory(connection, [user], EXCHANGES)
            connection.execute("vacuum (analyze)")
        variables = stack.environment_of("chat_worker") | {"WEBSOCKET_ENDPOINT": sink.url}
        resources.enter_context(mock.patch.dict(os.environ, variables))
        # The worker's metrics are lines on standard output, where our figures go.
        resources.enter_context(redirect_stdout(resources.enter_context(Path(os.devnull).open("w"))))
        owner = resources.enter_context(psycopg.connect(stack.postgres.owner, autocommit=True))
        return _measure(sink, user, owner)


def _measure(sink: Sink, user: uuid.UUID, owner: "psycopg.Connection[TupleRow]") -> dict[str, Figure]:
    environment = Bootstrap()
    worker = environment.worker_dependencies
    queue = ConversationQueue(environment.chat_table, environment.clock)
    variants = {"with": worker, "without": replace(worker, context_providers=default_providers())}
    times: dict[tuple[str, str], list[float]] = {}
    for number in range(_WARM_UP + ROUNDS):
        for kind, text in _QUESTIONS.items():
            for name, variant in variants.items():
                conversation_id = uuid.uuid4()
                seconds = first_text(variant, queue, sink, user, conversation_id, text)
                owner.execute("delete from exchanges where conversation_id = %s", (conversation_id,))
                if number >= _WARM_UP:
                    times.setdefault((kind, name), []).append(seconds)
    medians = {key: median_ms(values) for key, values in times.items()}
    figures = {
        f"{kind}_delay_ms": Figure(
            round(medians[kind, "with"] - medians[kind, "without"], 2), "ms", f"later with recall: {meaning}"
        )
        for kind, meaning in (("world", "a question about the world"), ("past", "a question about the user's past"))
    }
    for (kind, name), value in medians.items():
        figures[f"{kind}_{name}_ms_p50"] = Figure(value, "ms", f"from the worker's start to the first text, {name} it")
    return figures | {"rounds": Figure(ROUNDS, "", "of each question in each variant")}


def first_text(
    worker: WorkerDependencies,
    queue: ConversationQueue,
    sink: Sink,
    user: uuid.UUID,
    conversation_id: uuid.UUID,
    text: str,
) -> float:
    """Run the first turn of a conversation; return the seconds from the worker's start to its first text."""
    message_id = uuid.uuid4()
    request = {"text": text, "context": {"timezone": None, "location": None}}
    opened = worker.chat.turns.open(user, message_id, conversation_id, _CONNECTION, request)
    assert opened is not None
    queue.enter(user, conversation_id, message_id)
    job = TurnJob(user_id=user, message_id=message_id, conversation_id=conversation_id, timezone=None)
    began = time.monotonic()
    run_turn(worker, job, _LAMBDA_CONTEXT)
    return sink.first_delta_at[str(message_id)] - began
