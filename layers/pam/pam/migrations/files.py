"""The migration files: `NNNN_name.up.sql` with its `NNNN_name.down.sql`."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

_NAME = re.compile(r"(?P<version>[0-9]{4})_(?P<name>[a-z0-9_]+)\.(?P<direction>up|down)\.sql")


class MigrationError(Exception):
    """The files, or the files and the ledger, contradict each other; nothing has been changed."""


@dataclass(frozen=True)
class Migration:
    """One step of the schema. `checksum` is the SHA-256 of the up file, in hex."""

    version: int
    name: str
    up: str
    down: str

    @property
    def checksum(self) -> str:
        """What the ledger remembers of the up file."""
        return hashlib.sha256(self.up.encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.version:04}_{self.name}"


def read_migrations(directory: Path) -> list[Migration]:
    """All migrations in order. Raises `MigrationError` for a gap, a missing half or a stray name."""
    halves: dict[tuple[int, str], dict[str, str]] = {}
    for path in sorted(directory.glob("*.sql")):
        if path.name == "schema.sql":
            continue
        named = _NAME.fullmatch(path.name)
        if named is None:
            raise MigrationError(f"{path.name} isn't named NNNN_name.up.sql or NNNN_name.down.sql.")
        halves.setdefault((int(named["version"]), named["name"]), {})[named["direction"]] = path.read_text()
    migrations = []
    for place, ((version, name), sql) in enumerate(sorted(halves.items()), start=1):
        if version != place:
            raise MigrationError(f"Expected migration {place:04}, found {version:04}_{name}.")
        if len(sql) < 2:
            raise MigrationError(f"{version:04}_{name} lacks its {({'up', 'down'} - set(sql)).pop()} file.")
        migrations.append(Migration(version, name, sql["up"], sql["down"]))
    return migrations
