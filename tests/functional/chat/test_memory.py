"""A message is recalled in another conversation: at once by its words, by its meaning once it is embedded."""

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

from local.embedding.minilm import MiniLmEmbedder
from local.stack import LocalStack
from pam.memory.embedding import embed_user
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from tests.conftest import Traveller
from tests.functional.chat.chat_socket import ChatSocket
from tests.functional.chat.claude_scripts import ClaudeScripts, text

PUMP = "The water pump failed on the road to Moab, and we paid Shurflo $94 for a new one."


def newest_context(claude: ClaudeScripts) -> str:
    """Return the context of the newest question that Claude was sent."""
    newest: str = claude.requests()[-1]["body"]["messages"][-1]["content"][0]["text"]
    return newest


def ask_in_new_conversation(
    socket: ChatSocket, claude: ClaudeScripts, question: str, answer: str = "Noted."
) -> dict[str, Any]:
    """Ask in a conversation of its own; return the last frame."""
    claude.script(text(answer))
    conversation_id = str(uuid.uuid4())
    last = socket.ask(f"{question} {claude.marker}", conversation_id=conversation_id)[-1]
    assert last["type"] == "done", last
    return last


@pytest.mark.parametrize("embedded", [False, True], ids=["by word", "by vector, too"])
def test_message_is_found_in_another_conversation(
    socket: ChatSocket, claude: ClaudeScripts, traveller: Traveller, database: Database, embedded: bool
) -> None:
    """With its day, its speaker and its neighbours."""
    ask_in_new_conversation(socket, claude, PUMP, "That sounds like a long day.")
    if embedded:
        assert embed_user(database, MiniLmEmbedder(), traveller.id, Deadline(60)) == 2
    done = ask_in_new_conversation(socket, claude, "What did we say about the water pump?")
    context = newest_context(claude)
    memory = context[context.index("<memory>") : context.index("</memory>")]
    assert [f'"{line}"' for line in done["memory"]] == memory.splitlines()[1:]
    assert ", the traveller: The water pump failed on the road to Moab" in memory
    assert ", PAM: That sounds like a long day." in memory


def test_meaning_is_enough_once_it_is_embedded(
    socket: ChatSocket, claude: ClaudeScripts, traveller: Traveller, database: Database
) -> None:
    """A question that shares no word with what it asks for."""
    ask_in_new_conversation(socket, claude, "Our dog hates thunderstorms and hides under the dinette.")
    embed_user(database, MiniLmEmbedder(), traveller.id, Deadline(60))
    ask_in_new_conversation(socket, claude, "Which weather scares my puppy?")
    assert "hides under the dinette" in newest_context(claude)


def test_fast_answer_is_found_in_another_conversation(
    socket: ChatSocket, claude: ClaudeScripts, traveller: Traveller
) -> None:
    """Over both transports."""
    conversation_id = str(uuid.uuid4())
    body = {"text": "add $87.20 for propane", "conversation_id": conversation_id}
    assert traveller.http.post("/v1/ask", json=body).json()["tier"] <= 2
    assert socket.ask("spent $14.50 on laundry", conversation_id=conversation_id)[-1]["tier"] <= 2
    ask_in_new_conversation(socket, claude, "What did I add for propane and laundry?")
    assert "add $87.20 for propane" in newest_context(claude)
    assert "spent $14.50 on laundry" in newest_context(claude)


def test_messages_of_the_prompt_are_not_recalled(socket: ChatSocket, claude: ClaudeScripts) -> None:
    """The conversation's own history is in the prompt once."""
    conversation_id = ask_in_new_conversation(socket, claude, PUMP)["conversation_id"]
    claude.script(text("Yes."))
    socket.ask(f"What about the water pump? {claude.marker}", conversation_id=conversation_id)
    assert "<memory>" not in newest_context(claude)


def test_stranger_s_question_and_an_order_get_no_memory(
    socket: ChatSocket, claude: ClaudeScripts, traveller: Traveller, database: Database
) -> None:
    """A question about something else passes no gate; an order that needs nothing doesn't ask."""
    ask_in_new_conversation(socket, claude, PUMP)
    embed_user(database, MiniLmEmbedder(), traveller.id, Deadline(60))
    for question in ("How tall is the Eiffel tower?", "When did my sister marry?", "Post a note about the water pump"):
        ask_in_new_conversation(socket, claude, question)
        assert "<memory>" not in newest_context(claude)


def test_another_user_s_memory_is_never_found(
    connect_socket: Callable[[Traveller], ChatSocket],
    new_traveller: Callable[[], Traveller],
    claude: ClaudeScripts,
    database: Database,
) -> None:
    """Not even for the same words."""
    owner, other = new_traveller(), new_traveller()
    ask_in_new_conversation(connect_socket(owner), claude, PUMP)
    embed_user(database, MiniLmEmbedder(), owner.id, Deadline(60))
    ask_in_new_conversation(connect_socket(other), claude, "What did we say about the water pump?")
    assert "Shurflo" not in newest_context(claude)


@pytest.mark.parametrize("mode", ["503", "429", "slow"])
def test_memory_is_found_by_words_where_gemini_fails(
    stack: LocalStack, socket: ChatSocket, claude: ClaudeScripts, traveller: Traveller, database: Database, mode: str
) -> None:
    """The answer doesn't wait for a source that is down."""
    ask_in_new_conversation(socket, claude, PUMP)
    embed_user(database, MiniLmEmbedder(), traveller.id, Deadline(60))
    with httpx.Client(base_url=stack.gemini.url) as gemini:
        assert gemini.put("/_control", json={"mode": mode}).status_code == 204
        try:
            ask_in_new_conversation(socket, claude, "What did we say about the water pump?")
        finally:
            gemini.put("/_control", json={"mode": "ok"})
    assert "Shurflo" in newest_context(claude)


def test_turn_is_remembered_once_and_in_its_order(
    socket: ChatSocket, claude: ClaudeScripts, owner: psycopg.Connection, traveller: Traveller
) -> None:
    """The traveller's words without the context that the prompt adds, and the answer that they saw."""
    ask_in_new_conversation(socket, claude, PUMP, "Noted, the pump.")
    rows = owner.execute(
        "select role, content from exchanges where user_id = %s order by id", [traveller.id]
    ).fetchall()
    assert rows == [("user", f"{PUMP} {claude.marker}"), ("assistant", "Noted, the pump.")]
