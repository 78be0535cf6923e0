"""`python -m pam.memory.evaluate` measures a file of conversations as the product stores and recalls them."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.stack import LocalStack
from local.stand_ins.gemini.server import GEMINI_KEY
from pam.memory.evaluation_file import InvalidConversations, read_conversations

KEYS = [
    "sessions_r3", "sessions_r5", "sessions_r10", "messages_r10", "messages_r30", "delivered_400", "delivered_800",
    "paraphrase_r10", "gate_own", "gate_stranger",
]  # fmt: skip


def evaluate(file: Path, *options: str, status: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command; it has a server of its own."""
    command = [sys.executable, "-m", "pam.memory.evaluate", str(file), *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GEMINI_")} | variables
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert run.returncode == status, run.stderr
    return run


def conversation(name: str, sayings: list[str], questions: list[tuple[str, int, str]]) -> dict[str, Any]:
    """Return a conversation, each message a session of its own, with questions: text, evidence and answer."""
    return {
        "id": name,
        "messages": [
            {
                "id": number,
                "session": number,
                "role": "user",
                "at": f"2026-03-{number + 1:02}T09:00:00Z",
                "content": text,
            }
            for number, text in enumerate(sayings)
        ],
        "questions": [
            {"text": text, "kind": "information_extraction", "evidence": [evidence], "answer": answer}
            for text, evidence, answer in questions
        ],
    }


CONVERSATIONS = [
    conversation(
        "road",
        ["The water pump cost 94 dollars.", "Our dog hides under the dinette.", "We sleep above the river."]
        + ["Hm."] * 9,
        [("What did the water pump cost?", 0, "94 dollars"), ("Where does the puppy go?", 1, "under the dinette")],
    ),
    conversation(
        "work",
        ["The printer in the office jams every Monday.", "Payroll closes on the 25th."] + ["Yes."] * 9,
        [("When does payroll close?", 1, "on the 25th")],
    ),
]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_figures_are_those_of_the_file(tmp_path: Path, packed: bool) -> None:
    """What is asked for is found, what only its meaning tells too; a stranger's memory has nothing on it."""
    file = tmp_path / "conversations.jsonl"
    content = "".join(json.dumps(each) + "\n" for each in CONVERSATIONS).encode()
    file.write_bytes(gzip.compress(content) if packed else content)
    lines = evaluate(file, "--embedder", "minilm" if packed else "hash").stdout.splitlines()
    figures = json.loads(lines[-1])
    assert list(figures) == KEYS
    assert lines[1].split()[:2] == ["information_extraction", "3"]
    if packed:
        assert figures == dict.fromkeys(KEYS, 100.0) | {"gate_own": figures["gate_own"], "gate_stranger": 0.0}
        assert figures["gate_own"] > 60
    else:
        assert figures["messages_r30"] == 100


def test_gemini_embeds_with_the_key_of_the_environment(tmp_path: Path, stack: LocalStack) -> None:
    """Without one, a sentence says what is missing."""
    file = tmp_path / "conversations.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in CONVERSATIONS), encoding="utf-8-sig")
    assert evaluate(file, "--embedder", "gemini", status=2).stderr.splitlines() == [
        "--embedder gemini can't be used: GEMINI_API_KEY isn't set"
    ]
    parameters = stack.gemini.parameters
    run = evaluate(
        file,
        "--embedder",
        "gemini",
        GEMINI_API_KEY=GEMINI_KEY,
        GEMINI_BASE_URL=parameters["GeminiBaseUrl"],
        GEMINI_EMBEDDING_MODEL=parameters["GeminiEmbeddingModel"],
    )
    assert json.loads(run.stdout.splitlines()[-1])["messages_r10"] == 100


def test_file_that_can_not_be_read_is_an_error(tmp_path: Path) -> None:
    """With a sentence, and without a database."""
    run = evaluate(tmp_path / "none.jsonl", status=2)
    assert "can't be read" in run.stderr


def test_single_conversation_has_no_stranger(tmp_path: Path) -> None:
    """The figure is null, and not that of oneself."""
    file = tmp_path / "one.jsonl"
    file.write_text(json.dumps(CONVERSATIONS[0]))
    lines = evaluate(file, "--embedder", "hash").stdout.splitlines()
    assert json.loads(lines[-1])["gate_stranger"] is None
    assert lines[1].split()[1] == "2"
    assert lines[-2] == "gate as the product searches (nothing 0, words 1, meaning 1): own 50.0, strange -"


LINE = json.dumps(CONVERSATIONS[0])


def changed(**changes: Any) -> str:
    """Return a conversation with changes to its first message or question."""
    value = json.loads(LINE)
    for name, change in changes.items():
        (value["messages"] if name in value["messages"][0] else value["questions"])[0][name] = change
    return json.dumps(value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no conversation"),
        ("\n \n", "no conversation"),
        ("[1, 2]", "line 1"),
        (f"{LINE}\n5", "line 2"),
        (f"{LINE}\n{{", "line 2"),
        ("[" * 100_000, "line 1"),
        ('{"id": 1, "questions": []}', "messages"),
        ('{"id": 1, "messages": {}, "questions": 3}', "line 1"),
        (changed(text="  "), "questions.0.text"),
        (changed(content=None), "messages.0.content"),
        (changed(content="\ud800"), "messages.0.content"),
        (changed(at="yesterday"), "messages.0.at"),
        (changed(evidence=4), "questions.0.evidence"),
        (changed(id=1), "message 1 is there twice"),
        (f"{LINE}\n{LINE}", "conversation road is there twice"),
        (gzip.compress(LINE.encode())[:-12], "whole text file"),
        (b"\xff\xfe\x00", "whole text file"),
    ],
)
def test_file_of_another_format_is_an_error_that_says_where(tmp_path: Path, content: str | bytes, reason: str) -> None:
    """Before anything is stored."""
    file = tmp_path / "conversations.jsonl"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises((InvalidConversations, OSError)) as raised:
        read_conversations(file)
    assert reason in str(raised.value)


def test_command_reports_a_file_of_another_format(tmp_path: Path) -> None:
    """In one line, without a traceback."""
    file = tmp_path / "conversations.jsonl"
    file.write_text("[]")
    assert evaluate(file, status=2).stderr.splitlines() == [
        f"{file} can't be read: line 1: the line: Input should be a valid dictionary"
    ]
