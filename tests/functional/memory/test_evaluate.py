"""`python -m pam.memory.evaluate` measures a file of conversations as the product stores and recalls them."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

KEYS = [
    "sessions_r3", "sessions_r5", "sessions_r10", "messages_r10", "messages_r30", "delivered_400", "delivered_800",
    "paraphrase_r10", "gate_own", "gate_stranger",
]  # fmt: skip


def evaluate(file: Path, *options: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command; it has a server of its own."""
    command = [sys.executable, "-m", "pam.memory.evaluate", str(file), *options]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
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


def test_file_that_can_not_be_read_is_an_error(tmp_path: Path) -> None:
    """With a sentence, and without a database."""
    run = evaluate(tmp_path / "none.jsonl", status=2)
    assert "can't be read" in run.stderr
