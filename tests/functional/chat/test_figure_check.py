"""Figures of an answer that nothing covers, from the tool's result to the last frame."""

from tests.conftest import Traveller
from tests.functional.chat.chat_socket import ChatSocket
from tests.functional.chat.claude_scripts import READ, WRITE, WRITE_TEXT, ClaudeScripts, step, text


def test_unverified_figures_are_in_the_last_frame(
    socket: ChatSocket, claude: ClaudeScripts, traveller: Traveller
) -> None:
    """With their positions; the text is complete."""
    assert traveller.spends("85.20", "fuel").status_code == 201
    answer = "🚐 You've spent $85.20 on fuel, 12 mi ago, of the $300 that you have."
    claude.script(READ, step(text(answer)))
    done = socket.ask(f"I have 300 for fuel. How much of it is spent? {claude.marker}")[-1]
    start = answer.index("12 mi") + 1
    assert (done["type"], done["text"]) == ("done", answer)
    assert done["unverified"] == [{"start": start, "end": start + 5, "text": "12 mi"}]


def test_figures_of_the_answer_before_count_only_if_they_were_covered(
    socket: ChatSocket, claude: ClaudeScripts, traveller: Traveller
) -> None:
    """Those of its tools' results are evidence in the next turn, too."""
    assert traveller.spends("85.20", "fuel").status_code == 201
    claude.script(READ, step(text("You've spent $85.20, and $61.70 on tolls.")), condition=" first")
    claude.script(step(text("It was $85.20, and $61.70 on tolls.")), condition=" second")
    first = socket.ask(f"How much? {claude.marker} first")[-1]
    second = socket.ask(f"Again? {claude.marker} second", conversation_id=first["conversation_id"])[-1]
    assert [[each["text"] for each in done["unverified"]] for done in (first, second)] == [["$61.70"], ["$61.70"]]


def test_fast_answers_and_reports_of_writes_have_no_unverified_figures(
    socket: ChatSocket, claude: ClaudeScripts, traveller: Traveller
) -> None:
    """They are PAM's own words."""
    fast = socket.ask("add $45 for gas")[-1]
    claude.script(WRITE)
    report = socket.ask(f"Please note what I paid at the pump {claude.marker}")[-1]
    assert report["text"].startswith(WRITE_TEXT)
    assert fast["unverified"] == report["unverified"] == []
