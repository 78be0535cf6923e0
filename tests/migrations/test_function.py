"""The `migrate` function as Lambda runs it: a process of its own, secrets from Secrets Manager, a real Postgres."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from local.dashboard import LocalDashboard, emf_objects
from local.stack import LocalStack
from pam.migrations.commands import MigrateSettings
from pam.migrations.files import MigrationError, read_migrations
from pam.migrations.roles import APP_ROLE
from pam.migrations.safeguards import check_backup
from pam.platform.metrics import Metric
from tests.conftest import CHECKOUT
from tests.functional.expansion import expand
from tests.functional.sam import FUNCTIONS, TEMPLATE
from tests.migrations.database import ledger, new_database, tables

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
    rds = boto3.client(
        "rds",
        endpoint_url=stack.aws_endpoint,
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )
    cluster = f"cluster-{uuid.uuid4()}"
    rds.create_db_cluster(
        DBClusterIdentifier=cluster, Engine="aurora-postgresql", MasterUsername="owner", MasterUserPassword="not-used"
    )
    names = {key: f"migrate-{key}-{uuid.uuid4()}" for key in ("app", "owner")}
    secrets.create_secret(Name=names["app"], SecretString=json.dumps(app))
    secrets.create_secret(Name=names["owner"], SecretString=json.dumps(owner))
    return variables | {
        "DATABASE_CLUSTER": cluster,
        "DATABASE_SECRET": names["app"],
        "DATABASE_OWNER_SECRET": names["owner"],
        "MIGRATIONS": str(directory),
        "POWERTOOLS_SERVICE_NAME": "migrate",
        "PYTHONPATH": os.pathsep.join([str(CHECKOUT / "functions/migrate"), str(CHECKOUT / "layers/pam")]),
    }


def invoke(environment: dict[str, str], event: dict[str, Any]) -> Any:
    return invoke_with_metrics(environment, event)[0]


def invoke_with_metrics(environment: dict[str, str], event: dict[str, Any]) -> tuple[Any, dict[str, list[float]]]:
    """Return the result, and the metrics of all EMF lines."""
    *lines, result = map(json.loads, output_of(environment, event).splitlines())
    metrics = {
        metric["Name"]: line[metric["Name"]]
        for line in lines
        if "_aws" in line
        for each in line["_aws"]["CloudWatchMetrics"]
        for metric in each["Metrics"]
    }
    return result, metrics


def output_of(environment: dict[str, str], event: dict[str, Any]) -> bytes:
    """Return the lines that the function writes; the last one is its result."""
    command = [sys.executable, "-c", INVOKE, json.dumps(event)]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, check=True).stdout


class OtherDatabase:
    """The environment of the function for a Postgres that isn't of the template, and the secrets of both roles."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment | {"DATABASE_CLUSTER": ""}
        self._secrets = boto3.client(
            "secretsmanager",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region_name=environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )
        self.address = {name: self.app_secret()[name] for name in ("host", "port", "dbname", "sslmode")}
        self._put("DATABASE_SECRET", {name: self.app_secret()[name] for name in ("username", "password")})
        self._owner = json.loads(self._get("DATABASE_OWNER_SECRET")["SecretString"])
        self.store_owner_secret()

    def store_owner_secret(self) -> None:
        self._put("DATABASE_OWNER_SECRET", self._owner | self.address)

    def app_secret(self) -> dict[str, Any]:
        fields: dict[str, Any] = json.loads(self._get("DATABASE_SECRET")["SecretString"])
        return fields

    def version(self) -> str:
        """The version of the app's secret."""
        return str(self._get("DATABASE_SECRET")["VersionId"])

    def _get(self, variable: str) -> Any:
        return self._secrets.get_secret_value(SecretId=self.environment[variable])

    def _put(self, variable: str, fields: dict[str, Any]) -> None:
        self._secrets.put_secret_value(SecretId=self.environment[variable], SecretString=json.dumps(fields))


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


def test_plan_reports_locks(environment: dict[str, str], directory: Path) -> None:
    """By migration, with what they block and for how long."""
    invoke(environment, {"command": "up"})
    (directory / "0003_names.up.sql").write_text("alter table boats add column name text;")
    (directory / "0003_names.down.sql").write_text("alter table boats drop column name;")
    locks = invoke(environment, {"command": "plan"})["locks"]
    assert locks.keys() == {"0003_names"}
    assert locks["0003_names"][1].startswith("boats: AccessExclusiveLock, blocks reads and writes, for ")


