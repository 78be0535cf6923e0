"""A refused question, whose turn isn't in later prompts."""

import uuid
from collections.abc import Iterator

import psycopg
import pytest

from local.stack import LocalStack
from tests.functional.chat.chat_user import ChatUser
from tests.functional.chat.claude_scripts import WRITE_TEXT, WRITE_WITH_MORE_TO_DO, step, text


@pytest.fixture
def user(stack: LocalStack) -> Iterator[ChatUser]:
    """A new user."""
    with psycopg.connect(stack.postgres.owner, autocommit=True) as owner, ChatUser(stack, owner) as user:
        yield user


def test_refusal_leaves_the_writes_and_notes_in_later_prompts(user: ChatUser) -> None:
    """The next request has neither the question nor the partial answer; the write is noted, and can be undone."""
    user.conversation_id = str(uuid.uuid4())
    fast = {"text": "How much did I spend on gas this month?", "conversation_id": user.conversation_id}
    assert user.http.post("/v1/ask", json=fast).json()["tier"] == 1
    user.claude.script(WRITE_WITH_MORE_TO_DO, step(text("Well, first of all"), stop_reason="refusal"))
    last = user.ask()[-1]
    assert last["code"] == "model_refused"
    assert len(user.rows("expenses")) == 1

    prompt = user.ask_follow_up()
    assert "What now?" not in prompt
    assert "Well, first" not in prompt
    assert f'for a question that isn\'t part of the conversation any more\\":[\\"{WRITE_TEXT}' in prompt
    assert "PAM answered by itself" in prompt

    (undo,) = last["undo"]
    assert user.http.delete(undo["href"]).status_code == 200
    assert all(row["undone_at"] for row in user.rows("expenses"))
