"""What a traveller deletes is in no table any more, and doesn't come back."""

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.embedding.hashed import HashEmbedder
from pam.memory.embedding import embed_user
from pam.memory.facts import FactSource, NewFact, Recorder, record_fact
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.sources.embedding import EmbeddingPurpose
from tests.conftest import Traveller
from tests.functional.memory.memory_requests import delete, listed, select
from tests.functional.memory.remembered import Remembered
from tests.functional.memory.traces import rows_of_user, rows_with


def test_fact_goes_with_its_earlier_values_and_its_sources(
    remembered: Remembered, traveller: Traveller, owner: psycopg.Connection, word: str
) -> None:
    """Also from the index of the next passage, and from what a later prompt has quoted; the rest stays."""
    first = remembered.says(f"Our pump is a {word} one.")
    second = remembered.says(f"The new pump is a {word} as well.")
    other = remembered.says("We have two dogs.", recalled=f"Wednesday, 2026-04-01, the traveller: Our pump is a {word}")
    remembered.knows("water pump", f"{word} 2088", first)
    fact = remembered.knows("Water Pump", f"{word} 4008", second)
    dogs = remembered.knows("dogs", "two", other)
    episode = remembered.summarises("Pump", f"The {word} failed.", first, second, other)
    assert {"exchanges", "exchange_words", "messages", "facts", "conversation_episodes"} <= rows_with(owner, word)
    deleted = delete(traveller, f"facts/{fact}")
    assert (deleted["facts"], deleted["messages"]) == (1, 2)
    assert rows_with(owner, word) == set()
    assert [item["id"] for item in listed(traveller)] == [str(dogs)]
    assert [role for role, _ in remembered.history()] == ["user", "assistant"]
    # What remains of the episode is summarised anew, without it.
    assert remembered.rows("select episode_id from exchanges where user_id = %s") == [(None,), (None,)]
    assert remembered.rows("select conversation_id from summary_requests where user_id = %s and due_at <= now()")
    assert not remembered.rows("select 1 from conversation_episodes where user_id = %s and id = %s", episode)


def test_next_passage_is_found_by_its_own_words_and_embedded_again(
    remembered: Remembered, traveller: Traveller, word: str
) -> None:
    """Its vector contained the deleted one, too."""
    turn = remembered.says(f"Where is the {word}?", "In the bay.")
    remembered.says("And the hose?", "There, too.")
    vector = f"[{','.join(['0.1'] * 1536)}]"
    remembered.owner.execute(
        "update exchanges set embedding = %s, embedding_model = 'm', embedding_dimensions = 1536 where user_id = %s",
        (vector, traveller.id),
    )
    delete(traveller, f"messages/{turn}")
    rows = remembered.rows(
        "select content, length, embedding is null, tsvector_to_array(words) from exchanges where user_id = %s"
        " order by id"
    )
    assert rows == [("And the hose?", 1, True, ["hose"]), ("There, too.", 1, False, ["hose"])]
    counted = remembered.rows(
        "select x.content, array_agg(w.word) from exchanges x"
        " join exchange_words w on w.user_id = x.user_id and w.exchange_id = x.id where x.user_id = %s"
        " group by x.id, x.content order by x.id"
    )
    assert counted == [("And the hose?", ["hose"]), ("There, too.", ["hose"])]
    assert remembered.rows("select 1 from embedding_requests where user_id = %s")


SAME = [
    ("vehicle", "Zorblatt van", "the rig", "Zorblatt van"),
    ("vehicle", "Zorblatt van", "camper", "a grey Zorblatt"),
    ("dog", "named Wuffel", "pets", "our dog is called Wuffel"),
    ("dogs", "two", "pets", "two dogs"),
    ("mechanic", "Jim of Yuma", "repair shop", "Jim in Yuma"),
    ("车辆", "蓝色房车", "旅行方式", "开蓝色房车"),
]
OTHER = [
    ("dogs", "two", "children", "two"),
    ("dog", "named Wuffel", "cat", "named Tom"),
    ("vehicle", "Zorblatt van", "home base", "Bend, Oregon"),
    ("distance units", "always answer in km", "interstates", "never suggest interstates"),
]


