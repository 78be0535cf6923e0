"""The `migrate` function as Lambda runs it: a process of its own, secrets from Secrets Manager, a real Postgres."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from local.stack import LocalStack
from tests.conftest import CHECKOUT
from tests.migrations.database import new_database, tables

INVOKE = """
import json, sys
from dataclasses import make_dataclass
import app
context = make_dataclass("Context", [(name, str, "x") for name in (
    "function_name", "function_version", "invoked_function_arn", "memory_limit_in_mb", "aws_request_id")])()
print(json.dumps(app.handler(json.loads(sys.argv[1]), context)))
"""


@pytest.fixture
def empty_database(stack: LocalStack) -> Iterator[str]:
    """A new database on the server whose address is in the stack's secrets."""
    with new_database(stack.postgres.owner) as conninfo:
        yield conninfo


@pytest.fixture
def environment(stack: LocalStack, empty_database: str, directory: Path) -> dict[str, str]:
    """The variables that the template gives the function, for an empty database and two small migrations."""
    variables = stack.environment_of("spend_summary")
    secrets = boto3.client(
        "secretsmanager",
        endpoint_url=stack.aws_endpoint,
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )
    app = json.loads(secrets.get_secret_value(SecretId=variables["DATABASE_SECRET"])["SecretString"])
    owner = {"username": conninfo_to_dict(empty_database)["user"], "password": "unused"}
    app["dbname"] = conninfo_to_dict(empty_database)["dbname"]
    names = {key: f"migrate-{key}-{uuid.uuid4()}" for key in ("app", "owner")}
    secrets.create_secret(Name=names["app"], SecretString=json.dumps(app))
    secrets.create_secret(Name=names["owner"], SecretString=json.dumps(owner))
    return variables | {
        "DATABASE_SECRET": names["app"],
        "DATABASE_OWNER_SECRET": names["owner"],
        "MIGRATIONS": str(directory),
        "POWERTOOLS_SERVICE_NAME": "migrate",
        "PYTHONPATH": os.pathsep.join([str(CHECKOUT / "functions/migrate"), str(CHECKOUT / "layers/pam")]),
    }


def invoke(environment: dict[str, str], event: dict[str, Any]) -> Any:
    command = [sys.executable, "-c", INVOKE, json.dumps(event)]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_operator_commands_list_and_apply_migrations(environment: dict[str, str], empty_database: str) -> None:
    """`plan` shows SQL, `up` applies it and sets the app's password, `status` shows what is applied."""
    plan = invoke(environment, json.loads((CHECKOUT / "events/migrate.json").read_text()))
    assert plan["migrations"][0] == "0001_boats\ncreate table boats (id int);"
    assert invoke(environment, {"command": "up"}) == {"migrations": ["0001_boats", "0002_oars"]}
    assert invoke(environment, {"command": "status"}) == {"migrations": ["0001_boats applied", "0002_oars applied"]}
    assert tables(empty_database) == {"boats", "oars", "schema_versions"}


def test_migration_of_a_stopped_function_is_ended_by_postgres(
    environment: dict[str, str], empty_database: str, directory: Path
) -> None:
    """Lambda stops the function after 15 minutes and leaves its connection open: no lock may outlive it for long."""
    settings = "transaction_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout"
    columns = ", ".join(f"current_setting('{name}') as {name}" for name in settings)
    (directory / "0001_boats.up.sql").write_text(f"create table boats as select {columns}")
    invoke(environment, {"command": "up"})
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("select * from boats").fetchone() == ("14min", "1min", "1min")
