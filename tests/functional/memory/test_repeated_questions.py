"""A question that was asked before doesn't take the place of its evidence, and no word of asking is evidence."""

import itertools
import uuid

import psycopg
import pytest

from local.embedding.minilm import MiniLmEmbedder
from pam.memory.embedding import embed_user
from pam.memory.recall import Hit, Query, fetch_hits, send_recall_query
from pam.memory.recalled_text import select_passages
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.sources.embedding import EmbeddingPurpose
from tests.functional.memory.remembered import Remembered

EVIDENCE = "The water pump failed near Moab. The shop had none, so we ordered one for $94."
ASKED = [
    "What did we say about the water pump?",
    "what did we say about our water pump",
    "Remind me what I told you about the water pump",
    "How much was the water pump?",
    "Tell me about the water pump.",
]


@pytest.fixture(scope="module")
def minilm() -> MiniLmEmbedder:
    return MiniLmEmbedder()


@pytest.fixture
def remembered(database: Database, owner: psycopg.Connection) -> Remembered:
    return Remembered(database, owner, uuid.uuid4())


def recall(remembered: Remembered, text: str, embedder: MiniLmEmbedder | None = None) -> list[Hit]:
    vector = None
    if embedder is not None:
        embed_user(remembered.database, embedder, remembered.user_id, Deadline(120))
        (vector,) = embedder.embed([text], EmbeddingPurpose.QUERY, Deadline(20))
    with remembered.database.session(remembered.user_id, Deadline(20)) as connection:
        return fetch_hits(send_recall_query(connection, remembered.user_id, Query(text, vector, "minilm")))


@pytest.mark.parametrize("by_vector", [False, True])
@pytest.mark.parametrize("asked", [ASKED[:1], ASKED], ids=["same", "varied"])
def test_evidence_stays_near_the_top_however_often_it_is_asked_for(
    remembered: Remembered, minilm: MiniLmEmbedder, asked: list[str], by_vector: bool
) -> None:
    """More often than there are hits; each answer has other words, and none has what was said."""
    evidence = remembered.says(EVIDENCE, "Thanks for telling me about that, safe travels to both of you.")
    for number, question in enumerate(itertools.islice(itertools.cycle(asked), 70)):
        remembered.conversation_id = uuid.uuid4()
        noise = " ".join(f"{word}{number}" for word in ("river", "mesa", "canyon", "pine", "lake"))
        remembered.says(question, f"You told me about the water pump before: {noise}, and the water pump was meant.")
    passages = select_passages(recall(remembered, ASKED[0], minilm if by_vector else None), 400)
    place = [passage.turn_id for passage in passages].index(evidence)
    assert place < 4 and sum(passage.text in ASKED for passage in passages[:place]) <= 1


def test_newest_answer_to_the_same_question_keeps_its_place(remembered: Remembered) -> None:
    """It may be the only one there is; older ones follow what else was said."""
    first = remembered.says("How do we drain the gray tank?", "Open the valve.")
    second = remembered.says("How do we drain the gray tank?", "Close the black valve before.")
    other = remembered.says("The gray tank has 40 gallons.", None)
    turns = [hit.passage.turn_id for hit in recall(remembered, "How do we drain the gray tank?")]
    assert turns.index(second) < turns.index(other) < turns.index(first)


def test_question_with_joined_words_is_recognised_as_asked_before(remembered: Remembered) -> None:
    """Also where the words of the earlier one were apart."""
    other = remembered.says("The trail of Moab and Arches was closed.", None)
    for asked in ("Is the trail of Moab/Arches closed?", "Is the trail of Moab, Arches closed?"):
        remembered.says(asked, None)
    turns = [hit.passage.turn_id for hit in recall(remembered, "Is the trail of Moab/Arches closed?")]
    assert turns[0] == other


def test_statement_in_the_words_of_the_question_is_evidence(remembered: Remembered) -> None:
    """Each time that it was made, while copies of a question or an answer are last."""
    said = [remembered.says("The water pump leaks.", "That is a pity, let us look for a shop.") for _ in range(3)]
    remembered.says("Which shop is near?", "None is near the water pump.")
    passages = select_passages(recall(remembered, "Does the water pump leak?"), 400)
    statements = [place for place, passage in enumerate(passages) if passage.text == "The water pump leaks."]
    copies = [place for place, passage in enumerate(passages) if passage.text.startswith("That is a pity")]
    assert {passages[place].turn_id for place in statements} == {*said}
    assert max(statements) < copies[1] and copies[1:] == list(range(len(passages)))[-len(copies[1:]) :]


@pytest.mark.parametrize(
    "asked", ["What did we say about Wobbleton?", "Tell me what I mentioned about Zorbington", "What did I tell you?"]
)
@pytest.mark.parametrize("by_vector", [False, True])
def test_word_of_asking_is_no_evidence(
    remembered: Remembered, minilm: MiniLmEmbedder, asked: str, by_vector: bool
) -> None:
    """Neither in fresh rows nor in embedded ones; the word that is asked for is."""
    remembered.says("What did we say about groceries?", "You told me to remember the oats.")
    remembered.says("I said I would mention it, remember?", None)
    if by_vector:
        embed_user(remembered.database, minilm, remembered.user_id, Deadline(60))
    remembered.says("Tell me if you know: did I mention the oats?", None)
    assert recall(remembered, asked) == []
    assert recall(remembered, "What did we say about oats?")