@pytest.mark.parametrize(
    ("deleted", "value", "subject", "restated", "returns"),
    [(*case, False) for case in SAME] + [(*case, True) for case in OTHER],
)
def test_deleted_fact_does_not_return_under_another_subject(
    remembered: Remembered,
    traveller: Traveller,
    database: Database,
    deleted: str,
    value: str,
    subject: str,
    restated: str,
    returns: bool,
) -> None:
    """What was said before the deletion, and is summarised after it; other facts and later statements are recorded."""
    fact = remembered.knows(deleted, value, remembered.says(f"{deleted} {value}"))
    pending = remembered.says(f"As said: {subject} {restated}")
    said_at = remembered.now
    delete(traveller, f"facts/{fact}")
    [hashed] = remembered.rows("select d::text from deleted_facts d where user_id = %s")
    assert not any(word in hashed[0] for word in (deleted, *value.split()) if len(word) > 3)
    late = NewFact(subject, restated, said_at, Recorder.SUMMARY, sources=(FactSource(pending, said_at),))
    with database.session(traveller.id, Deadline(10)) as connection:
        assert (record_fact(connection, traveller.id, late) is not None) == returns
        again = replace(late, stated_at=datetime.now(UTC) + timedelta(minutes=1))
        assert record_fact(connection, traveller.id, again) is not None


def test_other_facts_of_the_same_message_stay(remembered: Remembered, traveller: Traveller) -> None:
    """Without that source; one that comes from a deleted message alone goes with the message."""
    shared = remembered.says("We have two dogs and drive a Sprinter.")
    later = remembered.says("The Sprinter is blue.")
    dogs = remembered.knows("dogs", "two", shared)
    remembered.knows("vehicle", "a blue Sprinter", shared, later)
    delete(traveller, f"facts/{dogs}")
    [vehicle] = listed(traveller)
    assert (vehicle["title"], [source["message_id"] for source in vehicle["sources"]]) == ("vehicle", [str(later)])
    assert delete(traveller, f"messages/{later}")["facts"] == 1
    assert listed(traveller) == []


def test_deleted_fact_does_not_return_with_a_summary_and_does_when_it_is_said_again(
    remembered: Remembered, traveller: Traveller, database: Database
) -> None:
    """What was said before is recognised whatever the case of its subject."""
    turn = remembered.says("We have two dogs.")
    fact = remembered.knows("Dogs", "two", turn)
    delete(traveller, f"facts/{fact}")
    with database.session(traveller.id, Deadline(10)) as connection:
        old = NewFact("dogs", "two", remembered.now, Recorder.SUMMARY, sources=(FactSource(turn, remembered.now),))
        assert record_fact(connection, traveller.id, old) is None
        (now,) = connection.execute("select clock_timestamp() as now").fetchone().values()  # type: ignore[union-attr]
        assert record_fact(connection, traveller.id, NewFact("dogs", "three", now, Recorder.SUMMARY)) is not None
    assert [item["text"] for item in listed(traveller)] == ["three"]


def test_episode_goes_with_its_messages_and_what_is_known_from_them_alone(
    remembered: Remembered, traveller: Traveller, owner: psycopg.Connection, word: str
) -> None:
    """Other conversations' messages stay."""
    one, two = remembered.says(f"The {word} leaks."), remembered.says("It is fixed.")
    other = Remembered(remembered.database, owner, traveller.id)
    kept = other.says("We like lakes.")
    remembered.knows("leak", f"the {word}", one)
    episode = remembered.summarises(f"Leak of the {word}", "It is fixed.", one, two)
    [item] = listed(traveller, "episodes")
    assert [source["message_id"] for source in item["sources"]] == [str(two), str(one)]
    deleted = delete(traveller, f"episodes/{episode}")
    assert (deleted["facts"], deleted["episodes"], deleted["messages"]) == (1, 1, 2)
    assert rows_with(owner, word) == set()
    assert remembered.rows("select distinct turn_id from exchanges where user_id = %s") == [(kept,)]


