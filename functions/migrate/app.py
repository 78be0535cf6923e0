"""Migrate the stage's database: for CloudFormation during a deployment, or on an operator's command."""

from typing import Any

from pam.migrations import custom_resource
from pam.migrations.commands import MigrationCommand, migrate, run_command
from pam.platform.observability import instrument


@instrument
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Return what was reported to CloudFormation, or what the command lists or did."""
    if "RequestType" in event:
        return custom_resource.handle(event, migrate)
    return run_command(MigrationCommand.model_validate(event))
