"""What the local stack does when one of its processes crashes, the disk is full, or a client lies about the host."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import gettempdir

import boto3
import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from local.lambda_runtime.function_log import FunctionLog
from local.stack import LocalStack
from tests.functional.local.test_main import MAIN, running


def until(condition: Callable[[], bool], seconds: float = 60) -> bool:
    """Whether the condition comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def child_of(module: str) -> int:
    """The process id of this process's child that runs a module."""
    text = "".join((task / "children").read_text() for task in Path("/proc/self/task").iterdir())
    return next(pid for pid in map(int, text.split()) if module in command_of(pid))


def command_of(pid: int) -> str:
    """The command line of a process, empty where it has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def created_stores(stack: LocalStack) -> list[str]:
    """The template's tables and secrets that the endpoint has."""
    session = boto3.Session("local", "local", region_name="us-east-1")
    dynamodb, secrets = (
        session.client(name, endpoint_url=stack.aws_endpoint) for name in ("dynamodb", "secretsmanager")
    )
    found = []
    for store in stack.template.stores:
        try:
            if store.type == "AWS::DynamoDB::Table":
                keys = [each["AttributeName"] for each in store.properties["KeySchema"]]
                dynamodb.get_item(TableName=store.name, Key={name: {"S": "x"} for name in keys})
            elif store.type == "AWS::SecretsManager::Secret":
                secrets.get_secret_value(SecretId=store.name)
            else:
                continue
        except (dynamodb.exceptions.ResourceNotFoundException, secrets.exceptions.ResourceNotFoundException):
            continue
        found.append(store.name)
    return found


def test_crashed_aws_endpoint_is_started_again(used_state_dir: Path, app: Path) -> None:
    """At the same address and with its stores and secrets; what was written to them is lost."""
    with LocalStack(used_state_dir, template=app / "template.yaml") as stack:
        before = created_stores(stack)
        crashed = child_of("local.stand_ins.aws")
        os.kill(crashed, signal.SIGKILL)
        assert until(lambda: created_stores(stack) == before)
        assert len(before) > 1
        assert child_of("local.stand_ins.aws") != crashed


def test_crashed_postgres_is_started_again(used_state_dir: Path, app: Path) -> None:
    """With its data; one that was stopped stays stopped until it is started."""

    def answers() -> bool:
        try:
            with psycopg.connect(stack.postgres.owner, connect_timeout=2) as connection:
                return connection.execute("select 1 from kept").fetchone() is not None
        except psycopg.OperationalError:
            return False

    with LocalStack(used_state_dir, template=app / "template.yaml") as stack:
        with psycopg.connect(stack.postgres.owner) as connection:
            connection.execute("create table if not exists kept as select 1")
        for _ in range(2):
            os.kill(child_of("postgres"), signal.SIGKILL)
            assert until(answers)
        stack.postgres.stop()
        time.sleep(1)
        assert not answers()
        stack.postgres.start()
        assert answers()


def test_postgres_requires_the_password_of_the_apps_role(stack: LocalStack) -> None:
    """A wrong or missing password is refused for every role but the owner, whom only the stack's own user may be."""
    with psycopg.connect(stack.postgres.owner, autocommit=True) as owner:
        owner.execute("create role passenger login password 'right'")
        try:
            given = {"user": "passenger", "password": "right"}
            psycopg.connect(make_conninfo(stack.postgres.owner, **given)).close()
            for password in ("wrong", "", "right "):
                with pytest.raises(psycopg.OperationalError):
                    psycopg.connect(make_conninfo(stack.postgres.owner, user="passenger", password=password)).close()
        finally:
            owner.execute("drop role passenger")


HOSTS = [
    "pam.example",
    "127.0.0.1.example:8123",
    "127.0.0.1@pam.example",
    "169.254.169.254",
    "[::1].example",
    "x" * 300,
]