def test_topic_deletes_exactly_what_was_shown(
    remembered: Remembered, traveller: Traveller, owner: psycopg.Connection, word: str
) -> None:
    """All words in any form, in a fact, a summary, or a message with its answer; what is said later isn't among it."""
    asked = remembered.says("What about the pumps?", f"The {word} pump costs $94.")
    remembered.says(f"A {word} without the other word.")
    remembered.says("A pump without the other word.")
    said = remembered.says("It is from Seattle.")
    remembered.knows(f"{word} pump", "from Seattle", said)
    remembered.summarises("Repair", f"Pumps of {word}.", asked)
    selection = select(traveller, topic=f"{word} pump")
    assert (selection["facts"], selection["episodes"], selection["messages"]) == (1, 1, 2)
    assert selection["text"].endswith("It can't be undone. Your money, trips and profile stay.")
    assert f"{word} pump: from Seattle" in selection["samples"]
    later = remembered.says(f"Tell me more of the {word} pump.")
    deleted = delete(traveller, f"selections/{selection['id']}")
    assert deleted["text"] == "Deleted: 1 fact, 1 summary and 2 messages with their answers."
    remaining = {turn for (turn,) in remembered.rows("select turn_id from exchanges where user_id = %s")}
    assert later in remaining and not remaining & {asked, said} and len(remaining) == 3
    assert delete(traveller, f"selections/{selection['id']}")["messages"] == 2  # repeated, it changes nothing


def test_deletion_of_everything_leaves_no_row(
    remembered: Remembered, traveller: Traveller, owner: psycopg.Connection, word: str
) -> None:
    """But money, trips and the profile; the catalogue of Postgres says which tables there are."""
    expense = traveller.spends("45", description="Kept").json()["expense"]["id"]
    fact = remembered.knows("pump", word, remembered.says(f"The {word} pump."))
    remembered.summarises("Pump", word, remembered.says("It is blue."))
    corrected = traveller.http.patch(f"/v1/memories/facts/{fact}", json={"value": f"new {word}"})
    assert corrected.status_code == 200, corrected.text
    traveller.http.post("/v1/ask", json={"text": "add $5 for tolls", "conversation_id": str(uuid.uuid4())})
    delete(traveller, f"facts/{remembered.knows('hose', 'green')}")
    selection = select(traveller, everything=True)
    assert selection["everything"] and selection["facts"] == 1 and selection["messages"] == 3
    deleted = delete(traveller, f"selections/{selection['id']}")
    assert deleted["text"].endswith("Your money, trips and profile stay.")
    assert rows_with(owner, word) == set()
    assert rows_of_user(owner, traveller.id) == set()
    expenses = traveller.http.get("/v1/expenses").json()["expenses"]
    assert expense in [each["id"] for each in expenses] and len(expenses) == 2
    undo = corrected.json()["undo"]["href"]
    assert traveller.http.delete(undo).json()["code"] == "effect_not_found"


@pytest.mark.parametrize("path", ["facts/{fact}", "episodes/{episode}", "messages/{turn}", "selections/{selection}"])
def test_another_user_s_memory_is_not_found_and_stays(
    remembered: Remembered, traveller: Traveller, new_traveller: Any, path: str
) -> None:
    """The same answer as for an id that doesn't exist."""
    turn = remembered.says("We have two dogs.")
    ids = {
        "turn": turn,
        "fact": remembered.knows("dogs", "two", turn),
        "episode": remembered.summarises("Dogs", "Two.", turn),
        "selection": select(traveller, everything=True)["id"],
    }
    stranger = new_traveller()
    stranger.spends("1")
    assert delete(stranger, path.format(**ids), 404)["code"] == "memory_not_found"
    changed = stranger.http.patch(f"/v1/memories/facts/{ids['fact']}", json={"value": "none"})
    assert (changed.status_code, changed.json()["code"]) == (404, "memory_not_found")
    assert len(listed(traveller)) == len(listed(traveller, "episodes")) == len(listed(traveller, "messages")) == 1