def test_drift_is_a_metric_and_a_report(environment: dict[str, str], empty_database: str) -> None:
    """The event of the schedule in template.yaml; the number of differences is the metric's value."""
    event = json.loads(FUNCTIONS["MigrateFunction"]["Events"]["CheckDrift"]["Properties"]["Input"])
    environment = environment | {"MIGRATIONS": str(CHECKOUT / "migrations")}
    assert len(invoke(environment, {"command": "up"})["migrations"]) == len(read_migrations(CHECKOUT / "migrations"))
    result, metrics = invoke_with_metrics(environment, event)
    assert (result, metrics[Metric.SCHEMA_DRIFT]) == ({"drift": []}, [0.0])
    with psycopg.connect(empty_database) as owner:
        owner.execute("create policy anybody on expenses using (true); drop index expenses_by_time")
    result, metrics = invoke_with_metrics(environment, event)
    assert metrics[Metric.SCHEMA_DRIFT] == [2.0]
    assert [line for line in result["drift"] if not line.startswith(" ")] == [
        "missing index expenses_by_time",
        "unexpected policy anybody on expenses",
    ]


def test_drift_fires_its_alarm_until_a_check_finds_none(environment: dict[str, str], empty_database: str) -> None:
    """The check is made once a day: without a value the alarm stays, however many hours."""
    event = json.loads(FUNCTIONS["MigrateFunction"]["Events"]["CheckDrift"]["Properties"]["Input"])
    environment = environment | {"MIGRATIONS": str(CHECKOUT / "migrations")}
    now = 1_795_806_000.0
    dashboard = LocalDashboard(lambda: now)

    def check() -> None:
        for line in output_of(environment, event).splitlines():
            for found in emf_objects(line):
                moved = found | {"_aws": found["_aws"] | {"Timestamp": int(now * 1000)}}
                dashboard.add_log("migrate", json.dumps(moved).encode() + b"\n")

    def state_after(hours: float) -> str:
        nonlocal now
        now += hours * 3600
        (alarm,) = (
            each for each in dashboard.snapshot()["alarms"] if each["title"] == "Schema differs from its migrations"
        )
        return str(alarm["state"])

    invoke(environment, {"command": "up"})
    check()
    assert state_after(0.25) == "OK"
    with psycopg.connect(empty_database) as owner:
        owner.execute("create table by_hand (id int)")
    check()
    assert state_after(0.25) == "ALARM"
    assert state_after(23.5) == "ALARM"
    with psycopg.connect(empty_database) as owner:
        owner.execute("drop table by_hand")
    check()
    assert state_after(0.01) == "ALARM"  # the period isn't over
    assert state_after(0.25) == "OK"


def test_drift_is_not_checked_while_an_older_release_is_deployed(environment: dict[str, str], directory: Path) -> None:
    """The database has a newer schema on purpose."""
    invoke(environment, {"command": "up"})
    for path in directory.glob("0002_*"):
        path.unlink()
    result, metrics = invoke_with_metrics(environment, {"command": "drift"})
    assert result == {"drift": []}
    assert Metric.SCHEMA_DRIFT not in metrics


def test_missing_migration_is_drift(environment: dict[str, str], directory: Path) -> None:
    """The check doesn't end without a value: the alarm would stay as it is."""
    invoke(environment, {"command": "up"})
    for direction in ("up", "down"):
        (directory / f"0003_sails.{direction}.sql").write_text("select 1;")
    result, metrics = invoke_with_metrics(environment, {"command": "drift"})
    assert [line.partition(":")[0] for line in result["drift"]] == ["0003_sails isn't applied"]
    assert metrics[Metric.SCHEMA_DRIFT] == [1.0]


def test_database_that_can_not_be_restored_is_not_migrated(
    environment: dict[str, str], empty_database: str, directory: Path
) -> None:
    """An empty database needs no backup; one with data must be restorable to a time of minutes ago."""
    environment = environment | {"DATABASE_CLUSTER": "no-such-cluster"}
    invoke(environment, {"command": "up"})
    (directory / "0003_names.up.sql").write_text("alter table boats add column name text;")
    (directory / "0003_names.down.sql").write_text("alter table boats drop column name;")
    with pytest.raises(subprocess.CalledProcessError) as failed:
        invoke(environment, {"command": "up"})
    assert "DBClusterNotFoundFault" in failed.value.stderr.decode()
    assert [version for version, _ in ledger(empty_database)] == [1, 2]


def test_database_that_can_be_restored_is_migrated(environment: dict[str, str], directory: Path) -> None:
    """The cluster's latest restorable time is asked for."""
    invoke(environment, {"command": "up"})
    (directory / "0003_names.up.sql").write_text("alter table boats add column name text;")
    (directory / "0003_names.down.sql").write_text("alter table boats drop column name;")
    assert invoke(environment, {"command": "up"}) == {"migrations": ["0003_names"]}


