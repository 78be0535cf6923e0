"""The migration files: `NNNN_name.up.sql` with its `NNNN_name.down.sql`, and the directives at their head.

Directives are comments in the first lines of a file, before its first statement:

    -- no-transaction                           each statement runs by itself; an interrupted migration is resumed
    -- batches of 1000: turns by user_id, id    an update that runs in batches (pam.migrations.batches)
    -- loses-data: trip legs                    of a down file: what can't be restored once it has run
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from pam.migrations.excerpts import shorten
from pam.migrations.statements import split_statements

Direction = Literal["up", "down"]

SCHEMA_FILE = "schema.sql"
"""In the same directory: the SQL of the whole schema, which isn't a migration."""

_FILE_NAME = re.compile(r"(?P<version>[0-9]{4})_(?P<name>[a-z0-9_]+)\.(?P<direction>up|down)\.sql")
_HEAD = re.compile(r"(?:[ \t]*(?:--[^\n]*)?\n)*")
_NO_TRANSACTION = re.compile(r"^--[ \t]*no-transaction[ \t]*$", re.MULTILINE)
_BATCHES = re.compile(r"^--[ \t]*batches of ", re.MULTILINE)
_TRANSACTION_COMMAND = re.compile(
    r"(?:begin|start\s+transaction|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b", re.IGNORECASE
)
_LOSES_DATA = re.compile(r"^--[ \t]*loses-data:[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)


class MigrationError(Exception):
    """The files are inconsistent or contradict the ledger, or a step can't be done; the message says what to do."""


class SchemaAheadError(MigrationError):
    """The database has all migrations of the files, and newer ones: an older release is being deployed."""


class Script:
    """The SQL of one direction of a migration."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        head = _HEAD.match(sql if sql.endswith("\n") else f"{sql}\n")
        self.head = head.group() if head else ""

    @cached_property
    def statements(self) -> list[str]:
        """Its statements, without semicolons and without the comments between them."""
        return split_statements(self.sql)

    @property
    def is_transactional(self) -> bool:
        """Whether all of it is one transaction."""
        return _NO_TRANSACTION.search(self.head) is None and not self.has_batches

    def checksum_of_first(self, count: int) -> str:
        """Return the SHA-256 of the first statements, in hexadecimal."""
        return hashlib.sha256("\0".join(self.statements[:count]).encode()).hexdigest()

    @property
    def has_batches(self) -> bool:
        """Whether its head says that it runs in batches."""
        return _BATCHES.search(self.head) is not None

    @property
    def lost_data(self) -> str | None:
        """What `-- loses-data:` names, or None."""
        found = _LOSES_DATA.search(self.head)
        return found[1] if found else None


@dataclass(frozen=True)
class Migration:
    """One step of the schema, with the SQL of both directions."""

    version: int
    name: str
    up: str
    down: str

    def checksum(self, direction: Direction) -> str:
        """Return the SHA-256 of one of its files, in hex, as the ledger records it."""
        return hashlib.sha256(self.script(direction).sql.encode()).hexdigest()

    def script(self, direction: Direction) -> Script:
        return Script(self.up if direction == "up" else self.down)

    def check_transactions(self, direction: Direction) -> None:
        """Raise `MigrationError` for a statement that begins or ends a transaction: the runner does that itself."""
        for statement in self.script(direction).statements:
            if _TRANSACTION_COMMAND.match(statement):
                raise MigrationError(f"{self} has `{shorten(statement)}`: the runner begins and ends transactions.")

    def __str__(self) -> str:
        return f"{self.version:04}_{self.name}"


def read_migrations(directory: Path) -> list[Migration]:
    """Return all migrations in order. Raises `MigrationError` for a gap, a missing direction or a malformed name."""
    if not directory.is_dir():
        raise MigrationError(f"There is no directory {directory}.")
    found: dict[tuple[int, str], dict[str, str]] = {}
    for path in sorted(directory.glob("*.sql")):
        if path.name == SCHEMA_FILE:
            continue
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name} isn't named NNNN_name.up.sql or NNNN_name.down.sql.")
        found.setdefault((int(match["version"]), match["name"]), {})[match["direction"]] = path.read_text("utf-8")
    migrations = []
    for expected, ((version, name), sql) in enumerate(sorted(found.items()), start=1):
        if version != expected:
            raise MigrationError(
                f"Expected migration {expected:04}, found {version:04}_{name}: number migrations without a gap."
            )
        if len(sql) < 2:
            raise MigrationError(f"{version:04}_{name} lacks its {({'up', 'down'} - set(sql)).pop()} file.")
        migrations.append(Migration(version, name, sql["up"], sql["down"]))
    return migrations
