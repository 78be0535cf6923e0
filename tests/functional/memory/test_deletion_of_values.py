"""Values that come from deleted messages alone go with them, and no undo brings them back."""

from datetime import timedelta

import psycopg
import pytest

from tests.conftest import Traveller
from tests.functional.memory.memory_requests import correct, delete, listed, select
from tests.functional.memory.remembered import Remembered
from tests.functional.memory.traces import rows_with


@pytest.mark.parametrize("path", ["messages/{turn}", "episodes/{episode}"])
def test_earlier_value_goes_with_the_message_that_it_comes_from_alone(
    remembered: Remembered, traveller: Traveller, owner: psycopg.Connection, word: str, path: str
) -> None:
    """The values before and after it stay, each with its own source."""
    first = remembered.says("We drive a Ford F-350.")
    remembered.knows("vehicle", "Ford F-350", first)
    turn = remembered.says(f"Now we drive a {word}.")
    remembered.knows("vehicle", word, turn)
    episode = remembered.summarises("Van", f"A {word}.", turn)
    last = remembered.says("Now we drive a Sprinter.")
    remembered.knows("vehicle", "Sprinter", last)
    deleted = delete(traveller, path.format(turn=turn, episode=episode))
    assert (deleted["facts"], deleted["messages"]) == (1, 1)
    assert rows_with(owner, word) == set()
    [vehicle] = listed(traveller)
    assert (vehicle["text"], [each["value"] for each in vehicle["earlier"]]) == ("Sprinter", ["Ford F-350"])
    assert [source["message_id"] for source in vehicle["sources"]] == [str(last), str(first)]


def test_earlier_value_with_another_source_stays(remembered: Remembered, traveller: Traveller) -> None:
    """Until that one is deleted, too."""
    turns = [remembered.says("We drive a Ford F-350."), remembered.says("The F-350 is red.")]
    for turn in turns:
        remembered.knows("vehicle", "Ford F-350", turn)
    remembered.knows("vehicle", "Sprinter", remembered.says("Now we drive a Sprinter."))
    assert delete(traveller, f"messages/{turns[0]}")["facts"] == 0
    assert [each["value"] for each in listed(traveller)[0]["earlier"]] == ["Ford F-350"]
    assert delete(traveller, f"messages/{turns[1]}")["facts"] == 1
    assert listed(traveller)[0]["earlier"] == []


def test_deletion_of_a_part_s_source_leaves_the_other_parts(remembered: Remembered, traveller: Traveller) -> None:
    """A value that was divided by a late message: that message takes only its own value with it."""
    begin = remembered.now
    turns = {
        number: remembered.says(f"We drive a {value}.")
        for number, value in [(1, "F-350"), (6, "F-350"), (4, "Sprinter")]
    }
    for number, value in [(1, "F-350"), (6, "F-350"), (4, "Sprinter")]:
        remembered.knows("vehicle", value, turns[number], at=begin + timedelta(days=number))
    delete(traveller, f"messages/{turns[4]}")
    [vehicle] = listed(traveller)
    assert (vehicle["text"], [each["value"] for each in vehicle["earlier"]]) == ("F-350", ["F-350"])
    assert [source["message_id"] for source in vehicle["sources"]] == [str(turns[6]), str(turns[1])]


def test_topic_takes_what_is_known_from_its_messages_alone(
    remembered: Remembered, traveller: Traveller, owner: psycopg.Connection, word: str
) -> None:
    """As the preview says: current values with their subject, and earlier values of subjects that stay."""
    told = remembered.says(f"The Yumbo shop told us: our mechanic is {word}, and our tyres were {word} ones.")
    remembered.knows("mechanic", word, told)
    remembered.knows("tyres", f"{word} tyres", told)
    other = remembered.says("The new tyres are from Toyo.")
    remembered.knows("tyres", "Toyo", other)
    remembered.knows("home base", "Bend", told, other)
    selection = select(traveller, topic="Yumbo shop")
    assert (selection["facts"], selection["messages"]) == (2, 1)
    assert {f"mechanic: {word}", f"tyres: {word} tyres"} <= set(selection["samples"])
    assert delete(traveller, f"selections/{selection['id']}")["facts"] == 2
    assert rows_with(owner, word) == set()
    assert {(item["title"], item["text"]) for item in listed(traveller)} == {("tyres", "Toyo"), ("home base", "Bend")}


