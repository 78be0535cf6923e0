"""Conversations through the real gateway, functions and Postgres, with a stand-in for Claude."""

import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

from local.stack import LocalStack
from tests.conftest import Traveller
from tests.functional.chat.chat_socket import ChatSocket
from tests.functional.chat.claude_scripts import (
    LONG_ANSWER,
    LONG_TEXT,
    POST,
    WRITE,
    WRITE_TEXT,
    ClaudeScripts,
    step,
    text,
    use,
)
from tests.functional.chat.frames import check_frames, decision_on


def test_answer_is_streamed_in_numbered_frames(socket: ChatSocket, claude: ClaudeScripts) -> None:
    """The frames are `ack`, deltas and `done`, which has the whole text, the usage and the cost."""
    claude.script(LONG_ANSWER)
    frames = check_frames(socket.ask(f"Where is it quiet near Moab? {claude.marker}"))
    done = frames[-1]
    assert done["text"] == LONG_TEXT
    assert (done["tier"], done["usage"]["model_calls"], done["truncated"]) == (3, 1, False)
    assert float(done["cost_usd"]) > 0


def test_fast_question_is_answered_without_a_model_call(socket: ChatSocket, claude: ClaudeScripts) -> None:
    """The next question's prompt has the question and its answer."""
    frames = socket.ask("How much did I spend on gas this month?")
    assert [frame["type"] for frame in frames] == ["ack", "done"]
    assert frames[-1]["tier"] == 1
    assert frames[-1]["intent"] == "spend_summary"
    claude.script(text("Nothing yet, as I said."))
    socket.ask(f"And is that a lot? {claude.marker}", conversation_id=frames[-1]["conversation_id"])
    newest = claude.requests()[-1]["body"]["messages"][-1]["content"][0]["text"]
    assert "How much did I spend on gas this month?" in newest


def test_write_is_reported_without_a_second_model_call(
    socket: ChatSocket, claude: ClaudeScripts, traveller: Traveller
) -> None:
    """The text is that of the tool; the undo may be repeated."""
    claude.script(WRITE)
    frames = socket.ask(f"I just filled up for forty-five {claude.marker}")
    done = frames[-1]
    assert done["type"] == "done"
    assert done["text"].startswith(WRITE_TEXT)
    assert done["usage"]["model_calls"] == 1
    assert [frame["state"] for frame in frames if frame["type"] == "tool"] == ["running", "done"]
    assert traveller.summary()["total"] == "45.00"
    for _ in range(2):
        undone = traveller.http.delete(done["undo"][0]["href"])
        assert undone.status_code == 200, undone.text
    assert traveller.summary()["total"] == "0.00"


def test_tools_of_a_step_return_their_results_in_one_message(socket: ChatSocket, claude: ClaudeScripts) -> None:
    """Two readers in one step need two model calls, and their sources are in `done`."""
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


def test_repeated_message_returns_the_same_frames(
    socket: ChatSocket, claude: ClaudeScripts, connect_socket: Callable[[Traveller], ChatSocket], traveller: Traveller
) -> None:
    """A message that is sent again over another connection causes no further model call."""
    claude.script(text("Once only."))
    message_id = str(uuid.uuid4())
    frames = socket.ask(f"Say it once {claude.marker}", message_id=message_id)
    repeated = connect_socket(traveller).ask(f"Say it once {claude.marker}", message_id=message_id)
    assert repeated == frames
    assert len(claude.requests()) == 1


def test_post_is_published_once_after_its_confirmation(socket: ChatSocket, claude: ClaudeScripts) -> None:
    """A wrong digest is rejected, a repeated yes returns the same outcome, and a later no is rejected."""
    claude.script(POST)
    frames = socket.ask(f"Post that Goblin Valley is quiet {claude.marker}")
    yes = decision_on(frames)
    assert frames[-1]["type"] == "done"
    socket.send("confirm", **(yes | {"digest": "0" * 64}))
    assert socket.receive()["code"] == "confirmation_mismatch"
    socket.send("confirm", **yes)
    outcome = socket.receive()
    assert (outcome["type"], outcome["decision"], outcome["seq"]) == ("confirmed", "yes", frames[-1]["seq"] + 1)
    socket.send("confirm", **yes)
    assert socket.receive() == outcome
    socket.send("confirm", **decision_on(frames, "no"))
    assert socket.receive()["code"] == "confirmation_used"


def test_command_line_prints_the_streamed_answer(stack: LocalStack, claude: ClaudeScripts) -> None:
    """`pam ask` prints text and sources to stdout, and tools to stderr."""
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
