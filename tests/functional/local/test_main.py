import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from local.sockets import listen

MAIN = "import sys; from pathlib import Path; from local.__main__ import main; sys.exit(main(Path(sys.argv.pop(1))))"
IGNORING = ["sh", "-c", 'trap "" INT HUP; exec "$@"', "sh"]
"""Runs a command with the signals ignored that a shell's background job under `nohup` ignores."""


@contextmanager
def running(command: list[str], ending: signal.Signals) -> Iterator[subprocess.Popen[str]]:
    """A process that gets the signal at the end, and then has to exit with 0 within 30 s."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(ending)
            try:
                status = process.wait(30)
            finally:
                process.kill()
        assert status == 0


def lines_until(process: subprocess.Popen[str], wanted: str) -> list[str]:
    """The lines that the process prints, up to the one that contains `wanted`."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.strip())
        if wanted in line:
            return lines
    raise AssertionError(lines)


def test_url_is_printed_before_progress(state_dir: Path) -> None:
    """`python -m local` takes another port if its own is taken, prints its URL first, then each part that is up.

    It runs on when the signals come that it ignores under `nohup`, and ends at SIGTERM. A second one with the same
    state directory is refused.
    """
    note = state_dir / "stack.json"
    with listen() as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-c", MAIN, str(state_dir), "--port", str(port)]
        with running([*IGNORING, *command], signal.SIGTERM) as process:
            lines = lines_until(process, "PAM is at ")
            assert lines[0] == f"Port {port} can't be used: Address already in use. Taking another one."
            url = lines[-1].split()[3]
            assert json.loads(note.read_text(encoding="utf-8")) == {"url": url, "pid": process.pid}
            assert httpx.get(url, trust_env=False).status_code == 200

            second = subprocess.run([*command[:4], "--port", "0"], capture_output=True, text=True, timeout=60)
            assert second.returncode == 1
            assert "Another PAM is running" in second.stderr
            assert note.exists()

            process.send_signal(signal.SIGHUP)
            lines = lines_until(process, "Function ")
            for part in ("Postgres", "Template", "API", "Stand-in for Claude"):
                assert any(line.endswith(f" s  {part}") for line in lines), part
            assert any("Demo traveller: a year on the road" in line for line in lines)
            assert "GET / 200 " in " ".join(lines)

            assert httpx.get(f"{url}/x%0APOST%20/v1/expenses%20201%20", trust_env=False).status_code == 404
            line = lines_until(process, "404")[-1]
            assert line.startswith("GET /x%0APOST%20/v1/expenses%20201%20 404 ")
    assert not note.exists()


def test_interrupt_ends_an_unfinished_start(state_dir: Path) -> None:
    """SIGINT ends an unfinished start within seconds, even if it is ignored on entry."""
    command = [*IGNORING, sys.executable, "-c", MAIN, str(state_dir), "--port", "0"]
    with running(command, signal.SIGINT) as process:
        lines_until(process, "PAM is at ")
        ended = time.monotonic()
    assert time.monotonic() - ended < 20
    assert not (state_dir / "stack.json").exists()
