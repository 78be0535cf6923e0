"""The search of the suite's logs finds what must not be in them."""

import json
from pathlib import Path

import pytest

from tests.log_hygiene import find_leaks

TEXT = "We sleep at the river, near “Moab” tonight"
TOKEN = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImV4YW1wbGUifQ.e30.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "line",
    [
        json.dumps({"message": "question", "text": TEXT}),
        json.dumps({"message": "question", "nested": [{"deep": f"x {TEXT} y"}]}),
        json.dumps({TEXT: 1}),
        f"plain line: {TEXT}",
        json.dumps({"header": TOKEN}),
        f"GET /?ticket={'a' * 43}",
        json.dumps({"password": "p4ssw0rd-of-the-app"}),
    ],
)
def test_planted_leak_is_found(tmp_path: Path, line: str) -> None:
    """As a value, as a name, within others, escaped as JSON, or in a line that isn't JSON."""
    log = tmp_path / "chat.log"
    log.write_text(f'{{"message": "fine"}}\n{line}\n')
    assert len(find_leaks([log], ["p4ssw0rd-of-the-app"], [TEXT])) >= 1


def test_usual_lines_are_no_leak(tmp_path: Path) -> None:
    """Ids, metrics and stacks."""
    log = tmp_path / "chat.log"
    line = {"message": "source error", "correlation_id": "5f0c7f2a-8f43-4d0b-9b1c-2a3b4c5d6e7f", "kind": "slow"}
    log.write_text(f"START RequestId: 1\n{json.dumps(line)}\n")
    assert find_leaks([log], ["p4ssw0rd-of-the-app"], [TEXT]) == []