@pytest.mark.parametrize("id", ["0", "999999999999", "-1", "1e3", "٣", "'; drop table facts; --", "%00", "9" * 300])
@pytest.mark.parametrize("kind", ["facts", "episodes", "messages", "selections"])
def test_unknown_id_is_not_found(traveller: Traveller, kind: str, id: str) -> None:
    """And nonsense."""
    assert delete(traveller, f"{kind}/{id}", 404)["code"] == "memory_not_found"


@pytest.mark.parametrize("topic", ["", "   ", "the", "?!", "a\x00b", "x" * 201])
def test_topic_without_a_word_is_refused(traveller: Traveller, remembered: Remembered, topic: str) -> None:
    """A topic of stop words would be about everything."""
    remembered.says("The dogs.")
    reply = traveller.http.post("/v1/memories/selections", json={"topic": topic})
    assert (reply.status_code, reply.json()["code"], reply.json()["field"]) == (422, "invalid_text", "topic")


@pytest.mark.parametrize("body", [{}, {"everything": False}, {"everything": True, "topic": "dogs"}, {"topic": 1}])
def test_selection_of_nothing_certain_is_refused(traveller: Traveller, body: dict[str, Any]) -> None:
    """Either a topic or everything."""
    assert traveller.http.post("/v1/memories/selections", json=body).status_code == 422


@given(text=st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=60))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_hostile_text_is_searched_for_or_refused(traveller: Traveller, remembered: Remembered, text: str) -> None:
    """Operators of full-text search and quotes have no meaning; a message that has the text is found."""
    remembered.says(f"{text} anchorword")
    search = f"{text} anchorword"
    assert listed(traveller, "messages", search=search)
    assert select(traveller, topic=search)["messages"] >= 1
    for hostile in (f"{text}':*", f"!({text}) | anchorword", f"{text} <-> %"):
        reply = traveller.http.get("/v1/memories", params={"search": hostile[:200]})
        assert reply.status_code == 200 or reply.json()["code"] == "invalid_text"


def test_topic_in_everything_deletes_everything_that_was_said(remembered: Remembered, traveller: Traveller) -> None:
    """A topic that all messages have."""
    for number in range(30):
        remembered.says(f"Camping night {number}")
    selection = select(traveller, topic="camping")
    assert selection["messages"] == 30 and len(selection["samples"]) == 5
    delete(traveller, f"selections/{selection['id']}")
    assert remembered.history() == []


def test_two_deletions_at_once_delete_once(remembered: Remembered, traveller: Traveller) -> None:
    """Both are answered, and none fails for the other."""
    turns = [remembered.says(f"Pump {number}") for number in range(8)]
    facts = [remembered.knows(f"pump {number}", "blue", turn) for number, turn in enumerate(turns)]
    selection = select(traveller, topic="pump")
    paths = [f"facts/{fact}" for fact in facts[:4]] + [f"selections/{selection['id']}"] * 2
    with ThreadPoolExecutor(6) as threads:
        replies = list(threads.map(lambda path: traveller.http.delete(f"/v1/memories/{path}"), paths))
    assert {reply.status_code for reply in replies} <= {200, 404}
    assert [reply.status_code for reply in replies[4:]] == [200, 200]
    assert listed(traveller) == [] and remembered.history() == []


