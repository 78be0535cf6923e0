"""Facts and summaries are recalled beside messages: with other values of the subject, and where they come from."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from local.embedding.minilm import MiniLmEmbedder
from pam.memory.embedding import embed_user
from pam.memory.exchanges import ExchangeMessage, store_exchange
from pam.memory.facts import FactSource, NewFact, Recorder, record_fact
from pam.memory.recall import Hit, MemoryKind, Query, fetch_hits, send_recall_query
from pam.memory.recalled_text import select_passages
from pam.platform.deadline import Deadline
from pam.platform.postgres import Connection, Database
from pam.sources.embedding import EmbeddingPurpose
from pam.users.profile import ensure_user

SPRING = datetime(2026, 4, 1, 15, 30, tzinfo=UTC)
AUTUMN = SPRING + timedelta(days=180)

_CONVERSATION = "insert into conversations (id, user_id, profile) values (%s, %s, '')"
_EPISODE = """
insert into conversation_episodes (user_id, conversation_id, first_exchange_id, last_exchange_id, episode_start_time,
                                   episode_end_time, message_count, topic, summary, sentiment)
values (%(user)s, %(conversation)s, 1, 2, %(at)s, %(at)s, 2, %(topic)s, %(summary)s, 'neutral')
"""


@pytest.fixture(scope="module")
def minilm() -> MiniLmEmbedder:
    return MiniLmEmbedder()


class Memory:
    """The memory of a user of their own."""

    def __init__(self, database: Database, embedder: MiniLmEmbedder) -> None:
        self.user_id = uuid.uuid4()
        self.conversation_id = uuid.uuid4()
        self._database = database
        self._embedder = embedder
        with self.session() as connection:
            ensure_user(connection, self.user_id)
            connection.execute(_CONVERSATION, (self.conversation_id, self.user_id))

    @contextmanager
    def session(self) -> Iterator[Connection]:
        with self._database.session(self.user_id, Deadline(20)) as connection:
            yield connection

    def say(self, text: str, at: datetime = SPRING) -> uuid.UUID:
        turn_id = uuid.uuid4()
        with self.session() as connection:
            message = ExchangeMessage("user", text, at)
            store_exchange(connection, self.user_id, self.conversation_id, turn_id, [message])
        return turn_id

    def record(self, subject: str, value: str, at: datetime = SPRING, sources: Sequence[uuid.UUID] = ()) -> None:
        with self.session() as connection:
            fact = NewFact(
                subject, value, at, Recorder.SUMMARY, sources=tuple(FactSource(turn, at) for turn in sources)
            )
            record_fact(connection, self.user_id, fact)

    def summarise(self, topic: str, summary: str, at: datetime = SPRING) -> None:
        with self.session() as connection:
            values = {"user": self.user_id, "conversation": self.conversation_id, "at": at}
            connection.execute(_EPISODE, values | {"topic": topic, "summary": summary})

    def embed(self) -> int:
        return embed_user(self._database, self._embedder, self.user_id, Deadline(60))

    def recall(self, text: str, *, by_vector: bool = False, gated: bool = True) -> list[Hit]:
        vector = None
        if by_vector:
            (vector,) = self._embedder.embed([text], EmbeddingPurpose.QUERY, Deadline(20))
        query = Query(text, vector, self._embedder.model)
        with self.session() as connection:
            return fetch_hits(send_recall_query(connection, self.user_id, query, gated=gated))


@pytest.fixture
def memory(database: Database, minilm: MiniLmEmbedder) -> Memory:
    return Memory(database, minilm)


@pytest.mark.parametrize("asked", ["What is our tow vehicle?", "Did we ever own an F-350?"])
def test_fact_comes_with_its_other_values_and_its_source(memory: Memory, asked: str) -> None:
    """So that the latest value is answered, and the previous one can be named."""
    truck = memory.say("We tow with a Ford F-350 these days.")
    van = memory.say("Sold it! Our new home is a Sprinter.", AUTUMN)
    memory.record("tow vehicle", "Ford F-350", sources=[truck])
    memory.record("tow vehicle", "Sprinter", AUTUMN, sources=[van])
    for number in range(5):
        memory.say(f"What is the weather in town {number}?")
    found = {passage.text: passage for passage in select_passages(memory.recall(asked), 400)}
    assert (found["tow vehicle: Sprinter"].at, found["tow vehicle: Sprinter"].until) == (AUTUMN, None)
    assert found["tow vehicle: Ford F-350"].until == AUTUMN
    (hit, *_) = (each for each in memory.recall(asked) if each.passage.kind is MemoryKind.FACT)
    sources = [each for each in hit.related if each.kind is MemoryKind.MESSAGE]
    assert [each.turn_id for each in sources] == [van if "Sprinter" in hit.passage.text else truck]


def test_summary_is_recalled_by_word_and_by_vector(memory: Memory) -> None:
    """A summary and a fact have vectors, too."""
    memory.summarise("Water pump", "The traveller replaced the water pump near Moab.")
    memory.record("dog", "Rosie, a beagle")
    memory.say("Which campgrounds are near Zion?")
    assert memory.recall("What was with the water pump?")[0].passage.kind is MemoryKind.SUMMARY
    assert memory.embed() == 3
    assert memory.embed() == 0
    (best, *_) = memory.recall("What is our puppy called?", by_vector=True, gated=False)
    assert best.passage.text == "dog: Rosie, a beagle"
    (best, *_) = memory.recall("Did our plumbing ever break?", by_vector=True, gated=False)
    assert best.passage.kind is MemoryKind.SUMMARY and best.passage.at == SPRING


def test_changed_fact_keeps_no_vector_of_its_former_text(memory: Memory, database: Database) -> None:
    """One that is embedded while it is corrected is embedded again."""
    memory.record("dog", "Rosie")

    class CorrectingEmbedder(MiniLmEmbedder):
        corrected = False

        def embed(self, texts: Sequence[str], purpose: EmbeddingPurpose, deadline: Deadline) -> list[list[float]]:
            if not self.corrected:
                self.corrected = True
                with memory.session() as connection:
                    connection.execute("update facts set value = 'Luna' where user_id = %s", (memory.user_id,))
            return super().embed(texts, purpose, deadline)

    assert embed_user(database, CorrectingEmbedder(), memory.user_id, Deadline(60)) == 2
    (vector,) = MiniLmEmbedder().embed(["dog: Luna"], EmbeddingPurpose.DOCUMENT, Deadline(20))
    hits = memory.recall("Luna", by_vector=True)
    assert hits[0].passage.text == "dog: Luna"
    query = Query("zzz", vector, "minilm")
    with memory.session() as connection:
        (hit,) = fetch_hits(send_recall_query(connection, memory.user_id, query))
    assert hit.similarity == pytest.approx(1.0, abs=0.001)


def test_other_users_memory_is_never_recalled(database: Database, minilm: MiniLmEmbedder) -> None:
    one, other = Memory(database, minilm), Memory(database, minilm)
    one.record("home base", "Tucson")
    one.summarise("Home base", "The traveller lives in Tucson.")
    one.say("Our home base is Tucson.")
    one.embed()
    assert len(one.recall("home base Tucson", by_vector=True)) == 3
    assert other.recall("home base Tucson", by_vector=True) == []
    assert other.recall("home base Tucson") == []
