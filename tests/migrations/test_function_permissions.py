"""The AWS calls of the `migrate` function are those that its role allows, for the template's cluster and without it.

The local stack doesn't start this function, so `tests/functional/test_permissions.py` has only the others.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from local.stack import LocalStack
from tests.functional.expansion import FOREIGN_SECRET, expand
from tests.functional.test_permissions import Recorder, permissions_of_function, recorder
from tests.migrations.test_function import OtherDatabase, empty_database, environment, invoke

__all__ = ["empty_database", "environment", "recorder"]


@pytest.mark.parametrize(
    ("parameters", "owner_secret"),
    [({}, "Database"), ({"DatabaseSecretArn": FOREIGN_SECRET}, FOREIGN_SECRET)],
    ids=["cluster", "other"],
)
def test_every_call_of_the_migration_is_allowed_and_every_permission_used(
    stack: LocalStack,
    recorder: Recorder,
    environment: dict[str, str],
    directory: Path,
    parameters: dict[str, Any],
    owner_secret: str,
) -> None:
    """A first deployment and one with another migration, each command, and the request of CloudFormation."""
    if parameters:
        environment = OtherDatabase(environment).environment
    recorder.stack = stack
    variables = environment | {"AWS_ENDPOINT_URL": recorder.url, "AWS_ACCESS_KEY_ID": "MigrateFunction"}
    recorder.used.clear()
    invoke(variables, {"command": "up"})
    (directory / "0003_names.up.sql").write_text("alter table boats add column name text;")
    (directory / "0003_names.down.sql").write_text("alter table boats drop column name;")
    for command in ("plan", "status", "up", "drift"):
        invoke(variables, {"command": command})
    names = {
        environment["DATABASE_SECRET"]: "DatabaseAppSecret",
        environment["DATABASE_OWNER_SECRET"]: owner_secret,
        environment["DATABASE_CLUSTER"]: "Database",
    }
    called = {(action, names[resource]) for action, resource in recorder.used["MigrateFunction"]}
    assert called == permissions_of_function(expand(**parameters), "MigrateFunction"), json.dumps(sorted(called))
