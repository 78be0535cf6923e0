"""The custom resource that migrates during a deployment, on a real Postgres and a stand-in for CloudFormation's S3."""

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import urllib3

from local.stack import LocalStack
from pam.migrations import custom_resource
from pam.migrations.files import read_migrations
from pam.migrations.runner import Runner
from tests.conftest import CHECKOUT, Traveller
from tests.migrations.database import ledger, tables

EVENT: dict[str, Any] = json.loads((CHECKOUT / "events/migrate_on_deploy.json").read_text())
MAX_RESPONSE_BYTES = 4096


class Bucket:
    """Accepts a response as the signed URL does; answers the statuses it is given, then 200."""

    def __init__(self) -> None:
        self.responses: list[dict[str, Any]] = []
        self.sizes: list[int] = []
        self.content_types: list[str | None] = []
        self.statuses: list[int] = []
        self.url = ""


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    """A listening `Bucket`."""
    bucket = Bucket()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = bucket.statuses.pop(0) if bucket.statuses else 200
            if status == 200:
                bucket.responses.append(json.loads(body))
                bucket.sizes.append(len(body))
                bucket.content_types.append(self.headers["content-type"])
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        bucket.url = f"http://127.0.0.1:{server.server_port}/response?signature=x"
        yield bucket
        server.shutdown()


def request(bucket: Bucket, kind: str, *, layer: int = 8, old_layer: int | None = None) -> dict[str, Any]:
    """A request of CloudFormation: `layer` is the number of the migrations layer's version."""

    def properties(number: int) -> dict[str, str]:
        arn = EVENT["ResourceProperties"]["MigrationsLayer"].rpartition(":")[0]
        return EVENT["ResourceProperties"] | {"MigrationsLayer": f"{arn}:{number}"}

    event = EVENT | {"RequestType": kind, "ResponseURL": bucket.url, "ResourceProperties": properties(layer)}
    del event["OldResourceProperties"]
    return event if old_layer is None else event | {"OldResourceProperties": properties(old_layer)}


@pytest.fixture
def migrate(empty_database: str, directory: Path) -> Callable[[], list[str]]:
    """Migrates the empty database with the files in the directory."""
    return lambda: [str(migration) for migration in Runner(empty_database, directory).up()]


def test_create_applies_all_migrations(bucket: Bucket, migrate: Callable[[], list[str]], empty_database: str) -> None:
    """The first deployment of a stage makes its schema and echoes the ids of the request."""
    custom_resource.handle(request(bucket, "Create"), migrate)
    assert tables(empty_database) == {"boats", "oars", "schema_versions"}
    assert bucket.responses == [
        {
            "Status": "SUCCESS",
            "Reason": "Applied: 0001_boats, 0002_oars.",
            "PhysicalResourceId": EVENT["PhysicalResourceId"],
            "StackId": EVENT["StackId"],
            "RequestId": EVENT["RequestId"],
            "LogicalResourceId": EVENT["LogicalResourceId"],
        }
    ]
    assert bucket.content_types == [""]


def test_update_applies_only_what_is_missing(
    bucket: Bucket, migrate: Callable[[], list[str]], empty_database: str, directory: Path
) -> None:
    """The next deployment applies the new migration; an update without one changes nothing."""
    Runner(empty_database, directory).up(to=1)
    custom_resource.handle(request(bucket, "Update", layer=8, old_layer=7), migrate)
    custom_resource.handle(request(bucket, "Update", layer=9, old_layer=8), migrate)
    assert [response["Reason"] for response in bucket.responses] == [
        "Applied: 0002_oars.",
        "Applied: nothing was missing.",
    ]
    assert ledger(empty_database) == [(1, "up"), (2, "up")]


def test_failed_migration_is_reported_and_stops_the_deployment(
    bucket: Bucket, migrate: Callable[[], list[str]], empty_database: str, directory: Path
) -> None:
    """FAILED makes CloudFormation roll back before it updates a function; the failed migration leaves nothing."""
    (directory / "0002_oars.up.sql").write_text("create table oars (id int); select 1 / 0;")
    custom_resource.handle(request(bucket, "Update", layer=8, old_layer=7), migrate)
    [response] = bucket.responses
    assert (response["Status"], response["Reason"]) == ("FAILED", "DivisionByZero: division by zero")
    assert response["PhysicalResourceId"] == EVENT["PhysicalResourceId"]
    assert tables(empty_database) == {"boats", "schema_versions"}