def test_repeated_request_gets_the_first_answer(remembered: Remembered, traveller: Traveller) -> None:
    """Under its idempotency key; under another one there is nothing left to delete."""
    fact = remembered.knows("dogs", "two", remembered.says("Two dogs."))
    first = delete(traveller, f"facts/{fact}", **{"idempotency-key": "abc"})
    assert delete(traveller, f"facts/{fact}", **{"idempotency-key": "abc"}) == first
    assert delete(traveller, f"facts/{fact}", 404, **{"idempotency-key": "def"})["code"] == "memory_not_found"


def test_history_stays_an_alternation_of_question_and_answer(remembered: Remembered, traveller: Traveller) -> None:
    """Whole turns go, with their tool calls; a remark that an answer was interrupted goes with that answer."""
    use = [("assistant", [{"type": "tool_use", "id": "t1", "name": "x", "input": {}}]), ("user", [])]
    first = remembered.says("One", extra=use)
    second = remembered.says("Two", extra=use)
    interrupted = remembered.says("Three", None)
    after = remembered.says("Four", remark=True)
    pair = ["user", "assistant"]
    assert [role for role, _ in remembered.history()] == pair * 6
    delete(traveller, f"messages/{first}")
    assert [role for role, _ in remembered.history()] == pair * 4
    delete(traveller, f"messages/{interrupted}")
    assert [role for role, _ in remembered.history()] == pair * 3
    delete(traveller, f"messages/{second}")
    assert [role for role, _ in remembered.history()] == pair
    assert remembered.rows("select distinct turn_id from messages where user_id = %s") == [(after,)]


def test_remark_stays_with_the_interrupted_answer(remembered: Remembered, traveller: Traveller) -> None:
    """What is before it may go."""
    first = remembered.says("One")
    remembered.says("Two", None)
    remembered.says("Three", remark=True)
    delete(traveller, f"messages/{first}")
    assert [role for role, _ in remembered.history()] == ["user", "assistant"] * 2


class InterruptedEmbedder(HashEmbedder):
    """An embedder that runs something in the middle of its first request."""

    def __init__(self, interruption: Callable[[], object]) -> None:
        super().__init__()
        self._interruption = interruption
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str], purpose: EmbeddingPurpose, deadline: Deadline) -> list[list[float]]:
        first = not self.texts
        self.texts += texts
        if first:
            self._interruption()
        return super().embed(texts, purpose, deadline)


def test_vector_of_a_passage_before_a_deletion_is_not_stored(
    remembered: Remembered, traveller: Traveller, database: Database, word: str
) -> None:
    """The run goes on with the text that is left."""
    turn = remembered.says(f"Where is the {word}?", "In the bay.")
    remembered.says("And the hose?", "There, too.")
    embedder = InterruptedEmbedder(lambda: delete(traveller, f"messages/{turn}"))
    embed_user(database, embedder, traveller.id, Deadline(30))
    assert embedder.texts[4:] == ["And the hose?"]
    assert remembered.rows("select count(*) from exchanges where user_id = %s and embedding is not null") == [(2,)]


def test_correction_outlasts_what_was_said_before_it(
    remembered: Remembered, traveller: Traveller, database: Database
) -> None:
    """A summary of older messages doesn't bring the wrong value back; the undo lets it."""
    turn = remembered.says("We have two cats.")
    fact = remembered.knows("pets", "two cats", turn)
    answer = traveller.http.patch(f"/v1/memories/facts/{fact}", json={"value": "two dogs"}).json()
    assert answer["text"] == "Corrected: pets: two dogs."
    with database.session(traveller.id, Deadline(10)) as connection:
        old = NewFact("pets", "two cats", remembered.now, Recorder.SUMMARY, sources=(FactSource(turn, remembered.now),))
        assert record_fact(connection, traveller.id, old) is None
    [pets] = listed(traveller)
    assert (pets["text"], pets["earlier"], pets["stated"]) == ("two dogs", [], True)
    assert traveller.http.delete(answer["undo"]["href"]).status_code == 200
    [pets] = listed(traveller)
    assert (pets["text"], pets["stated"]) == ("two cats", False)
