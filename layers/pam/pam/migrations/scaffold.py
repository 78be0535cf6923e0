"""The files of a new migration, to be filled in."""

import re
from pathlib import Path

from pam.migrations.files import MigrationError, read_migrations

_UP = """\
-- What changes, and why. While it is deployed the old code uses the new schema: docs/migrations.md has the steps.
"""

_DOWN = """\
-- Reverts the up file. If that loses what was written meanwhile, name it:
-- loses-data:
"""

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def create_migration(directory: Path, name: str) -> tuple[Path, Path]:
    """Write the next pair of files and return their paths. Raises `MigrationError` for a malformed name."""
    if not _NAME.fullmatch(name):
        raise MigrationError(f"{name!r} is no name: use lower-case letters, digits and underscores, as in trip_legs.")
    version = len(read_migrations(directory)) + 1
    up, down = (directory / f"{version:04}_{name}.{direction}.sql" for direction in ("up", "down"))
    up.write_text(_UP, "utf-8")
    down.write_text(_DOWN, "utf-8")
    return up, down
