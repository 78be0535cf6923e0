"""Environments that nothing uses: they are ended, since all of them are in the memory of one machine."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from local.handles import FunctionHandle
from local.stack import LocalStack

IDLE_LIFETIME_S = 0.5


@pytest.fixture(scope="module")
def probe(app: Path) -> Iterator[FunctionHandle]:
    """A function that may have three environments, each of which is ended after half a second."""
    with (
        TemporaryDirectory(prefix="pam-") as state,
        LocalStack(Path(state), template=app / "template.yaml", idle_lifetime_s=IDLE_LIFETIME_S) as stack,
    ):
        yield stack.functions["probe"]


def wait_for_pids(function: FunctionHandle, count: int) -> list[int]:
    end = time.monotonic() + 20
    while len(function.pids) != count and time.monotonic() < end:
        time.sleep(0.02)
    pids = function.pids
    assert len(pids) == count
    return pids


def test_all_but_the_last_are_ended(probe: FunctionHandle) -> None:
    """The one that is left is the one that events used last, it stays, and it takes the next event."""
    probe.warm(3)
    used = {probe.invoke({"do": "pid"}).json()}
    before = set(probe.pids)
    assert set(wait_for_pids(probe, 1)) == used
    ended = [psutil.Process(pid) for pid in before - used if psutil.pid_exists(pid)]
    assert psutil.wait_procs(ended, timeout=20)[1] == []
    time.sleep(3 * IDLE_LIFETIME_S)
    assert set(probe.pids) == used == {probe.invoke({"do": "pid"}).json()}


def test_used_environment_is_kept(probe: FunctionHandle) -> None:
    """An environment that handles an event for longer than the lifetime isn't ended, and idle ones meanwhile are."""
    probe.warm(3)
    result = probe.invoke({"do": "pid", "seconds": 3 * IDLE_LIFETIME_S})
    assert result.function_error is None
    assert probe.pids == [result.json()]


def test_ended_environments_are_replaced(probe: FunctionHandle) -> None:
    """Simultaneous events start environments again, up to the limit."""
    wait_for_pids(probe, 1)
    with ThreadPoolExecutor(3) as pool:
        pids = set(pool.map(lambda _: probe.invoke({"do": "pid", "seconds": 0.3}).json(), range(6)))
    assert len(pids) == 3
