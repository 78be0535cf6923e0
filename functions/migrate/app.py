"""Migrates the stage's database. The pipeline invokes it, `{"command": "up"}`, before it shifts traffic."""

from typing import Any

from pam.migrations.operate import Command, operate
from pam.platform.observability import observed


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """`{"migrations": [...]}`: what the command lists or did."""
    command = Command.model_validate(event)
    return operate(command)
