"""`python -m local.migration_rules`: check new migrations with squawk, and by the rules of this project.

Migrations up to `LAST_UNCHECKED` were applied before there were rules, and can't be changed. Exit code 1 for a fault.
A rule of squawk is switched off for a statement by `-- squawk-ignore <rule>` before it, with the reason.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pglast import ast, parse_sql
from pglast.enums import AlterTableType, ObjectType
from pglast.parser import ParseError

from pam.migrations.excerpts import shorten
from pam.migrations.files import Migration, Script, read_migrations

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"

LAST_UNCHECKED = 30

_OMITTED_RULES = (
    "require-lock-timeout",  # the runner sets both timeouts
    "require-statement-timeout",
    "prefer-robust-stmts",  # a migration is one transaction; for others there is a rule below
    "prefer-bigint-over-int",  # numbers of legs, ratings and days have bounds
    "prefer-bigint-over-smallint",
    "ban-drop-table",  # contractions: docs/migrations.md has when they are safe
    "ban-drop-column",
)

EXTENSIONS = {"vector"}

WITHOUT_POLICY: dict[str, str] = {}
"""New tables that need no row security, with the reason: also the tables that all users share have had policies."""

# What can run a second time after it was interrupted.
_REPEATABLE = re.compile(
    r"\bif\s+(not\s+)?exists\b|\bvalidate\s+constraint\b|^\s*(analyze|vacuum|reindex|refresh|update|delete)\b"
    r"|^\s*insert\b.*\bon\s+conflict\b",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, order=True)
class RuleViolation:
    """What is wrong in a file, in a sentence."""

    file: str
    message: str


def check_migration(migration: Migration) -> list[RuleViolation]:
    """Return what breaks a rule of this project."""
    found: list[RuleViolation] = []
    for direction, rules in (("up", _up_faults), ("down", _down_faults)):
        script = migration.script("up" if direction == "up" else "down")
        try:
            nodes = [each.stmt for each in parse_sql(script.sql)]
        except ParseError as error:
            messages = [f"Postgres can't parse it: {error.args[0]}."]
        else:
            messages = [*_script_faults(script, nodes), *rules(script, nodes)]
        found += (RuleViolation(f"{migration}.{direction}.sql", message) for message in messages)
    return found


def _script_faults(script: Script, nodes: list[Any]) -> Iterator[str]:
    if not nodes:
        yield "It has no statement."
    if any(isinstance(node, ast.TransactionStmt) for node in nodes):
        yield "It begins or ends a transaction, which the runner does."
    for node in nodes:
        if isinstance(node, ast.CreateExtensionStmt) and node.extname not in EXTENSIONS:
            yield f"It needs the extension {node.extname}; those that may be used are: {', '.join(EXTENSIONS)}."
    if script.is_transactional and any(getattr(node, "concurrent", False) for node in nodes):
        yield "`concurrently` works in no transaction: put it into a file of its own, marked `-- no-transaction`."
    if not script.is_transactional:
        for statement in script.statements:
            if not _REPEATABLE.search(statement):
                yield f"It can't run again after it was interrupted (`if not exists`): {shorten(statement)}"


def _up_faults(_: Script, nodes: list[Any]) -> Iterator[str]:
    policies = {node.table.relname for node in _of_type(nodes, ast.CreatePolicyStmt)}
    for table in (node.relation.relname for node in _of_type(nodes, ast.CreateStmt)):
        if table in WITHOUT_POLICY:
            continue
        subtypes = {subtype for altered, subtype, _ in _alterations(nodes) if altered == table}
        if {AlterTableType.AT_EnableRowSecurity, AlterTableType.AT_ForceRowSecurity} - subtypes:
            yield f"It neither enables nor forces row security for {table}, or one of both, by a statement of its own."
        if table not in policies:
            yield f"It creates no policy for {table}, by a statement of its own."


def _down_faults(script: Script, nodes: list[Any]) -> Iterator[str]:
    lost = sorted(set(_losses(nodes)))
    if lost and script.lost_data is None:
        yield f"It loses data ({', '.join(lost)}): name it at the head, as in `-- loses-data: the legs of trips`."
    if script.lost_data is not None and not lost:
        yield "It is marked as losing data, and drops, deletes and converts nothing."


def _losses(nodes: list[Any]) -> Iterator[str]:
    for drop in _of_type(nodes, ast.DropStmt):
        if drop.removeType == ObjectType.OBJECT_TABLE:
            yield from (f"table {names[-1].sval}" for names in drop.objects)
    for truncate in _of_type(nodes, ast.TruncateStmt):
        yield from (f"rows of {relation.relname}" for relation in truncate.relations)
    for delete in _of_type(nodes, ast.DeleteStmt):
        yield f"rows of {delete.relation.relname}"
    for table, subtype, name in _alterations(nodes):
        if subtype == AlterTableType.AT_DropColumn:
            yield f"column {table}.{name}"
        elif subtype == AlterTableType.AT_AlterColumnType:
            yield f"values of {table}.{name} that don't fit the type"


def _alterations(nodes: list[Any]) -> Iterator[tuple[str, AlterTableType, str | None]]:
    for node in _of_type(nodes, ast.AlterTableStmt):
        for command in node.cmds:
            yield node.relation.relname, command.subtype, command.name


def _of_type(nodes: list[Any], kind: type) -> Iterator[Any]:
    return (node for node in nodes if isinstance(node, kind))


def run_squawk(directory: Path, migration: Migration) -> list[RuleViolation]:
    """Return what squawk finds in the up file: statements that lock tables for long, or break the old code."""
    path = directory / f"{migration}.up.sql"
    command = [str(Path(sys.executable).parent / "squawk"), "--reporter", "json", "--pg-version", "18"]
    command += [f"--exclude={','.join(_OMITTED_RULES)}"]
    if migration.script("up").is_transactional:
        command.append("--assume-in-transaction")
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"squawk failed: {done.stderr}")
    return [
        RuleViolation(path.name, f"line {each['line'] + 1}: {each['message']} ({each['rule_name']})")
        for each in json.loads(done.stdout or "[]")
    ]


def check(directory: Path, after: int = LAST_UNCHECKED) -> list[RuleViolation]:
    """Return the violations in all migrations after a version. Raises `MigrationError` for inconsistent files."""
    return sorted(
        violation
        for migration in read_migrations(directory)[after:]
        for violation in [*check_migration(migration), *run_squawk(directory, migration)]
    )


def main() -> int:
    """Print the violations; return 1 if there are any."""
    violations = check(MIGRATIONS)
    for violation in violations:
        print(f"{violation.file}: {violation.message}", file=sys.stderr)
    return int(bool(violations))


if __name__ == "__main__":
    sys.exit(main())
