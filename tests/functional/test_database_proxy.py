"""Functions behind an RDS Proxy: their sessions share connections, and none is pinned to one.

`test_permissions.py` runs all functions behind the same fake proxy.
"""

import json
import socket
import ssl
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from cryptography import x509
from psycopg import sql
from psycopg.rows import dict_row

from local.code_statements import statements
from local.stack import LocalStack
from pam.platform import postgres
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database, DatabaseUnavailable, proxy_tls_options
from tests.functional.database_proxy import DatabaseProxy, pin_reason, running_proxy


@pytest.fixture
def proxy(stack: LocalStack) -> Iterator[DatabaseProxy]:
    """A proxy of the stack's Postgres, in a directory whose name is short enough for a Unix socket."""
    with TemporaryDirectory(prefix="pam-") as directory, running_proxy(Path(directory), stack.postgres.app) as proxy:
        yield proxy


@pytest.fixture
def proxied(stack: LocalStack, proxy: DatabaseProxy) -> Iterator[Database]:
    """What a function has where DATABASE_PROXY_HOST is set."""
    database = Database(lambda: json.dumps(stack.postgres.app), proxy_host=proxy.host)
    yield database
    database.close()


def login(stack: LocalStack, host: str) -> psycopg.Connection:
    """Log in as the app's role, with psycopg's defaults."""
    fields = stack.postgres.app
    return psycopg.connect(
        host=host,
        port=fields["port"],
        dbname=fields["dbname"],
        user=fields["username"],
        autocommit=True,
    )


def test_transactions_of_a_session_use_any_connection(proxy: DatabaseProxy, proxied: Database) -> None:
    """A user's rows are theirs on each, and nothing is pinned, however often a statement is repeated."""
    users = [uuid.uuid4() for _ in range(3)]
    pids = set()
    with ThreadPoolExecutor(3) as threads:

        def work(user: uuid.UUID) -> list[int]:
            found = []
            for number in range(12):
                with proxied.session(user, Deadline(5)) as connection:
                    connection.execute("insert into users (id) values (%s) on conflict (id) do nothing", (user,))
                    connection.execute("update users set time_zone = %s", (f"Zone {number}",))
                    rows = connection.execute("select pg_backend_pid() as pid, time_zone, id from users").fetchall()
                    assert [(each["id"], each["time_zone"]) for each in rows] == [(user, f"Zone {number}")]
                    found.append(rows[0]["pid"])
            return found

        for each in threads.map(work, users):
            pids |= set(each)
    assert len(pids) > 1
    assert proxy.transactions == 36
    assert (proxy.pinned, proxy.reasons) == (0, {})


def test_settings_end_with_the_transaction(stack: LocalStack, proxy: DatabaseProxy, proxied: Database) -> None:
    """The next session of the same connection, another function's, has neither the user nor the limits."""
    query = (
        "select current_setting('app.user_id', true) as user_id, current_setting('statement_timeout') as time,"
        " current_setting('lock_timeout') as lock, current_setting('timezone') as zone,"
        " current_setting('idle_in_transaction_session_timeout') as idle"
    )
    user = uuid.uuid4()
    with proxied.session(user, Deadline(2)) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        assert 0 < int(row["time"].removesuffix("ms").removesuffix("s")) <= 2000
        assert (row["user_id"], row["lock"], row["idle"], row["zone"]) == (str(user), "3s", "10s", "UTC")
    with login(stack, proxy.host) as other:
        other.row_factory = dict_row  # type: ignore[assignment]
        for _ in range(4):  # more often than there are connections
            row = other.execute(query).fetchone()
            assert row is not None
            assert not row["user_id"]
            assert (row["time"], row["lock"], row["idle"]) == ("0", "0", "0")


def test_failed_and_timed_out_transactions_pin_nothing(proxy: DatabaseProxy, proxied: Database) -> None:
    """They are rolled back, and the connection is lent again."""
    user = uuid.uuid4()
    with pytest.raises(psycopg.errors.UndefinedTable), proxied.session(user, Deadline(5)) as connection:
        connection.execute("insert into users (id) values (%s)", (user,))
        connection.execute("select from no_such_table").fetchone()
    with pytest.raises(DatabaseUnavailable), proxied.session(user, Deadline(0.3)) as connection:
        connection.execute("select pg_sleep(5)").fetchone()
    with proxied.session(user, Deadline(5)) as connection:
        assert connection.execute("select from users").fetchone() is None
    assert (proxy.pinned, proxy.reasons) == (0, {})


