"""A password or key that is rotated while functions run: no request fails, and nothing is deployed."""

import json
import secrets
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import psycopg
import pytest
from botocore.exceptions import EndpointConnectionError
from psycopg import sql

from local.stack import LocalStack
from pam.bootstrap import Bootstrap
from pam.migrations.roles import APP_ROLE, set_app_password
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database, DatabaseUnavailable
from pam.sources.source import SourceError
from tests.conftest import Traveller

ROUTE = [(39.7392, -104.9903), (38.5733, -109.5498)]


class Rotation:
    """The steps of AWS's rotation function for one user, in its order, on the stack's secret and Postgres.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
    """

    def __init__(self, stack: LocalStack) -> None:
        self._owner = stack.postgres.owner
        self._name = stack.environment_of("savings_total")["DATABASE_SECRET"]
        session: Any = boto3.Session("local", "local", region_name="us-east-1")
        self._client = session.client("secretsmanager", endpoint_url=stack.aws_endpoint)
        self._before = self.current()
        self._version_before = self._read()["VersionId"]
        self._version = str(uuid.uuid4())
        self.password = secrets.token_hex(20)

    def current(self) -> dict[str, Any]:
        """The secret that applications read."""
        fields: dict[str, Any] = json.loads(self._read()["SecretString"])
        return fields

    def _read(self) -> dict[str, Any]:
        found: dict[str, Any] = self._client.get_secret_value(SecretId=self._name, VersionStage="AWSCURRENT")
        return found

    def create_secret(self) -> None:
        """Store the new password as the pending version."""
        self._client.put_secret_value(
            SecretId=self._name,
            ClientRequestToken=self._version,
            SecretString=json.dumps(self._before | {"password": self.password}),
            VersionStages=["AWSPENDING"],
        )

    def set_secret(self) -> None:
        """Change the password in Postgres: the role does so itself."""
        with connect(self._before) as connection:
            change = sql.SQL("alter role {} password {}").format(sql.Identifier(APP_ROLE), sql.Literal(self.password))
            connection.execute(change)

    def finish_secret(self) -> None:
        """Make the pending version the current one."""
        self._move("AWSCURRENT", self._version)

    def undo(self) -> None:
        """Restore the password that the other tests know."""
        set_app_password(self._owner, self._before["password"])
        if self._read()["VersionId"] != self._version_before:
            self._move("AWSCURRENT", self._version_before)

    def _move(self, stage: str, version: str) -> None:
        self._client.update_secret_version_stage(
            SecretId=self._name,
            VersionStage=stage,
            MoveToVersionId=version,
            RemoveFromVersionId=self._read()["VersionId"],
        )


def connect(fields: dict[str, Any]) -> psycopg.Connection:
    """Log in with the fields of the secret."""
    names = {"host": "host", "port": "port", "dbname": "dbname", "user": "username", "password": "password"}
    return psycopg.connect(**{option: fields[name] for option, name in names.items()}, autocommit=True)


@pytest.fixture
def rotation(stack: LocalStack) -> Iterator[Rotation]:
    """A rotation that has not begun."""
    rotation = Rotation(stack)
    yield rotation
    rotation.undo()


@pytest.fixture
def close_connections(owner: psycopg.Connection) -> Callable[[], None]:
    """Close the connections of all functions, so that each logs in again."""

    def close() -> None:
        owner.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = %s", (APP_ROLE,))

    return close


def test_no_request_fails_at_any_moment_of_a_rotation(
    rotation: Rotation, traveller: Traveller, close_connections: Callable[[], None]
) -> None:
    """Warm functions that log in anew after each step: reads and writes succeed, also where Postgres has the new
    password already and the secret has the old one."""
    steps: list[Callable[[], None]] = [
        lambda: None,
        rotation.create_secret,
        rotation.set_secret,
        rotation.finish_secret,
    ]
    for number, step in enumerate(steps, 1):
        step()
        close_connections()
        assert traveller.spends("10").status_code == 201
        close_connections()
        assert traveller.summary(period="today")["count"] == number
    assert rotation.current()["password"] == rotation.password