def test_functions_in_use_answer_while_a_migration_fails_and_after_it(
    bucket: Bucket, stack: LocalStack, traveller: Traveller, tmp_path: Path
) -> None:
    """It has changed the table that they read before it fails; they are at their old version, and notice nothing."""
    traveller.spends("45")
    before = traveller.summary()["total"]
    files = shutil.copytree(CHECKOUT / "migrations", tmp_path / "migrations")
    number = len(read_migrations(files)) + 1
    (files / f"{number:04}_broken.up.sql").write_text(
        "alter table expenses rename column amount to cost; select pg_sleep(0.3); select 1 / 0;"
    )
    (files / f"{number:04}_broken.down.sql").write_text("select 1")
    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(lambda: [traveller.summary()["total"] for _ in range(20)])
        runner = Runner(stack.postgres.owner, files)
        custom_resource.handle(request(bucket, "Update", layer=8, old_layer=7), lambda: list(map(str, runner.up())))
        assert reading.result() == [before] * 20
    assert [response["Status"] for response in bucket.responses] == ["FAILED"]
    traveller.spends("5")
    assert float(traveller.summary()["total"]) == float(before) + 5


def test_rollback_after_a_failure_succeeds_without_the_database(bucket: Bucket) -> None:
    """CloudFormation asks for the old properties again, which is no reason to touch the schema.

    A failure here would leave the stack in UPDATE_ROLLBACK_FAILED.
    """

    def unreachable() -> list[str]:
        raise AssertionError("the database must not be needed")

    custom_resource.handle(request(bucket, "Update", layer=7, old_layer=8), unreachable)
    assert [response["Status"] for response in bucket.responses] == ["SUCCESS"]


def test_older_release_over_a_newer_schema_succeeds(
    bucket: Bucket, migrate: Callable[[], list[str]], empty_database: str, directory: Path
) -> None:
    """An operator rolls back by deploying the last release: its layer's version is new, its files are older."""
    migrate()
    for path in directory.glob("0002_*"):
        path.unlink()
    custom_resource.handle(request(bucket, "Update", layer=9, old_layer=8), migrate)
    [response] = bucket.responses
    assert response["Status"] == "SUCCESS"
    assert "0002_oars, which has no file here" in response["Reason"]
    assert ledger(empty_database) == [(1, "up"), (2, "up")]


def test_changed_file_fails_the_deployment(bucket: Bucket, migrate: Callable[[], list[str]], directory: Path) -> None:
    """Two branches with different migrations of one number cannot be deployed over each other."""
    migrate()
    (directory / "0002_oars.up.sql").write_text("create table paddles (id int);")
    custom_resource.handle(request(bucket, "Update", layer=9, old_layer=8), migrate)
    [response] = bucket.responses
    assert response["Status"] == "FAILED"
    assert response["Reason"].startswith("MigrationError: 0002_oars was changed after it was applied")


def test_deletion_of_the_stack_keeps_the_schema(
    bucket: Bucket, migrate: Callable[[], list[str]], empty_database: str
) -> None:
    """The cluster leaves a snapshot, which should contain the data."""
    migrate()
    custom_resource.handle(request(bucket, "Delete"), migrate)
    assert [response["Status"] for response in bucket.responses] == ["SUCCESS"]
    assert tables(empty_database) == {"boats", "oars", "schema_versions"}


def test_long_error_fits_into_a_response(bucket: Bucket) -> None:
    """CloudFormation takes 4,096 bytes; only the first line is sent, since psycopg quotes SQL in the others."""

    def fail() -> list[str]:
        raise RuntimeError("ü" * 5000 + "\nLINE 1: alter role pam_app password 'secret'")

    custom_resource.handle(request(bucket, "Create"), fail)
    assert bucket.sizes[0] <= MAX_RESPONSE_BYTES
    assert "secret" not in bucket.responses[0]["Reason"]


def test_response_is_sent_again_after_a_fault_of_s3(bucket: Bucket) -> None:
    """A lost response would leave the stack waiting until the resource's timeout."""
    bucket.statuses = [503, 500]
    custom_resource.handle(request(bucket, "Delete"), list)
    assert len(bucket.responses) == 1


@pytest.mark.parametrize(
    ("statuses", "error"), [([403], custom_resource.ResponseError), ([503] * 4, urllib3.exceptions.MaxRetryError)]
)
def test_undelivered_response_is_an_error(bucket: Bucket, statuses: list[int], error: type[Exception]) -> None:
    """The function's error metric then shows why the stack waits."""
    bucket.statuses = statuses
    with pytest.raises(error):
        custom_resource.handle(request(bucket, "Delete"), list)
