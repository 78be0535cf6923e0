"""What the `migrate` function runs: inside the VPC, with the secret of the database's owner."""

import json
from pathlib import Path
from typing import Any, Literal

from psycopg.conninfo import make_conninfo
from pydantic import BaseModel, ConfigDict, Field

from pam.migrations.drift import render
from pam.migrations.files import MigrationError, SchemaAheadError
from pam.migrations.ledger import AppliedMigration
from pam.migrations.roles import set_app_password
from pam.migrations.runner import Runner
from pam.migrations.safeguards import check_app_role, check_backup
from pam.migrations.waiting import RunnerBusyError, Timeouts
from pam.platform import aws
from pam.platform.clock import utc_now
from pam.platform.metrics import Metric
from pam.platform.observability import logger, measure
from pam.platform.postgres import tls_options
from pam.platform.settings import Settings, read_environment

# A function that Lambda stops leaves its connection open. Postgres itself must end what the function started (the
# function may run for 15 minutes), or the locks of an abandoned migration would block the tables of a stage in use.
_SERVER_TIMEOUTS = {
    "transaction_timeout": "14min",
    "idle_in_transaction_session_timeout": "1min",
    "idle_session_timeout": "1min",
}


_ADDRESS = ("host", "port", "dbname", "sslmode", "sslrootcert")
"""Fields of a secret that say where Postgres is, and how its certificate is checked."""


class MigrationCommand(BaseModel):
    """An operator's command. There is no `down`: a stage only goes forward (docs/operations.md)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: Literal["status", "plan", "up", "drift"]


class MigrateSettings(Settings):
    """The environment of the `migrate` function."""

    cluster: str = Field(alias="DATABASE_CLUSTER")
    """Empty for a Postgres that isn't of the template: its address is in the owner's secret."""
    owner_secret: str = Field(alias="DATABASE_OWNER_SECRET")
    app_secret: str = Field(alias="DATABASE_SECRET")
    directory: Path = Field(alias="MIGRATIONS")


def run_command(command: MigrationCommand) -> dict[str, Any]:
    """Return `{"migrations": [...]}`: what the command lists, or has applied; `plan` adds `locks`, by migration.

    `drift` returns `{"drift": [...]}`, a report in lines. Raises `MigrationError` and psycopg's errors.
    """
    if command.command == "up":
        return {"migrations": migrate()}
    runner = _runner()
    if command.command == "drift":
        return {"drift": check_drift(runner)}
    if command.command == "plan":
        planned = runner.dry_run()
        return {
            "migrations": [f"{each.migration}\n{each.migration.up}" for each in planned],
            "locks": {str(each.migration): each.lines() for each in planned},
        }
    return {"migrations": [f"{migration} {_state(row)}" for migration, row in runner.status()]}


def migrate() -> list[str]:
    """Try what is missing, check the backup, apply it, set the password of the app's role, and read as that role.

    Returns the names of what was applied.
    """
    if not _settings().cluster:
        copy_address()
    runner = _runner()
    planned = runner.dry_run()
    for each in planned:
        logger.info("migration planned", migration=str(each.migration), report=each.lines())
    # An empty database has nothing to restore.
    if _settings().cluster and planned and planned[0].migration.version > 1:
        latest = check_backup(aws.client("rds"), _settings().cluster, utc_now())
        logger.info("backup checked", restorable_to=latest.isoformat())
    applied = runner.up()
    measure(Metric.MIGRATIONS_APPLIED, len(applied))
    app = _read_secret(_settings().app_secret)
    set_app_password(_owner_conninfo(), app["password"])
    tables = check_app_role(_conninfo(app, app["username"], app["password"]))
    logger.info("migrated", applied=[str(migration) for migration in applied], readable_tables=tables)
    return [str(migration) for migration in applied]


def copy_address() -> None:
    """Copy the address of another Postgres from its owner's secret into that of the app's role, where it differs.

    RDS does so for its own databases. `engine` is for the function that rotates the password.
    """
    owner, app = _read_secret(_settings().owner_secret), _read_secret(_settings().app_secret)
    address = {"engine": "postgres"} | {name: owner[name] for name in _ADDRESS if name in owner}
    if {name: value for name, value in app.items() if name in {"engine", *_ADDRESS}} != address:
        login = {name: value for name, value in app.items() if name not in _ADDRESS}
        aws.client("secretsmanager").put_secret_value(
            SecretId=_settings().app_secret, SecretString=json.dumps(login | address)
        )
        logger.info("address of the database copied", host=owner["host"])


def check_drift(runner: Runner) -> list[str]:
    """Record how many differences the schema has from that of the migrations; return a report in lines.

    While an older release is deployed there is nothing to compare with: the metric stays as it is. A migration that is
    missing or was interrupted is a difference.
    """
    try:
        differences = runner.drift()
    except SchemaAheadError as ahead:
        logger.warning("drift not checked", reason=str(ahead))
        return []
    except RunnerBusyError:
        raise  # a migration is being applied
    except MigrationError as other:
        measure(Metric.SCHEMA_DRIFT, 1)
        logger.warning("schema drift", report=[str(other)])
        return [str(other)]
    measure(Metric.SCHEMA_DRIFT, len(differences))
    report = render(differences).splitlines()
    if report:
        logger.warning("schema drift", report=report)
    return report


def _state(entry: AppliedMigration | None) -> str:
    if entry is None:
        return "pending"
    return entry.summary if entry.is_running else "applied"


def _runner() -> Runner:
    # Lambda stops the function after 15 minutes, and Postgres what it left running.
    return Runner(_owner_conninfo(), _settings().directory, Timeouts(concurrent_s=840))


def _owner_conninfo() -> str:
    owner, app = _read_secret(_settings().owner_secret), _read_secret(_settings().app_secret)
    # RDS makes the owner's secret of a cluster without an address: that is in the app's secret.
    return _conninfo(app if _settings().cluster else owner, owner["username"], owner["password"])


def _conninfo(address: dict[str, Any], username: str, password: str) -> str:
    return make_conninfo(
        host=address["host"],
        port=address["port"],
        dbname=address["dbname"],
        user=username,
        password=password,
        **tls_options(address),
        options=" ".join(f"-c {name}={value}" for name, value in _SERVER_TIMEOUTS.items()),
    )


def _settings() -> MigrateSettings:
    return read_environment(MigrateSettings)


def _read_secret(name: str) -> dict[str, Any]:
    value = aws.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    secret: dict[str, Any] = json.loads(value)
    return secret
