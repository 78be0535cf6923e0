"""`python -m pam.migrations status|plan|up|down`: migrate the database that DATABASE_URL names."""

import argparse
import os
import sys
from pathlib import Path

import psycopg

from pam.migrations.files import MigrationError
from pam.migrations.runner import Runner


def main() -> int:
    """Run one command; return 0, or 1 where the runner or the database refused, or 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m pam.migrations", description=__doc__)
    parser.add_argument("--directory", type=Path, default=Path("migrations"), help="where the SQL files are")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("status", help="list the migrations and when each was applied")
    commands.add_parser("plan", help="print the SQL that `up` would run")
    up = commands.add_parser("up", help="apply what is missing")
    up.add_argument("--to", type=int, help="stop after this version")
    down = commands.add_parser("down", help="revert the newest migration, or all above a version")
    down.add_argument("--to", type=int, help="the version to go back to")
    arguments = parser.parse_args()
    if "DATABASE_URL" not in os.environ:
        parser.error("DATABASE_URL must name the database, as its owner")
    try:
        _run(Runner(os.environ["DATABASE_URL"], arguments.directory), arguments)
    except (MigrationError, psycopg.Error) as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1
    return 0


def _run(runner: Runner, arguments: argparse.Namespace) -> None:
    if arguments.command == "status":
        for migration, applied in runner.status():
            state = f"{applied.applied_at:%Y-%m-%d %H:%M:%S%z} by {applied.applied_by}" if applied else "pending"
            print(f"{migration}  {state}")
    elif arguments.command == "plan":
        for migration in runner.plan():
            print(f"-- {migration}\n{migration.up}")
    elif arguments.command == "up":
        for migration in runner.up(arguments.to):
            print(f"applied {migration}")
    else:
        newest = max((m.version for m, applied in runner.status() if applied), default=0)
        for migration in runner.down(newest - 1 if arguments.to is None else arguments.to):
            print(f"reverted {migration}")


if __name__ == "__main__":
    sys.exit(main())
