"""What the `migrate` function runs: inside the VPC, with the secret of the database's owner."""

import json
from pathlib import Path
from typing import Any, Literal

from psycopg.conninfo import make_conninfo
from pydantic import BaseModel, ConfigDict, Field

from pam.migrations.roles import set_app_password
from pam.migrations.runner import Runner
from pam.platform import aws
from pam.platform.metrics import Metric
from pam.platform.observability import measure
from pam.platform.postgres import tls_options
from pam.platform.settings import Settings, read_environment

# A function that Lambda stops leaves its connection open. Postgres itself must end what the function started (the
# function may run for 15 minutes), or the locks of an abandoned migration would block the tables of a stage in use.
_SERVER_TIMEOUTS = {
    "transaction_timeout": "14min",
    "idle_in_transaction_session_timeout": "1min",
    "idle_session_timeout": "1min",
}


class MigrationCommand(BaseModel):
    """An operator's command. There is no `down`: a stage only goes forward (docs/operations.md)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: Literal["status", "plan", "up"]


class MigrateSettings(Settings):
    """The environment of the `migrate` function."""

    owner_secret: str = Field(alias="DATABASE_OWNER_SECRET")
    app_secret: str = Field(alias="DATABASE_SECRET")
    directory: Path = Field(alias="MIGRATIONS")


def run_command(command: MigrationCommand) -> dict[str, Any]:
    """Return `{"migrations": [...]}`: what the command lists, or has applied.

    Raises `MigrationError` and psycopg's errors.
    """
    if command.command == "up":
        return {"migrations": migrate()}
    runner = Runner(_owner_conninfo(), _settings().directory)
    if command.command == "plan":
        return {"migrations": [f"{migration}\n{migration.up}" for migration in runner.plan()]}
    return {"migrations": [f"{migration} {'applied' if row else 'pending'}" for migration, row in runner.status()]}


def migrate() -> list[str]:
    """Apply what is missing and set the password of the app's role; return the names of what was applied."""
    owner = _owner_conninfo()
    applied = Runner(owner, _settings().directory).up()
    measure(Metric.MIGRATIONS_APPLIED, len(applied))
    set_app_password(owner, _read_secret(_settings().app_secret)["password"])
    return [str(migration) for migration in applied]


def _owner_conninfo() -> str:
    owner, app = _read_secret(_settings().owner_secret), _read_secret(_settings().app_secret)
    # RDS makes the owner's secret, without an address: that is in the app's secret.
    return make_conninfo(
        host=app["host"],
        port=app["port"],
        dbname=app["dbname"],
        user=owner["username"],
        password=owner["password"],
        **tls_options(app),
        options=" ".join(f"-c {name}={value}" for name, value in _SERVER_TIMEOUTS.items()),
    )


def _settings() -> MigrateSettings:
    return read_environment(MigrateSettings)


def _read_secret(name: str) -> dict[str, Any]:
    value = aws.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    secret: dict[str, Any] = json.loads(value)
    return secret
