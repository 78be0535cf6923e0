"""The context that a user's own data gives to a question."""

import json

import psycopg

from tests.conftest import Traveller
from tests.functional.chat.chat_socket import ChatSocket
from tests.functional.chat.claude_scripts import SHORT_ANSWER, ClaudeScripts


def test_prompt_has_profile_budgets_and_notes(
    socket: ChatSocket, claude: ClaudeScripts, traveller: Traveller, owner: psycopg.Connection
) -> None:
    """The profile is in the system prompt; budgets and earlier fast answers are in the question's message."""
    assert traveller.spends("85.00", "fuel").status_code == 201
    assert traveller.spends("60.00", "groceries").status_code == 201
    for category, limit in (("fuel", 100), ("groceries", 50), ("camping", 300)):
        owner.execute(
            "insert into budgets (user_id, category, monthly_limit, currency) values (%s, %s, %s, 'USD')",
            (traveller.id, category, limit),
        )
    fast = socket.ask("How much did I spend on gas this month?")
    claude.script(SHORT_ANSWER)
    socket.ask(f"What now? {claude.marker}", conversation_id=fast[0]["conversation_id"])
    (request,) = claude.requests()
    profile = request["body"]["system"][1]["text"]
    assert profile.startswith('<traveller>\n"Currency: USD"\n"Units: imperial')
    context = request["body"]["messages"][-1]["content"][0]["text"]
    facts, notes = context.split("<facts>\n")[1].split("\n</facts>\n<notes>\n")
    assert [json.loads(line) for line in facts.splitlines()] == [
        "Budgets of this month so far (Your expenses in PAM):",
        "- camping: $0.00 of $300.00, $300.00 left",
        "- fuel: $85.00 of $100.00, $15.00 left, close to its limit",
        "- groceries: $60.00 of $50.00, over by $10.00",
    ]
    note = json.loads(notes.removesuffix("\n</notes>\n</context>"))
    assert note["The traveller asked"] == "How much did I spend on gas this month?"
    assert note["PAM answered by itself"].startswith("You've spent $85.00 on fuel")