@pytest.mark.parametrize("host", HOSTS)
def test_request_to_another_host_is_refused(stack: LocalStack, http: httpx.Client, host: str) -> None:
    """A page of another host, whose name resolves to 127.0.0.1, gets no token and reads neither data nor secrets."""
    form = {"grant_type": "client_credentials", "client_id": "pam-web"}
    refused = [
        http.post("/local/issuer/token", data=form, headers={"host": host}),
        http.get("/local/issuer/.well-known/openid-configuration", headers={"host": host}),
        http.get("/", headers={"host": host}),
        httpx.post(stack.aws_endpoint, headers={"host": host}, trust_env=False),
    ]
    assert {response.status_code for response in refused} == {400}
    own = stack.url.removeprefix("http://").replace("127.0.0.1", "localhost")
    for accepted in (own, "127.0.0.1"):
        assert http.post("/local/issuer/token", data=form, headers={"host": accepted}).status_code == 200


def run_main(state_dir: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", MAIN, str(state_dir), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("port", ["99999", "65536", "-1", "http", "8123.5", "", "٣"])
def test_impossible_port_is_refused_with_a_message(state_dir: Path, port: str) -> None:
    """Nothing is started."""
    ended = run_main(state_dir, f"--port={port}")
    assert ended.returncode == 2
    assert "is no port" in ended.stderr and "Traceback" not in ended.stderr
    assert list(state_dir.iterdir()) == []


def test_output_to_a_full_disk_doesnt_end_the_stack(state_dir: Path) -> None:
    """Requests are answered although none of them can be printed."""
    note = state_dir / "stack.json"
    redirected = ["sh", "-c", 'exec "$@" >/dev/full', "sh"]
    command = [*redirected, sys.executable, "-c", MAIN, str(state_dir), "--port", "0"]
    with running(command, signal.SIGTERM):
        assert until(lambda: note.exists() and note.read_text(encoding="utf-8").endswith("}"))
        url = json.loads(note.read_text(encoding="utf-8"))["url"]
        for _ in range(2):
            assert httpx.get(url, trust_env=False).status_code == 200


def test_log_on_a_full_disk_fails_neither_function_nor_stack() -> None:
    """What a process writes is taken from it, and lost."""

    async def log() -> int:
        log = FunctionLog(Path("/dev/full"))
        log.write("START RequestId: 1")
        script = "import sys; print('x' * 200_000, flush=True); print('y', file=sys.stderr)"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, stdout=log.descriptor, stderr=log.descriptor
        )
        status = await asyncio.wait_for(process.wait(), 30)
        log.write("END RequestId: 1")
        log.close()
        return status

    assert asyncio.run(log()) == 0


def test_log_has_the_lines_in_their_order(state_dir: Path) -> None:
    """Those of processes before Lambda's own that are written after them."""
    path = state_dir / "function.log"

    async def log() -> None:
        log = FunctionLog(path)
        log.write("START")
        os.write(log.descriptor, b"of the function\n")
        log.write("END")
        os.write(log.descriptor, b"late\n")
        log.close()

    asyncio.run(log())
    assert path.read_text(encoding="utf-8").splitlines() == ["START", "of the function", "END", "late"]


def test_start_leaves_no_temporary_folder(state_dir: Path, app: Path) -> None:
    """Also where the path of the state directory is too long for a socket, which then has another folder."""
    state = state_dir / ("long" * 25)
    before = set(Path(gettempdir()).iterdir())
    with LocalStack(state, template=app / "template.yaml") as stack, psycopg.connect(stack.postgres.owner) as owner:
        assert owner.execute("select 1").fetchone() == (1,)
    left = {path.name for path in set(Path(gettempdir()).iterdir()) - before if (path / ".s.PGSQL.5432").exists()}
    assert left == set()
    assert [path for path in set(Path(gettempdir()).iterdir()) - before if is_empty_folder_of_ours(path)] == []


def is_empty_folder_of_ours(path: Path) -> bool:
    """Whether it is a folder like the ones of a socket, without content."""
    try:
        return path.name.startswith("pam-") and path.is_dir() and not any(path.iterdir())
    except OSError:
        return False
