"""A message is found by its words as soon as it is stored, before it has a vector."""

import os
import random
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from local.embedding.minilm import MiniLmEmbedder
from pam.memory.embedding import embed_user
from pam.memory.exchanges import ExchangeMessage, store_exchange
from pam.memory.recall import Query, fetch_hits, send_recall_query
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.sources.embedding import EmbeddingPurpose
from pam.users.profile import ensure_user

CASES = int(os.environ.get("PAM_CASES", "60"))
"""Messages of each test."""

THINGS = (
    "awning",
    "furnace",
    "inverter",
    "generator",
    "slide-out",
    "tow bar",
    "black tank",
    "fridge",
    "heater",
    "jack",
)
PLACES = ("Bozeman", "Quartzsite", "Amarillo", "Duluth", "Bisbee", "Cortez", "Salida", "Astoria", "Marfa", "Galena")
EVENTS = ("broke", "was stolen", "got repaired", "froze", "leaked", "was replaced", "made a noise", "got stuck")
QUESTIONS = (
    "What happened with the {thing} near {place}?",
    "Where were we when the {thing} {event}?",
    "Remind me what was wrong with the {thing} in {place}",
    "How much was it when the {thing} {event} near {place}?",
)
_CONVERSATION = "insert into conversations (id, user_id, profile) values (%s, %s, '')"


def store(database: Database, user: uuid.UUID, texts: Sequence[str]) -> uuid.UUID:
    """Store messages of a user, each of a turn of its own; return the last turn's id."""
    conversation, turn = uuid.uuid4(), uuid.uuid4()
    with database.session(user, Deadline(10)) as connection:
        ensure_user(connection, user)
        connection.execute(_CONVERSATION, (conversation, user))
        for text in texts:
            turn = uuid.uuid4()
            store_exchange(connection, user, conversation, turn, [ExchangeMessage("user", text, datetime.now(UTC))])
    return turn


@pytest.mark.parametrize("history", [0, 30], ids=["first message", "after an embedded history"])
def test_newest_message_is_found_at_once(database: Database, history: int) -> None:
    """Each of the messages of different users, by a question in other words, among the passages that fit a prompt."""
    chance, embedder = random.Random(5), MiniLmEmbedder()
    user = uuid.uuid4()
    missed = []
    for number in range(CASES):
        if number % 10 == 0:
            user = uuid.uuid4()
            if history:
                store(
                    database,
                    user,
                    [f"We talked about topic {chance.random()} and the weather." for _ in range(history)],
                )
                embed_user(database, embedder, user, Deadline(60))
        values = {"thing": chance.choice(THINGS), "place": chance.choice(PLACES), "event": chance.choice(EVENTS)}
        cost = chance.randrange(10, 900)
        turn = store(
            database, user, ["The {thing} {event} near {place}, and it cost us ".format(**values) + f"${cost}."]
        )
        text = chance.choice(QUESTIONS).format(**values)
        (vector,) = embedder.embed([text], EmbeddingPurpose.QUERY, Deadline(10))
        with database.session(user, Deadline(10)) as connection:
            hits = fetch_hits(send_recall_query(connection, user, Query(text, vector, embedder.model)))
        if turn not in {hit.passage.turn_id for hit in hits[:10]}:
            missed.append(text)
    assert missed == []


@pytest.mark.parametrize("name", ["Arches", "zorbpark", "quincybob", "Moab/Arches"])
def test_words_joined_by_marks_are_found(database: Database, name: str) -> None:
    """Postgres alone takes them for one path, host or address of mail."""
    embedder, user = MiniLmEmbedder(), uuid.uuid4()
    said = "We loved Moab/Arches/Zion; book at https://campfoo.example/zorbpark or ask quincybob@mail.example."
    turn = store(database, user, ["The weather was fine.", said])
    text = f"What did we say about {name}?"
    (vector,) = embedder.embed([text], EmbeddingPurpose.QUERY, Deadline(10))
    with database.session(user, Deadline(10)) as connection:
        hits = fetch_hits(send_recall_query(connection, user, Query(text, vector, embedder.model)))
    assert (hits[0].passage.turn_id, hits[0].coverage) == (turn, 1)
