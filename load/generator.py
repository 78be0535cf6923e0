"""Starts the travellers: Locust in a process and an environment of its own, since it replaces the standard library."""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from load.errors import LoadError
from load.plan import PlannedUser, as_json
from load.records import Records, read_records
from load.scenarios import Scenario
from local.processes import bind_to_parent
from local.stack import CHECKOUT

ANSWER_TIMEOUT_S = 90.0
"""How long a traveller waits for an answer: longer than PAM takes to declare a turn lost."""

PYTHON = CHECKOUT / ".load" / "bin" / "python"
_END_TIMEOUT_S = 6 * ANSWER_TIMEOUT_S


def run(
    base_url: str, plan: Sequence[PlannedUser], scenario: Scenario, on_start: Callable[[], None] = lambda: None
) -> Records:
    """Have all travellers send their messages; return what came back. `on_start` is called as the first one sets out.

    Raises `LoadError`.
    """
    if not PYTHON.is_file():
        raise LoadError("The environment of the load generator is missing: run `make load`.")
    with tempfile.TemporaryDirectory(prefix="pam-load-") as directory:
        file, records = Path(directory) / "plan.json", Path(directory) / "records.jsonl"
        file.write_text(json.dumps({"base_url": base_url, "timeout_s": ANSWER_TIMEOUT_S, "users": as_json(plan)}))
        records.touch()
        command = bind_to_parent([str(PYTHON), "-m", "load.locustfile", str(file), str(records)])
        process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        with process:
            if process.stdout.readline() != "started\n":
                raise LoadError("The load generator doesn't start.")
            on_start()
            began = time.monotonic()
            try:
                process.wait(scenario.seconds + scenario.arrival_s + _END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise LoadError(f"The load has no end after {time.monotonic() - began:.0f} s.") from None
            if process.returncode:
                raise LoadError(f"The load generator ended with {process.returncode}.")
        return read_records(records)
