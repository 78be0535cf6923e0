"""The conversation from a socket's other end: real gateway, real functions, real Postgres; Claude stands in."""

import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

from local.stack import LocalStack
from tests.conftest import Traveller
from tests.functional.chat.conftest import ChatSocket, ClaudeScripts, step, text, use


def test_an_answer_comes_in_numbered_pieces_and_whole(socket: ChatSocket, claude: ClaudeScripts) -> None:
    """ack, deltas, done: numbered from 1, the whole text equal to its pieces, with what it cost."""
    claude.script(text("The Needles district is quieter in November than the Island in the Sky."))
    frames = socket.ask(f"Where is it quiet near Moab? {claude.marker}")
    assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
    assert frames[0]["type"] == "ack"
    assert "".join(frame["text"] for frame in frames if frame["type"] == "delta") == frames[-1]["text"]
    done = frames[-1]
    assert done["text"] == "The Needles district is quieter in November than the Island in the Sky."
    assert (done["tier"], done["usage"]["model_calls"], done["truncated"]) == (3, 1, False)
    assert float(done["cost_usd"]) > 0


def test_a_quick_question_is_answered_in_place_and_the_model_knows_of_it(
    socket: ChatSocket, claude: ClaudeScripts
) -> None:
    """No model call for it; the next question's prompt tells what was answered."""
    frames = socket.ask("How much did I spend on gas this month?")
    assert [frame["type"] for frame in frames] == ["ack", "done"]
    assert frames[-1]["tier"] == 1
    assert frames[-1]["intent"] == "spend_summary"
    claude.script(text("Nothing yet, as I said."))
    socket.ask(f"And is that a lot? {claude.marker}", conversation_id=frames[-1]["conversation_id"])
    newest = claude.requests()[-1]["body"]["messages"][-1]["content"][0]["text"]
    assert "How much did I spend on gas this month?" in newest


def test_an_expense_is_added_by_a_tool_and_told_by_a_template(
    socket: ChatSocket, claude: ClaudeScripts, traveller: Traveller
) -> None:
    """One model call; the sentence is the tool's own; the undo works, once and again."""
    claude.script(use("create_expense", amount=45, category="fuel"))
    frames = socket.ask(f"I just filled up for forty-five {claude.marker}")
    done = frames[-1]
    assert done["type"] == "done"
    assert done["text"].startswith("Added $45.00 for fuel.")
    assert done["usage"]["model_calls"] == 1
    lines = [frame for frame in frames if frame["type"] == "tool"]
    assert [each["state"] for each in lines] == ["running", "done"]
    assert traveller.summary()["total"] == "45.00"
    for _ in range(2):
        undone = traveller.http.delete(done["undo"][0]["href"])
        assert undone.status_code == 200, undone.text
    assert traveller.summary()["total"] == "0.00"


def test_tools_of_a_step_run_together_and_their_results_go_back_in_one_message(
    socket: ChatSocket, claude: ClaudeScripts
) -> None:
    """Two reads in one step, one message of results in the order of the calls, then the answer."""
    claude.script(
        step(
            text("Looking."),
            use("get_weather_forecast", place="Moab, Utah"),
            use("find_cheap_gas", place="Denver"),
        ),
        text("Here it is."),
    )
    frames = socket.ask(f"Weather in Moab and gas in Denver {claude.marker}")
    assert frames[-1]["type"] == "done", frames[-1]
    assert frames[-1]["text"] == "Looking.\n\nHere it is."
    assert any("Open-Meteo" in source for source in frames[-1]["sources"])
    results = claude.requests()[-1]["body"]["messages"][-1]["content"]
    assert [block["type"] for block in results] == ["tool_result", "tool_result"]
    assert frames[-1]["usage"]["model_calls"] == 2


def test_the_same_message_is_answered_once(
    socket: ChatSocket, claude: ClaudeScripts, connect_socket: Callable[[Traveller], ChatSocket], traveller: Traveller
) -> None:
    """Sent again, also over another socket, it brings the same frames and no further model call."""
    claude.script(text("Once only."))
    message_id = str(uuid.uuid4())
    first = socket.ask(f"Say it once {claude.marker}", message_id=message_id)
    again = connect_socket(traveller).ask(f"Say it once {claude.marker}", message_id=message_id)
    assert again == first
    assert len(claude.requests()) == 1


def test_what_others_see_waits_for_a_yes_to_exactly_this(socket: ChatSocket, claude: ClaudeScripts) -> None:
    """Nothing is published before it; after it, once."""
    claude.script(use("create_post", content="Quiet site at Goblin Valley."))
    frames = socket.ask(f"Post that Goblin Valley is quiet {claude.marker}")
    asked = next(frame for frame in frames if frame["type"] == "confirm_request")
    assert frames[-1]["type"] == "done"
    socket.send("confirm", confirmation_id=asked["confirmation_id"], decision="yes", digest="0" * 64)
    assert socket.next()["code"] == "confirmation_mismatch"
    socket.send("confirm", confirmation_id=asked["confirmation_id"], decision="yes", digest=asked["digest"])
    told = socket.next()
    assert (told["type"], told["decision"], told["seq"]) == ("confirmed", "yes", frames[-1]["seq"] + 1)
    socket.send("confirm", confirmation_id=asked["confirmation_id"], decision="yes", digest=asked["digest"])
    assert socket.next() == told
    socket.send("confirm", confirmation_id=asked["confirmation_id"], decision="no", digest=asked["digest"])
    assert socket.next()["code"] == "confirmation_used"


def test_the_command_line_converses(stack: LocalStack, claude: ClaudeScripts) -> None:
    """`pam ask` prints the answer as it comes, tools aside, and what it rests on."""
    claude.script(step(text("Looking."), use("find_cheap_gas", place="Denver")), text("Here it is."))
    command = [
        Path(sys.executable).with_name("pam"),
        "ask",
        "--base-url",
        stack.url,
        f"Cheap in Denver? {claude.marker}",
    ]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Looking.\n\nHere it is.\ntier 3 · Mapbox (simulated), EIA (simulated) · $")
    assert done.stderr.splitlines()[0].startswith("[running: ")
