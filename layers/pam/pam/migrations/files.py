"""The migration files: `NNNN_name.up.sql` with its `NNNN_name.down.sql`."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

_FILE_NAME = re.compile(r"(?P<version>[0-9]{4})_(?P<name>[a-z0-9_]+)\.(?P<direction>up|down)\.sql")


class MigrationError(Exception):
    """The files are inconsistent, or contradict the ledger; nothing has been changed."""


class SchemaAheadError(MigrationError):
    """The database has all migrations of the files, and newer ones: an older release is being deployed."""


@dataclass(frozen=True)
class Migration:
    """One step of the schema, with the SQL of both directions."""

    version: int
    name: str
    up: str
    down: str

    @property
    def checksum(self) -> str:
        """The SHA-256 of the up file, in hex, as the ledger records it."""
        return hashlib.sha256(self.up.encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.version:04}_{self.name}"


def read_migrations(directory: Path) -> list[Migration]:
    """Return all migrations in order. Raises `MigrationError` for a gap, a missing direction or a malformed name."""
    found: dict[tuple[int, str], dict[str, str]] = {}
    for path in sorted(directory.glob("*.sql")):
        if path.name == "schema.sql":
            continue
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name} isn't named NNNN_name.up.sql or NNNN_name.down.sql.")
        found.setdefault((int(match["version"]), match["name"]), {})[match["direction"]] = path.read_text()
    migrations = []
    for expected, ((version, name), sql) in enumerate(sorted(found.items()), start=1):
        if version != expected:
            raise MigrationError(f"Expected migration {expected:04}, found {version:04}_{name}.")
        if len(sql) < 2:
            raise MigrationError(f"{version:04}_{name} lacks its {({'up', 'down'} - set(sql)).pop()} file.")
        migrations.append(Migration(version, name, sql["up"], sql["down"]))
    return migrations