def test_deleted_fact_takes_all_its_messages_with_it(
    remembered: Remembered, traveller: Traveller, owner: psycopg.Connection, word: str
) -> None:
    """However many there are, and their summaries."""
    turns = []
    for _ in range(30):
        turns.append(remembered.says(f"We drive a {word}."))
        fact = remembered.knows("vehicle", word, turns[-1])
    for turn in turns:
        remembered.summarises("Van", word, turn)
    [vehicle] = listed(traveller)
    assert [each["message_id"] for each in vehicle["sources"]] == [str(turn) for turn in turns[:-6:-1]]
    deleted = delete(traveller, f"facts/{fact}")
    assert (deleted["facts"], deleted["messages"]) == (1, 30)
    assert rows_with(owner, word) == set()


@pytest.mark.parametrize("how", ["message", "topic", "fact"])
def test_undo_of_a_correction_does_not_bring_back_what_was_deleted(
    remembered: Remembered, traveller: Traveller, owner: psycopg.Connection, word: str, how: str
) -> None:
    """The record of the correction had the wrong value. What the traveller typed stays, unless the fact is deleted."""
    turn = remembered.says(f"We drive a {word} van.")
    fact = remembered.knows("vehicle", f"{word} van", turn)
    undo = correct(traveller, fact, "Sprinter")
    assert "effects" in rows_with(owner, word)
    paths = {"message": f"messages/{turn}", "fact": f"facts/{fact}"}
    delete(traveller, paths.get(how) or f"selections/{select(traveller, topic=word)['id']}")
    assert rows_with(owner, word) == set()
    reply = traveller.http.delete(undo)
    assert (reply.status_code, reply.json()["code"]) == (404, "effect_not_found")
    assert rows_with(owner, word) == set()
    assert [item["text"] for item in listed(traveller)] == ([] if how == "fact" else ["Sprinter"])


def test_topic_finds_a_value_that_only_the_record_of_a_correction_has(
    remembered: Remembered, traveller: Traveller, owner: psycopg.Connection, word: str
) -> None:
    """Typed by mistake and corrected at once: neither record can bring it back."""
    fact = remembered.knows("vehicle", "van", remembered.says("We drive a van."))
    undos = [correct(traveller, fact, f"{word} truck"), correct(traveller, fact, "Sprinter")]
    assert rows_with(owner, word) == {"effects"}
    selection = select(traveller, topic=word)
    assert selection["text"].startswith(f"This deletes what is about “{word}”: 2 earlier corrections.")
    delete(traveller, f"selections/{selection['id']}")
    assert rows_with(owner, word) == set()
    assert {traveller.http.delete(undo).status_code for undo in undos} == {404}
    assert [item["text"] for item in listed(traveller)] == ["Sprinter"]
    assert select(traveller, topic=word)["text"].startswith(f"This deletes what is about “{word}”: nothing.")


def test_value_that_was_typed_stays_when_the_message_of_the_wrong_one_is_deleted(
    remembered: Remembered, traveller: Traveller
) -> None:
    """It comes from the traveller themselves. Whether it holds for every answer is no value."""
    turn = remembered.says("We have two cats, and we like lakes.")
    typed = remembered.knows("pets", "two cats", turn)
    other = remembered.knows("places", "lakes", turn)
    correct(traveller, typed, "two dogs")
    reply = traveller.http.patch(f"/v1/memories/facts/{other}", json={"standing": True})
    assert reply.status_code == 200
    assert delete(traveller, f"messages/{turn}")["facts"] == 1
    assert [item["text"] for item in listed(traveller)] == ["two dogs"]
    assert listed(traveller, "preferences") == []