def test_startup_options_are_refused_as_by_aws(stack: LocalStack, proxy: DatabaseProxy) -> None:
    """Which is why the settings aren't given at the login."""
    with pytest.raises(psycopg.OperationalError, match="doesn't support command-line options"):
        psycopg.connect(host=proxy.host, port=stack.postgres.app["port"], options="-c lock_timeout=3s")


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("set search_path = public", "SET"),
        ("set local lock_timeout = '3s'", "SET"),
        ("reset lock_timeout", "SET"),
        ("select set_config('app.user_id', '', true)", "set_config"),
        ("create temporary view found as select 1", "temporary object"),
        ("select pg_advisory_lock(1)", "lock of the session"),
        ("select pg_try_advisory_lock_shared(1)", "lock of the session"),
        ("listen news", "notification channel"),
        ("prepare one as select 1", "prepared statement"),
        ("select pg_advisory_xact_lock(1)", None),
        ("select limit_transaction('00000000-0000-0000-0000-000000000001', 1000)", None),
        ("select 1 as set_config", None),
    ],
)
def test_sessions_are_pinned_as_by_aws(
    stack: LocalStack, proxy: DatabaseProxy, statement: str, reason: str | None
) -> None:
    """Until they end: what the other tests rely on."""
    with login(stack, proxy.host) as connection:
        with suppress(psycopg.errors.InsufficientPrivilege):  # whether it succeeds or not
            connection.execute(sql.SQL(statement))  # type: ignore[arg-type]
        assert (proxy.pinned, dict(proxy.reasons)) == ((1, {reason: 1}) if reason else (0, {}))


def test_statement_that_is_prepared_by_itself_pins(stack: LocalStack, proxy: DatabaseProxy) -> None:
    """psycopg prepares what it runs more than five times, except in a session of `Database`."""
    with login(stack, proxy.host) as connection:
        for _ in range(7):
            connection.execute("select 1")
        assert dict(proxy.reasons) == {"prepared statement": 1}


def test_no_statement_of_the_code_pins() -> None:
    """All SQL of the package but the migrations', which are made over a connection of their own."""
    found = {each: pin_reason(each) for each in statements()}
    assert len(found) > 100
    assert {statement: reason for statement, reason in found.items() if reason} == {}


def test_root_certificates_of_the_proxy_are_those_of_amazon_trust_services() -> None:
    """Not those of RDS, which sign the databases' own."""
    path = Path(proxy_tls_options()["sslrootcert"])
    assert path.parent == Path(postgres.__file__).parent
    assert proxy_tls_options()["sslmode"] == "verify-full"
    roots = x509.load_pem_x509_certificates(path.read_bytes())
    names = {root.subject.rfc4514_string().partition(",")[0] for root in roots}
    assert names == {f"CN=Amazon Root CA {number}" for number in range(1, 5)}
    for root in roots:
        root.verify_directly_issued_by(root)
    assert ssl.create_default_context(cafile=str(path)).cert_store_stats()["x509_ca"] == len(names)


def test_proxy_without_tls_is_refused(stack: LocalStack) -> None:
    """A host that isn't a Unix socket must prove its name: nothing is sent to one that doesn't offer TLS."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        received = []

        def answer() -> None:
            client, _ = server.accept()
            received.append(client.recv(8))
            client.sendall(b"N")
            received.append(client.recv(8))
            client.close()

        with ThreadPoolExecutor(1) as threads:
            done = threads.submit(answer)
            secret = json.dumps(stack.postgres.app | {"port": server.getsockname()[1]})
            database = Database(lambda: secret, proxy_host="127.0.0.1")
            with pytest.raises(DatabaseUnavailable), database.session(uuid.uuid4(), Deadline(5)):
                pass
            done.result(timeout=10)
    assert received[1] == b""
