"""`pam costs` and `pam feedback` where there is no report: a sentence on stderr, and an exit code of its own."""

import json
import uuid
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from local import cli
from local.stack import LocalStack
from pam.migrations.runner import Runner
from tests.conftest import CHECKOUT
from tests.functional.monitoring.pam_command import pam
from tests.migrations.database import new_database

NO_DATABASE = "host=127.0.0.1 port=1 dbname=x"
REPORTS = ("costs", "feedback")


@pytest.mark.parametrize("name", REPORTS)
def test_reports_are_printed_as_json(stack: LocalStack, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """One line, for other programs; also of a month without questions."""
    code, printed, _ = pam(capsys, name, "--json", "--base-url", stack.url)
    assert code in (cli.ANSWERED, cli.NO_DATA)
    assert json.loads(printed)["since"]


@pytest.mark.parametrize("name", REPORTS)
def test_unreachable_database_is_reported(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """As such, and not as a PAM that isn't running."""
    code, printed, error = pam(capsys, name, "--database", NO_DATABASE)
    assert (code, printed) == (cli.UNREACHABLE, "")
    assert error.startswith("The database can't be reached: ") and error.count("\n") == 1
    assert "make run" not in error


@pytest.mark.parametrize("name", REPORTS)
def test_stopped_database_of_a_local_pam_is_reported(
    stack: LocalStack, http: httpx.Client, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """The page has the same sentence, with a 503; the report is there again once Postgres is."""
    stack.postgres.stop()
    try:
        code, printed, error = pam(capsys, name, "--base-url", stack.url)
        response = http.get(f"/{name}.json")
    finally:
        stack.postgres.start()
    assert (code, printed) == (cli.UNREACHABLE, "")
    assert error.startswith("The database can't be reached: ")
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.json()["message"].startswith("The database can't be reached: ")
    assert http.get(f"/{name}.json").status_code == HTTPStatus.OK


@pytest.mark.parametrize("name", REPORTS)
def test_database_without_tables_is_reported(stack: LocalStack, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """One that nobody has migrated."""
    with new_database(stack.postgres.owner) as conninfo:
        code, _, error = pam(capsys, name, "--database", conninfo)
    assert (code, error) == (cli.REFUSED, "This database has no tables of PAM: migrate it, or name another one.\n")


@pytest.fixture
def stranger(stack: LocalStack, owner: psycopg.Connection) -> Iterator[str]:
    """The conninfo of a role without any right to the tables."""
    name = f"stranger_{uuid.uuid4().hex}"
    owner.execute(f"create role {name} login password 'p'")
    yield make_conninfo(stack.postgres.owner, user=name, password="p")
    owner.execute(f"drop role {name}")


@pytest.mark.parametrize("name", REPORTS)
def test_user_who_is_not_the_owner_is_reported(stranger: str, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Not as an empty report."""
    code, printed, error = pam(capsys, name, "--database", stranger)
    assert (code, printed, error) == (
        cli.REFUSED,
        "",
        "This user may not read PAM's tables: connect as their owner.\n",
    )


@pytest.mark.parametrize(
    "month", ["2026", "2026-13", "2026-00", "11-2026", "november", "2026-1", "9999-12", "0000-01", ""]
)
def test_malformed_month_is_wrong_usage(
    stack: LocalStack, http: httpx.Client, capsys: pytest.CaptureFixture[str], month: str
) -> None:
    """Before anything is read, and over HTTP with the same sentence."""
    code, printed, error = pam(capsys, "costs", "--month", month, "--database", NO_DATABASE)
    assert (code, printed) == (cli.WRONG_USAGE, "")
    sentence = f"{month!r} is no month. Write it as 2026-11."
    assert sentence in error
    response = http.get("/costs.json", params={"month": month})
    assert (response.status_code, response.json()) == (HTTPStatus.BAD_REQUEST, {"message": sentence})


def test_month_without_questions_is_reported(stack: LocalStack, capsys: pytest.CaptureFixture[str]) -> None:
    """From a database and from a local PAM, with a code that a script can tell from an error."""
    for arguments in (["--database", stack.postgres.owner], ["--base-url", stack.url]):
        code, printed, _ = pam(capsys, "costs", "--month", "2001-02", *arguments)
        assert (code, printed) == (cli.NO_DATA, "Nobody asked anything in 2001-02 (UTC).\n")


def test_time_without_answers_is_reported(stack: LocalStack, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a stage that nobody uses yet."""
    with new_database(stack.postgres.owner) as conninfo:
        Runner(conninfo, CHECKOUT / "migrations").up()
        code, printed, _ = pam(capsys, "feedback", "--database", conninfo)
    assert code == cli.NO_DATA
    assert printed.startswith("There is nothing to judge by since 20")


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(HTTPStatus.OK)
        self.end_headers()
        self.wfile.write(b"<html>It works!</html>")

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.mark.parametrize("name", REPORTS)
def test_another_server_is_no_pam(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Whatever it responds."""
    server = HTTPServer(("127.0.0.1", 0), _Page)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        code, _, error = pam(capsys, name, "--base-url", f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
    assert code == cli.UNREACHABLE
    assert error.startswith("No PAM is reachable (what answers at http://127.0.0.1:")
