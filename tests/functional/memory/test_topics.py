"""A topic is found by its words; in a script without spaces, wherever it stands in a text."""

from typing import Any

import psycopg
import pytest

from pam.memory.listing import read_memory_page
from pam.memory.memories_query import ListedKind, MemoriesQuery
from pam.memory.selection import select_topic
from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.platform.postgres import Database
from tests.conftest import Traveller
from tests.functional.memory.remembered import Remembered


@pytest.fixture
def remembered(database: Database, owner: psycopg.Connection, traveller: Traveller) -> Remembered:
    return Remembered(database, owner, traveller.id)


def found(remembered: Remembered, topic: str) -> tuple[int, int, int]:
    """Return the numbers of facts, episodes and turns of a topic; the search of the page finds the same."""
    with remembered.database.session(remembered.user_id, Deadline(10)) as connection:
        selection = select_topic(connection, remembered.user_id, topic)
        listed = {
            kind: len(read_memory_page(connection, remembered.user_id, MemoriesQuery(kind=kind, search=topic)).memories)
            for kind in (ListedKind.FACTS, ListedKind.EPISODES, ListedKind.MESSAGES)
        }
    counts = (len(selection.facts), len(selection.episodes), len(selection.turns))
    assert tuple(listed.values()) == counts
    return counts


@pytest.mark.parametrize(
    ("said", "topics", "others"),
    [
        ("我们的水泵坏了", ["水泵", "坏了", "泵", "水泵 坏"], ["水坏", "油泵", "水泵 轮胎"]),
        ("給水ポンプがモアブで壊れた", ["ポンプ", "給水", "モアブ"], ["ボンプ", "水給"]),
        ("물펌프가 고장났어요", ["펌프", "고장", "물펌프 고장"], ["타이어"]),
        ("ปั๊มน้ำเสีย", ["ปั๊ม", "น้ำ"], ["ยาง"]),
        ("The KOA水泵 failed", ["koa水泵", "水泵 failing", "the 水泵"], ["水泵 tire"]),
        ("The water pumps failed", ["pump", "failing pump"], ["tire"]),
        ("We loved Moab/Arches/Zion", ["arches", "Moab/Arches", "zion moab", "loved Arches/Zion"], ["bryce"]),
        ("Book at https://campfoo.example/zorbpark", ["zorbpark", "campfoo", "campfoo.example/zorbpark"], ["koa"]),
        ("The cafe\u0301 by the river", ["café", "cafe\u0301"], ["tea"]),
        ("The ｃａｆé sells ﬁsh", ["café", "fish"], ["tea"]),
        ("Ask quincybob@mail.example", ["quincybob", "quincybob@mail.example"], ["quincy"]),
    ],
)
def test_topic_of_any_script_is_found(remembered: Remembered, said: str, topics: list[str], others: list[str]) -> None:
    """In facts, summaries and messages."""
    turn = remembered.says(said, "OK.")
    remembered.knows("note", said)
    remembered.summarises("Note", said, turn)
    remembered.says("Unrelated: 我们爱狗", "OK.")
    for topic in topics:
        assert found(remembered, topic) == (1, 1, 1), topic
    for topic in others:
        assert found(remembered, topic) == (0, 0, 0), topic


def test_joined_words_are_found_after_the_message_before_was_deleted(
    remembered: Remembered, traveller: Traveller
) -> None:
    """Its words were in the index of the next one, which is made again."""
    first = remembered.says("We were in Utah.", None)
    remembered.says("We loved Moab/Arches/Zion.", None)
    traveller.http.delete(f"/v1/memories/messages/{first}").raise_for_status()
    assert found(remembered, "arches") == (0, 0, 1) and found(remembered, "utah") == (0, 0, 0)


def test_topic_in_a_script_without_spaces_is_deleted(remembered: Remembered, traveller: Traveller) -> None:
    """With what its preview has counted: the summary goes with the message."""
    turn = remembered.says("我们的水泵坏了", "知道了。")
    remembered.summarises("Repairs", "Something failed.", turn)
    selection = traveller.http.post("/v1/memories/selections", json={"topic": "水泵"}).json()
    assert (selection["episodes"], selection["messages"]) == (1, 1)
    deleted: dict[str, Any] = traveller.http.delete(f"/v1/memories/selections/{selection['id']}").json()
    assert (deleted["episodes"], deleted["messages"]) == (1, 1)
    assert not remembered.rows("select 1 from exchanges where user_id = %s")
    assert not remembered.rows("select 1 from conversation_episodes where user_id = %s")


def test_message_is_counted_with_its_summary(remembered: Remembered, traveller: Traveller) -> None:
    """Once where both were selected."""
    turn = remembered.says("The pump failed.")
    episode = remembered.summarises("Pump", "The pump failed.", turn)
    reply = traveller.http.post("/v1/memories/selections", json={"topic": "pump"}).json()
    assert reply["episodes"] == 1
    assert traveller.http.delete(f"/v1/memories/messages/{turn}").json()["episodes"] == 1
    assert traveller.http.delete(f"/v1/memories/episodes/{episode}").status_code == 404


@pytest.mark.parametrize("topic", ["the", "is that", "?!"])
def test_topic_without_a_word_is_still_refused(remembered: Remembered, topic: str) -> None:
    remembered.says("The dogs.")
    with pytest.raises(PamError):
        found(remembered, topic)
