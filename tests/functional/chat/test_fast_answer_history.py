"""Fast answers are part of the conversation's history, with their figures, whichever transport was used."""

import uuid

import pytest

from tests.conftest import Traveller
from tests.functional.chat.chat_socket import ChatSocket
from tests.functional.chat.claude_scripts import ClaudeScripts, text


def prompt_of(claude: ClaudeScripts) -> str:
    """Return the context of the newest question that Claude was sent."""
    newest: str = claude.requests()[-1]["body"]["messages"][-1]["content"][0]["text"]
    return newest


@pytest.mark.parametrize("transport", ["http", "websocket"])
def test_fast_answer_is_in_the_next_prompt_with_its_figures(
    traveller: Traveller, socket: ChatSocket, claude: ClaudeScripts, transport: str
) -> None:
    """The follow-up \"and last month?\" reaches Claude with the question before it and the answer's figures."""
    traveller.spends("61.37")
    conversation_id, question = str(uuid.uuid4()), "How much did I spend on gas this month?"
    if transport == "http":
        body = {"text": question, "conversation_id": conversation_id}
        assert traveller.http.post("/v1/ask", json=body).json()["tier"] == 1
    else:
        assert socket.ask(question, conversation_id=conversation_id)[-1]["tier"] == 1
    claude.script(text("Nothing was recorded last month."))
    socket.ask(f"And last month? {claude.marker}", conversation_id=conversation_id)
    prompt = prompt_of(claude)
    assert question in prompt
    assert "You've spent $61.37 on fuel" in prompt
    assert '"total":"61.37"' in prompt and '"period":"this_month"' in prompt


@pytest.mark.parametrize("transport", ["http", "websocket"])
def test_question_back_has_choices_and_is_in_the_next_prompt(
    traveller: Traveller, socket: ChatSocket, claude: ClaudeScripts, transport: str
) -> None:
    """An ambiguous place is asked back with complete questions, and Claude knows what was asked."""
    conversation_id, question = str(uuid.uuid4()), "Will it rain in Springfield tonight?"
    if transport == "http":
        reply = traveller.http.post("/v1/ask", json={"text": question, "conversation_id": conversation_id})
        asked = reply.json()
    else:
        asked = socket.ask(question, conversation_id=conversation_id)[-1]
        assert asked["type"] == "error"
    assert asked["code"] == "ambiguous_place"
    places = [choice["text"] for choice in asked["choices"]]
    assert [choice["value"] for choice in asked["choices"]] == [f"Will it rain in {name} tonight?" for name in places]
    claude.script(text("The one in Missouri, then."))
    socket.ask(f"The one in Missouri {claude.marker}", conversation_id=conversation_id)
    prompt = prompt_of(claude)
    assert question in prompt and "PAM asked back by itself: Which “springfield” do you mean" in prompt


def test_question_left_to_chat_is_not_noted(traveller: Traveller, socket: ChatSocket, claude: ClaudeScripts) -> None:
    """A question that no fast answer is sure of reaches Claude once, as the question itself."""
    conversation_id = str(uuid.uuid4())
    body = {"text": f"Is that a lot? {claude.marker}", "conversation_id": conversation_id}
    assert traveller.http.post("/v1/ask", json=body).json()["tier"] == 3
    claude.script(text("It depends."))
    socket.ask(body["text"], conversation_id=conversation_id)
    assert "PAM answered by itself" not in prompt_of(claude)


def test_fast_answer_over_http_is_given_without_a_conversation(traveller: Traveller) -> None:
    """The conversation is optional, and must be a UUID."""
    question = {"text": "How much did I spend on gas this month?"}
    assert traveller.http.post("/v1/ask", json=question).status_code == 200
    refused = traveller.http.post("/v1/ask", json=question | {"conversation_id": "mine"})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")


def test_correction_after_claudes_answer_is_left_to_claude(
    traveller: Traveller, socket: ChatSocket, claude: ClaudeScripts
) -> None:
    """It may be about that answer: an earlier expense stays as it is."""
    conversation_id = str(uuid.uuid4())
    assert socket.ask("spent $60 on propane", conversation_id=conversation_id)[-1]["intent"] == "add_expense"
    assert socket.ask("make that $61", conversation_id=conversation_id)[-1]["intent"] == "correct_expense"
    claude.script(text("A site costs $40."))
    assert socket.ask(f"What is a site? {claude.marker}", conversation_id=conversation_id)[-1]["tier"] == 3
    assert socket.ask("make that $20", conversation_id=conversation_id)[-1]["tier"] == 3
    (expense,) = traveller.http.get("/v1/expenses").json()["expenses"]
    assert expense["amount"] == "61.00"


def test_undone_write_is_in_the_next_prompt_once(
    traveller: Traveller, socket: ChatSocket, claude: ClaudeScripts
) -> None:
    """Claude was told of the write, and must not count on it."""
    conversation_id = str(uuid.uuid4())
    done = socket.ask("spent $60 on propane", conversation_id=conversation_id)[-1]
    claude.script(text("Noted."), text("Less."), text("Well."))
    socket.ask(f"Is that much? {claude.marker}", conversation_id=conversation_id)
    assert "<undone>" not in prompt_of(claude)
    undo = done["answer"]["undo"]["href"]
    assert traveller.http.delete(undo).status_code == 200
    socket.ask(f"And now? {claude.marker}", conversation_id=conversation_id)
    prompt = prompt_of(claude)
    assert "Added $60.00 for propane" in prompt[prompt.index("<undone>") : prompt.index("</undone>")]
    socket.ask(f"And then? {claude.marker}", conversation_id=conversation_id)
    assert "<undone>" not in prompt_of(claude)
