import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psycopg
import pytest

from local.sockets import listen
from local.stack import LocalStack, PortTakenError, StackError
from local.stand_ins.postgres import Postgres

HOLD = """
import json, signal, sys, time
from pathlib import Path
from local.stack import LocalStack
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored on entry where the tests run in the background
with LocalStack(Path(sys.argv[1]), template=Path(sys.argv[2])) as stack:
    probe = stack.functions["probe"]
    grandchild = probe.invoke({"do": "child"}).json()
    forked = stack.functions["hooks"]
    forked.warm(2)
    pids = probe.pids + forked.pids
    print(json.dumps({"url": stack.url, "pids": pids, "grandchild": grandchild}), flush=True)
    time.sleep(300)
"""


def until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether the condition comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def alive(pid: int) -> bool:
    """Whether a process runs: a zombie doesn't."""
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False


def descendants(pid: int) -> list[int]:
    """The processes below `pid`, by Linux's list of children."""
    text = Path(f"/proc/{pid}/task").iterdir()
    children = [int(child) for task in text for child in (task / "children").read_text().split()]
    return [found for child in children for found in (child, *descendants(child))]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_all_processes_end_with_the_stack(used_state_dir: Path, app: Path, ending: signal.Signals) -> None:
    """If the stack's process is killed or interrupted, all processes that it started end."""
    command = [sys.executable, "-c", HOLD, str(used_state_dir), str(app / "template.yaml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            held = json.loads(process.stdout.readline())
            started = [pid for pid in descendants(process.pid) if pid != held["grandchild"]]
            assert set(held["pids"]) < set(started)
            assert len(started) > 3  # environments, stand-ins, Postgres and its workers
        finally:
            process.send_signal(ending)
            process.wait(60)
    assert until(lambda: not any(map(alive, started))), [pid for pid in started if alive(pid)]
    if ending is signal.SIGKILL and alive(held["grandchild"]):
        os.kill(held["grandchild"], signal.SIGKILL)  # not bound to the stack's process: a handler has started it


def test_stack_starts_after_a_kill(used_state_dir: Path, app: Path) -> None:
    """A stack starts in the state directory of a killed one, with its database."""
    command = [sys.executable, "-c", HOLD, str(used_state_dir), str(app / "template.yaml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        held = json.loads(process.stdout.readline())
        process.kill()
    with LocalStack(used_state_dir, template=app / "template.yaml") as stack:
        with psycopg.connect(stack.postgres.owner) as connection:
            assert connection.info.dbname == "pam"
        assert stack.functions["probe"].invoke({"do": "size", "text": ""}).json() == 0
    if alive(held["grandchild"]):
        os.kill(held["grandchild"], signal.SIGKILL)


def test_missing_locale_is_no_problem(state_dir: Path, app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the locale of the machine isn't installed, the database still handles letters beyond ASCII."""
    monkeypatch.setenv("LANG", "xx_XX.UTF-8")
    with LocalStack(state_dir, template=app / "template.yaml") as stack, psycopg.connect(stack.postgres.owner) as owner:
        assert owner.execute("select lower('É')").fetchone() == ("é",)


def test_second_stack_in_the_same_directory_is_refused(used_state_dir: Path, app: Path) -> None:
    """A second stack with the same state directory is refused, and the first runs on."""
    with LocalStack(used_state_dir, template=app / "template.yaml") as stack:
        with pytest.raises(StackError, match="Another PAM is running"):
            LocalStack(used_state_dir, template=app / "template.yaml").__enter__()
        assert httpx.get(f"{stack.url}/config.json", trust_env=False).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{stack.url}/config.json", trust_env=False)


def test_two_stacks_run_side_by_side(stack: LocalStack, used_state_dir: Path, app: Path) -> None:
    """Two stacks run side by side, and neither accepts the other's tokens."""
    with LocalStack(used_state_dir, template=app / "template.yaml") as other:
        for url, token, status in (
            (stack.url, stack.token(), 200),
            (other.url, other.token(), 200),
            (stack.url, other.token(), 401),
        ):
            headers = {"authorization": f"Bearer {token}"}
            response = httpx.get(f"{url}/echo/static", headers=headers, timeout=30, trust_env=False)
            assert response.status_code == status


def test_port_in_use_is_an_error(state_dir: Path, app: Path) -> None:
    """A port in use is an error that names it, and starts nothing."""
    with listen() as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"Port {port} can't be used"):
            LocalStack(state_dir, template=app / "template.yaml", port=port).__enter__()
    assert not (state_dir / "postgres").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's table of sockets")
def test_servers_listen_on_loopback_only(stack: LocalStack) -> None:
    """The API, the issuer and the AWS endpoint listen on 127.0.0.1, and on no other address of the machine."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    for url in (stack.url, stack.aws_endpoint):
        port = int(url.rpartition(":")[2])
        local = [row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")]
        assert local == [f"0100007F:{port:04X}"]


def test_failed_start_stops_all_parts(state_dir: Path, app: Path) -> None:
    """A start that fails half way raises its cause, and stops what it has started."""
    queue = "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: '?'}}}"
    (state_dir / "template.yaml").write_text(queue, encoding="utf-8")
    with pytest.raises(Exception, match=r"QueueName|queue name|alphanumeric") as caught:
        LocalStack(state_dir / "state", template=state_dir / "template.yaml").__enter__()
    assert not isinstance(caught.value, ExceptionGroup)
    assert until(lambda: not (state_dir / "state" / "postgres" / "postmaster.pid").exists())


def test_database_is_stopped_and_started(stack: LocalStack) -> None:
    """Postgres can be stopped and started again under a running stack, without loss of data."""
    with psycopg.connect(stack.postgres.owner) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    stack.postgres.stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(stack.postgres.owner)
    stack.postgres.start()
    with psycopg.connect(stack.postgres.owner) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")


async def _prepare(postgres: Postgres) -> None:
    try:
        await postgres.prepare()
    finally:
        await postgres.close()


def test_database_url_is_used_unchanged(stack: LocalStack, tmp_path: Path) -> None:
    """A Postgres in DATABASE_URL is used: no server is started or stopped."""
    postgres = Postgres(tmp_path, tmp_path / "migrations", stack.postgres.owner)
    asyncio.run(_prepare(postgres))
    assert list(tmp_path.iterdir()) == []
    assert (postgres.app["dbname"], postgres.app["username"]) == ("pam", "pam_app")
    psycopg.connect(stack.postgres.owner).close()