def test_password_that_is_replaced_in_both_at_once_is_used_by_the_next_request(
    stack: LocalStack, rotation: Rotation, traveller: Traveller, close_connections: Callable[[], None]
) -> None:
    """As after a leak: an operator stores another password and migrates, which sets it. The old one is refused."""
    old = rotation.current()
    assert traveller.spends("10").status_code == 201
    rotation.create_secret()
    rotation.finish_secret()
    set_app_password(stack.postgres.owner, rotation.password)
    close_connections()
    with pytest.raises(psycopg.OperationalError):
        connect(old).close()
    assert traveller.spends("10").status_code == 201


def test_environment_reads_the_secret_once_and_again_after_a_refused_login(
    stack: LocalStack, rotation: Rotation
) -> None:
    """A login costs no call of Secrets Manager while its password is valid, nor does it need the service."""
    reads: list[str] = []
    current = json.dumps(stack.postgres.app)

    def secret() -> str:
        reads.append("current")
        return current

    def pending() -> str:
        reads.append("pending")
        return json.dumps(stack.postgres.app | {"password": rotation.password})

    database = Database(secret, pending)

    def log_in() -> None:
        database.close()
        with database.session(uuid.uuid4(), Deadline(5)) as connection:
            connection.execute("select 1")

    for _ in range(3):
        log_in()
    assert reads == ["current"]
    set_app_password(stack.postgres.owner, rotation.password)
    log_in()
    assert reads == ["current", "current", "pending"]
    log_in()
    assert len(reads) == 3
    set_app_password(stack.postgres.owner, "neither")
    with pytest.raises(DatabaseUnavailable):
        log_in()
    database.close()


def test_server_that_is_down_is_not_taken_for_a_refused_password(stack: LocalStack) -> None:
    """Nobody asks for the pending version: it would be one more wait."""

    def pending() -> str:
        raise AssertionError("read")

    database = Database(lambda: json.dumps(stack.postgres.app | {"host": "/nonexistent"}), pending)
    with pytest.raises(DatabaseUnavailable), database.session(uuid.uuid4(), Deadline(5)):
        pass


def test_secret_that_can_not_be_read_is_an_unavailable_database(stack: LocalStack) -> None:
    """Secrets Manager is unreachable: a new environment answers as if Postgres were; a warm one logs in."""

    def secret() -> str:
        if is_down:
            raise EndpointConnectionError(endpoint_url="https://secrets")
        return json.dumps(stack.postgres.app)

    is_down = True
    database = Database(secret)
    with pytest.raises(DatabaseUnavailable), database.session(uuid.uuid4(), Deadline(5)):
        pass
    for is_down in (False, True):  # noqa: B007 - `secret` reads it
        database.close()
        with database.session(uuid.uuid4(), Deadline(5)) as connection:
            connection.execute("select 1")
    database.close()


def test_api_key_that_is_replaced_is_used_by_the_request_that_was_refused(
    stack: LocalStack, lambda_environment: None
) -> None:
    """With Secrets Manager and Mapbox's stand-in: an environment has a key in its cache that Mapbox refuses."""
    environment = stack.environment_of("distance")
    name = environment["MAPBOX_SECRET"]
    session: Any = boto3.Session("local", "local", region_name="us-east-1")
    client = session.client("secretsmanager", endpoint_url=stack.aws_endpoint)
    valid = client.get_secret_value(SecretId=name)["SecretString"]
    client.put_secret_value(SecretId=name, SecretString='{"key": "revoked"}')
    try:
        sources = Bootstrap(environment).travel_sources
        with pytest.raises(SourceError):
            sources.mapbox.road(ROUTE, Deadline(5))
        client.put_secret_value(SecretId=name, SecretString=valid)
        assert sources.mapbox.road(ROUTE, Deadline(5)).value is not None
    finally:
        client.put_secret_value(SecretId=name, SecretString=valid)
