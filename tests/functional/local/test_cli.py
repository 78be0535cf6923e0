import json
import subprocess
import sys
from pathlib import Path

from local.stack import LocalStack

PAM = Path(sys.executable).with_name("pam")


def ask(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PAM, "ask", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )


def test_answer_is_printed_with_its_facts(stack: LocalStack) -> None:
    """An answer is printed as its text, then a line with tier, source, age and time."""
    done = ask("--base-url", stack.url, "How much?")
    assert done.returncode == 0, done.stderr
    text, facts = done.stdout.splitlines()
    assert text == "You spent $12.00."
    assert facts.startswith("tier 1 · your expenses · as of 2026-11-22T10:00:00Z · ")
    assert facts.endswith(" ms")


def test_json_option_prints_the_response_body(stack: LocalStack) -> None:
    """`--json` prints the response body as one line; each question has its own Idempotency-Key."""
    bodies = [json.loads(ask("--json", "--base-url", stack.url, "How much?").stdout) for _ in range(2)]
    assert bodies[0]["answer"]["zone"]
    assert bodies[0]["answer"]["key"] != bodies[1]["answer"]["key"]


def test_missing_chat_api_is_unreachable(stack: LocalStack) -> None:
    """A question for tier 3 exits with 3 if no ticket is issued."""
    done = ask("--base-url", stack.url, "talk")
    assert done.returncode == 3
    assert "ws-ticket" in done.stderr


def test_error_response_is_printed(stack: LocalStack) -> None:
    """An error response is printed as its message, with exit code 1."""
    done = ask("--base-url", stack.url, "refuse")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "That can't be asked.\n")


def test_choices_of_a_question_back_are_listed(stack: LocalStack) -> None:
    """A question back is followed by the commands that ask about one of its places."""
    done = ask("--base-url", stack.url, "which")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "Which “Springfield” do you mean?",
        "  pam ask 'weather in Springfield, Ohio'",
        "  pam ask 'weather in Springfield, Utah'",
    ]


def test_unreachable_stack_is_reported() -> None:
    """If PAM isn't reachable, the command explains how to start it and exits with 3."""
    done = ask("--base-url", "http://127.0.0.1:9", "How much?")
    assert done.returncode == 3
    assert "make run" in done.stderr


def test_wrong_usage_exits_with_2() -> None:
    """Wrong usage exits with 2."""
    assert ask().returncode == 2
    assert ask("--nonsense", "x").returncode == 2
