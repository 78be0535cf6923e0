"""The runner as the `migrate` function uses it: inside the VPC, with the owner's secret."""

import json
from pathlib import Path
from typing import Any, Literal

from psycopg.conninfo import make_conninfo
from pydantic import BaseModel, ConfigDict, Field

from pam.migrations.roles import set_app_password
from pam.migrations.runner import Runner
from pam.platform import aws
from pam.platform.settings import Settings, read_environment


class Command(BaseModel):
    """What the pipeline asks for. There is no `down` here: a stage goes forward (docs/operations.md)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: Literal["status", "plan", "up"]


class MigrateSettings(Settings):
    """The environment of the `migrate` function."""

    owner_secret: str = Field(alias="DATABASE_OWNER_SECRET")
    app_secret: str = Field(alias="DATABASE_SECRET")
    directory: Path = Field(alias="MIGRATIONS")


def operate(command: Command) -> dict[str, Any]:
    """Runs the command; `up` also gives the app's role the password of its secret.

    Raises `MigrationError` and psycopg's errors: the pipeline must stop on them.
    """
    settings = read_environment(MigrateSettings)
    owner, app = (_secret(name) for name in (settings.owner_secret, settings.app_secret))
    # The owner's secret is RDS's own and names no database: the app's secret says where things are.
    conninfo = make_conninfo(
        host=app["host"],
        port=app["port"],
        dbname=app["dbname"],
        user=owner["username"],
        password=owner["password"],
    )
    runner = Runner(conninfo, settings.directory)
    if command.command == "status":
        return {"migrations": [f"{migration} {'applied' if row else 'pending'}" for migration, row in runner.status()]}
    if command.command == "plan":
        return {"migrations": [f"{migration}\n{migration.up}" for migration in runner.plan()]}
    applied = runner.up()
    set_app_password(conninfo, app["password"])
    return {"migrations": [str(migration) for migration in applied]}


def _secret(name: str) -> dict[str, Any]:
    found = aws.client("secretsmanager").get_secret_value(SecretId=name)
    secret: dict[str, Any] = json.loads(found["SecretString"])
    return secret
