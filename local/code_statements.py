"""`python -m local.code_statements`: the SQL of the package, and that of the releases before the last migrations.

tests/migrations/statements has a file for each of the two versions of the schema before the last one: the SQL of the
last commit on main's line that had that version. It lets a checkout without history test old code on a new schema. Run
it, with the history at hand, when a migration is added: `make schema` does.
"""

import ast
import importlib
import io
import json
import os
import pkgutil
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pam
from pam.migrations.files import MigrationError, read_migrations

CHECKOUT = Path(__file__).resolve().parent.parent
RECORDED = CHECKOUT / "tests" / "migrations" / "statements"
VERSIONS_BEFORE = 2

_STATEMENT = re.compile(r"\s*(with|select|insert into|update|delete from)\s", re.IGNORECASE)

_TEMPLATE_TABLES = ("expenses", "savings")
"""What `{table}` stands for in a statement that several tables share."""


def statements() -> Iterator[str]:
    """Yield the SQL of all modules: their constants, as they are when imported, and literals within functions."""
    for module in pkgutil.walk_packages(pam.__path__, "pam."):
        if module.name.startswith("pam.migrations") or module.name.endswith("__main__"):
            continue
        imported = importlib.import_module(module.name)
        assert imported.__file__ is not None
        values = [value for value in vars(imported).values() if isinstance(value, str)]
        values += _literals(ast.parse(Path(imported.__file__).read_text()))
        for sql in filter(_STATEMENT.match, values):
            for table in _TEMPLATE_TABLES if "{table}" in sql else ("",):
                yield re.sub(r"\{\w+\}", "", sql.replace("{table}", table).replace("{time}", "created_at"))


def _literals(tree: ast.AST) -> Iterator[str]:
    """Yield the string literals, without the parts of those that are composed: the module has these as constants."""
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        yield tree.value
    if not isinstance(tree, ast.JoinedStr):
        for child in ast.iter_child_nodes(tree):
            yield from _literals(child)


def recorded(version: int) -> list[str]:
    """Return the SQL of the release with this version of the schema. Raises `MigrationError` if there is no file."""
    path = RECORDED / f"{version:04}.json"
    if not path.is_file():
        raise MigrationError(f"{path} is missing: `make schema` writes it.")
    found: list[str] = json.loads(path.read_text("utf-8"))
    return found


def _record(version: int) -> None:
    """Write the SQL of the last commit before the next version came."""
    added = _git(
        "log", "--first-parent", "--diff-filter=A", "--format=%H", "--", f"migrations/{version + 1:04}_*.up.sql"
    )
    before = f"{added.decode().split()[0]}^" if added else "HEAD"
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(_git("archive", before, "layers/pam"))) as archive:
            archive.extractall(folder, filter="data")
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([f"{folder}/layers/pam", str(CHECKOUT)])}
        command = [
            sys.executable,
            "-c",
            "import json, local.code_statements as code; print(json.dumps([*code.statements()]))",
        ]
        done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=True)
    sql = sorted(set(json.loads(done.stdout)))
    RECORDED.mkdir(exist_ok=True)
    (RECORDED / f"{version:04}.json").write_text(json.dumps(sql, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=CHECKOUT, capture_output=True, check=True).stdout  # noqa: S607


def main() -> int:
    """Record the versions that have no file yet, and remove those that are too old; return 0."""
    last = len(read_migrations(CHECKOUT / "migrations"))
    wanted = {f"{version:04}.json": version for version in range(last - VERSIONS_BEFORE, last)}
    for name, version in wanted.items():
        if not (RECORDED / name).is_file():
            _record(version)
    for path in RECORDED.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