class Clusters:
    """RDS with one cluster that can be restored to a time, or to none."""

    def __init__(self, latest: datetime | None) -> None:
        self._latest = latest

    def describe_db_clusters(self, **_: str) -> dict[str, Any]:
        return {"DBClusters": [{"LatestRestorableTime": self._latest} if self._latest else {}]}


@pytest.mark.parametrize(("minutes", "accepted"), [(0, True), (5, True), (15, True), (16, False), (None, False)])
def test_backup_must_be_of_minutes_ago(minutes: int | None, accepted: bool) -> None:
    """Aurora is behind by some minutes always."""
    now = datetime(2026, 11, 27, tzinfo=UTC)
    latest = None if minutes is None else now - timedelta(minutes=minutes)
    with nullcontext() if accepted else pytest.raises(MigrationError, match="Not migrated: pam can be restored to"):
        assert check_backup(Clusters(latest), "pam", now) == latest


def test_schema_that_the_app_can_not_read_fails_the_deployment(
    environment: dict[str, str], empty_database: str, directory: Path
) -> None:
    """A policy with a function that the role may not execute, for example: the old functions are still in use then."""
    invoke(environment, {"command": "up"})
    (directory / "0003_policy.up.sql").write_text(
        "alter table boats enable row level security;"
        "create function whose() returns int language plpgsql as 'begin return 1; end';"
        "revoke all on function whose() from public;"
        "create policy own on boats using (id = whose()); grant select on boats to pam_app;"
    )
    (directory / "0003_policy.down.sql").write_text("drop policy own on boats; drop function whose();")
    with pytest.raises(subprocess.CalledProcessError) as failed:
        invoke(environment, {"command": "up"})
    assert "pam_app can't read it: permission denied for function whose" in failed.value.stderr.decode()


def test_template_gives_the_function_its_settings() -> None:
    """All that it reads from the environment, and the permission for each."""
    variables = FUNCTIONS["MigrateFunction"]["Environment"]["Variables"].keys()
    variables |= TEMPLATE["Globals"]["Function"]["Environment"]["Variables"].keys()
    assert {str(field.alias) for field in MigrateSettings.model_fields.values()} <= variables
    policies = expand()["Resources"]["MigrateFunctionRole"]["Properties"]["Policies"]
    assert {policy["PolicyDocument"]["Statement"]["Action"] for policy in policies} == {
        "secretsmanager:GetSecretValue",
        "rds:DescribeDBClusters",
    }


@pytest.fixture
def other_database(environment: dict[str, str]) -> OtherDatabase:
    """A Postgres without a cluster: its owner's secret has its address, and that of the app's role has none."""
    return OtherDatabase(environment)


def test_address_of_another_database_is_copied_into_the_secret_of_the_app(other_database: OtherDatabase) -> None:
    """With which the functions and the rotation log in; its password and what else it has stay."""
    before = other_database.app_secret()
    applied = invoke(other_database.environment, {"command": "up"})
    assert applied == {"migrations": ["0001_boats", "0002_oars"]}
    assert other_database.app_secret() == before | other_database.address | {"engine": "postgres"}
    app = other_database.app_secret()
    with psycopg.connect(
        host=app["host"], port=app["port"], dbname=app["dbname"], user=app["username"], password=app["password"]
    ) as connection:
        assert connection.execute("select current_user").fetchone() == (APP_ROLE,)


def test_address_is_copied_again_when_it_changes(other_database: OtherDatabase) -> None:
    """A database that has moved, or another certificate: fields that the owner's secret has no longer are removed."""
    invoke(other_database.environment, {"command": "up"})
    version = other_database.version()
    invoke(other_database.environment, {"command": "up"})
    assert other_database.version() == version
    del other_database.address["sslmode"]
    other_database.address["port"] = str(other_database.address["port"])
    other_database.store_owner_secret()
    invoke(other_database.environment, {"command": "up"})
    assert other_database.app_secret().keys() == {"engine", "host", "port", "dbname", "username", "password"}
    assert other_database.app_secret()["port"] == other_database.address["port"]


def test_backup_of_another_database_is_its_owners(other_database: OtherDatabase, directory: Path) -> None:
    """There is no cluster to ask, and a migration of a database with data isn't refused."""
    invoke(other_database.environment, {"command": "up"})
    (directory / "0003_names.up.sql").write_text("alter table boats add column name text;")
    (directory / "0003_names.down.sql").write_text("alter table boats drop column name;")
    assert invoke(other_database.environment, {"command": "up"}) == {"migrations": ["0003_names"]}


def test_commands_read_another_database_before_it_is_migrated(other_database: OtherDatabase) -> None:
    """By the address in the owner's secret, since the app's has none yet; they change neither."""
    before = other_database.version()
    assert invoke(other_database.environment, {"command": "status"}) == {
        "migrations": ["0001_boats pending", "0002_oars pending"]
    }
    assert other_database.version() == before
