"""`python -m pam.migrations COMMAND`: migrate the database that DATABASE_URL names, as its owner.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 drift found.
"""

import argparse
import os
import sys
from pathlib import Path

import psycopg

from pam.migrations.catalogue import read_catalogue
from pam.migrations.drift import compare, render
from pam.migrations.files import MigrationError
from pam.migrations.runner import Runner
from pam.migrations.scaffold import create_migration

REFUSED = 1
DRIFT_FOUND = 3


def main() -> int:
    """Run one command and return its exit code."""
    parser = _parser()
    arguments = parser.parse_args()
    try:
        if arguments.command == "new":
            print(*create_migration(arguments.directory, arguments.name), sep="\n")
            return 0
        if "DATABASE_URL" not in os.environ:
            parser.error("DATABASE_URL must name the database, as its owner")
        return _run(Runner(os.environ["DATABASE_URL"], arguments.directory), arguments)
    except (MigrationError, psycopg.Error) as error:
        print(f"refused: {error}", *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        return REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pam.migrations", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--directory", type=Path, default=Path("migrations"), help="where the SQL files are")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("status", help="list the migrations and when each was applied")
    commands.add_parser("plan", help="print the SQL that `up` would run, try it, and list the locks that it takes")
    up = commands.add_parser("up", help="apply what is missing")
    up.add_argument("--to", type=int, help="stop after this version")
    down = commands.add_parser("down", help="revert the newest migration, or all above a version")
    down.add_argument("--to", type=int, help="the version to go back to")
    down.add_argument("--lose-data", action="store_true", help="also where a file says that it loses data")
    drift = commands.add_parser("drift", help="list how the schema differs from that of the migrations")
    drift.add_argument("--against", metavar="URL", help="compare with this database instead")
    new = commands.add_parser("new", help="write the files of the next migration")
    new.add_argument("name")
    return parser


def _run(runner: Runner, arguments: argparse.Namespace) -> int:
    if arguments.command == "status":
        for migration, entry in runner.status():
            print(f"{migration}  {entry.summary if entry else 'pending'}")
    elif arguments.command == "plan":
        for planned in runner.dry_run():
            print(f"-- {planned.migration}\n{planned.migration.up}")
            print(*(f"--   {line}" for line in planned.lines()), "", sep="\n")
    elif arguments.command == "up":
        for migration in runner.up(arguments.to):
            print(f"applied {migration}")
    elif arguments.command == "down":
        for migration in runner.down(arguments.to, lose_data=arguments.lose_data):
            print(f"reverted {migration}")
    else:
        return _drift(runner, arguments.against)
    return 0


def _drift(runner: Runner, against: str | None) -> int:
    if against is None:
        differences = runner.drift()
    else:
        with psycopg.connect(against, autocommit=True) as other:
            differences = compare(read_catalogue(other), runner.read_catalogue())
    if differences:
        print(render(differences))
    print(f"{len(differences)} differences" if differences else "no drift", file=sys.stderr)
    return DRIFT_FOUND if differences else 0


if __name__ == "__main__":
    sys.exit(main())
