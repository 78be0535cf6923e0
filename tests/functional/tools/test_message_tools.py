"""The tool to read direct messages: those to and from a traveller, and nobody else's."""

import json
import uuid
from typing import Any

import pytest

from pam.tools.catalog.community import get_messages, message_friend
from pam.tools.engine.results import result_json
from tests.functional.tools.community import Community
from tests.functional.tools.conftest import Caller, error_of


def write(sender: Caller, recipient: str, message: str) -> None:
    sender.call(message_friend, json.dumps({"recipient": recipient, "message": message}))


def read(caller: Caller, **arguments: Any) -> Any:
    return caller.call(get_messages, json.dumps(arguments))


@pytest.fixture
def pair(community: Community) -> tuple[Caller, Caller]:
    """Two friends."""
    ann, bob = community.join("Ann"), community.join("Bob")
    community.befriend(ann, bob)
    return ann, bob


def test_message_is_read_by_both_and_nobody_else(community: Community, pair: tuple[Caller, Caller]) -> None:
    """Newest first, each with who wrote it to whom; texts are whole."""
    ann, bob = pair
    stranger = community.join("Eve")
    write(ann, community.name("Bob"), "Campfire at 7?\nBring wood \U0001f525")
    write(bob, community.name("Ann"), "x" * 2000)
    got = read(ann).data["messages"]
    assert [(each["sender"], each["recipient"], each["text"]) for each in got] == [
        (community.name("Bob"), None, "x" * 2000),
        (None, community.name("Bob"), "Campfire at 7?\nBring wood \U0001f525"),
    ]
    assert "is_shortened" not in got[0]
    seen = read(bob)
    assert [each["sender"] for each in seen.data["messages"]] == [None, community.name("Ann")]
    assert f"{community.name('Ann')} to you on " in seen.text and "“Campfire at 7? Bring wood \U0001f525”" in seen.text
    assert seen.source == "Your messages in PAM"
    assert read(stranger).text == "You have no messages."
    newest = got[0]["id"]
    errors = {
        (e.error, e.message)
        for e in (error_of(lambda i=i: read(stranger, before=i)) for i in (newest, str(uuid.uuid4())))
    }
    assert {(error.code, message) for error, message in errors} == {("message_not_found", "PAM finds no such message.")}


def test_all_messages_are_reached_page_by_page(community: Community, pair: tuple[Caller, Caller]) -> None:
    """Each result has 8 KB at most, with the longest texts and at equal times, too."""
    ann, bob = pair
    texts = [f"{number} {'é' * 1990}" for number in range(9)] + [f"short {number}" for number in range(30)]
    for text in texts:
        community.owner.execute(
            "insert into direct_messages (sender_id, recipient_id, body, sent_at) values (%s, %s, %s, '2026-11-20')",
            (bob.id, ann.id, text),
        )
    found: list[str] = []
    more: dict[str, str] = {}
    while True:
        result = read(ann, **more)
        assert len(result_json(result).encode()) <= 8192
        found += [each["text"] for each in result.data["messages"]]
        if not result.data["there_are_more"]:
            break
        more = {"before": result.data["messages"][-1]["id"]}
    assert sorted(found) == sorted(texts)
    assert read(ann, **more | {"before": result.data["messages"][-1]["id"]}).text == "You have no older messages."


def test_message_of_a_deleted_account_is_gone(community: Community, pair: tuple[Caller, Caller]) -> None:
    ann, bob = pair
    write(ann, community.name("Bob"), "Hello")
    community.owner.execute("delete from users where id = %s", (ann.id,))
    assert read(bob).data["messages"] == []


@pytest.mark.parametrize("before", ["last", 17, "5b1c7f1e0c3a4b368f0e7d9b2f4a6c11"])
def test_invalid_cursor_is_rejected(caller: Caller, before: Any) -> None:
    error = error_of(lambda: read(caller, before=before))
    assert (error.error.code, error.field) == ("invalid_request", "before")
