"""The conversation from a socket's other end: real gateway, real functions, real Postgres; Claude stands in."""

import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

from local.stack import LocalStack
from tests.conftest import Traveller
from tests.functional.chat.conftest import Line, StandIn, step, text, use


def test_an_answer_comes_in_numbered_pieces_and_whole(line: Line, claude: StandIn) -> None:
    """ack, deltas, done: numbered from 1, the whole text equal to its pieces, with what it cost."""
    claude.says(text("The Needles district is quieter in November than the Island in the Sky."))
    frames = line.ask(f"Where is it quiet near Moab? {claude.word}")
    assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
    assert frames[0]["type"] == "ack"
    assert "".join(frame["text"] for frame in frames if frame["type"] == "delta") == frames[-1]["text"]
    done = frames[-1]
    assert done["text"] == "The Needles district is quieter in November than the Island in the Sky."
    assert (done["tier"], done["usage"]["model_calls"], done["truncated"]) == (3, 1, False)
    assert float(done["cost_usd"]) > 0


def test_a_quick_question_is_answered_in_place_and_the_model_knows_of_it(line: Line, claude: StandIn) -> None:
    """No model call for it; the next question's prompt tells what was answered."""
    frames = line.ask("How much did I spend on gas this month?")
    assert [frame["type"] for frame in frames] == ["ack", "done"]
    assert frames[-1]["tier"] == 1
    assert frames[-1]["intent"] == "spend_summary"
    claude.says(text("Nothing yet, as I said."))
    line.ask(f"And is that a lot? {claude.word}", conversation_id=frames[-1]["conversation_id"])
    newest = claude.asked()[-1]["body"]["messages"][-1]["content"][0]["text"]
    assert "How much did I spend on gas this month?" in newest


def test_an_expense_is_added_by_a_tool_and_told_by_a_template(
    line: Line, claude: StandIn, traveller: Traveller
) -> None:
    """One model call; the sentence is the tool's own; the undo works, once and again."""
    claude.says(use("create_expense", amount=45, category="fuel"))
    frames = line.ask(f"I just filled up for forty-five {claude.word}")
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


def test_tools_of_a_step_run_together_and_their_results_go_back_in_one_message(line: Line, claude: StandIn) -> None:
    """Two reads in one step, one message of results in the order of the calls, then the answer."""
    claude.says(
        step(
            text("Looking."),
            use("get_weather_forecast", place="Moab, Utah"),
            use("find_cheap_gas", place="Denver"),
        ),
        text("Here it is."),
    )
    frames = line.ask(f"Weather in Moab and gas in Denver {claude.word}")
    assert frames[-1]["type"] == "done", frames[-1]
    assert frames[-1]["text"] == "Looking.\n\nHere it is."
    assert any("Open-Meteo" in source for source in frames[-1]["sources"])
    results = claude.asked()[-1]["body"]["messages"][-1]["content"]
    assert [block["type"] for block in results] == ["tool_result", "tool_result"]
    assert frames[-1]["usage"]["model_calls"] == 2


def test_the_same_message_is_answered_once(
    line: Line, claude: StandIn, dial: Callable[[Traveller], Line], traveller: Traveller
) -> None:
    """Sent again, also over another socket, it brings the same frames and no further model call."""
    claude.says(text("Once only."))
    message_id = str(uuid.uuid4())
    first = line.ask(f"Say it once {claude.word}", message_id=message_id)
    again = dial(traveller).ask(f"Say it once {claude.word}", message_id=message_id)
    assert again == first
    assert len(claude.asked()) == 1


def test_what_others_see_waits_for_a_yes_to_exactly_this(line: Line, claude: StandIn) -> None:
    """Nothing is published before it; after it, once."""
    claude.says(use("create_post", content="Quiet site at Goblin Valley."))
    frames = line.ask(f"Post that Goblin Valley is quiet {claude.word}")
    asked = next(frame for frame in frames if frame["type"] == "confirm_request")
    assert frames[-1]["type"] == "done"
    line.send("confirm", confirmation_id=asked["confirmation_id"], decision="yes", digest="0" * 64)
    assert line.next()["code"] == "confirmation_mismatch"
    line.send("confirm", confirmation_id=asked["confirmation_id"], decision="yes", digest=asked["digest"])
    told = line.next()
    assert (told["type"], told["decision"], told["seq"]) == ("confirmed", "yes", frames[-1]["seq"] + 1)
    line.send("confirm", confirmation_id=asked["confirmation_id"], decision="yes", digest=asked["digest"])
    assert line.next() == told
    line.send("confirm", confirmation_id=asked["confirmation_id"], decision="no", digest=asked["digest"])
    assert line.next()["code"] == "confirmation_used"


def test_the_command_line_converses(stack: LocalStack, claude: StandIn) -> None:
    """`pam ask` prints the answer as it comes, tools aside, and what it rests on."""
    claude.says(step(text("Looking."), use("find_cheap_gas", place="Denver")), text("Here it is."))
    command = [Path(sys.executable).with_name("pam"), "ask", "--base-url", stack.url, f"Cheap in Denver? {claude.word}"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Looking.\n\nHere it is.\ntier 3 · Mapbox (simulated), EIA (simulated) · $")
    assert done.stderr.splitlines()[0].startswith("[running: ")
